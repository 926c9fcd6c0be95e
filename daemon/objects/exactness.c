/*
 * Many objects can be inexact for one reason, so the log gets the first of them and a number.
 */
#include "objects/exactness.h"

#include <string.h>

#include "log.h"
#include "objects/object.h"
#include "objects/registry.h"

#define NAMED_MAX 20

static const char *excess_of(const struct registry *registry, const struct object *object)
{
	const struct permission *permission = &object->permission;
	bool is_private =
		registry->policy &&
		policy_is_private_group(registry->policy, permission->gid, permission->uid);

	return access_sysv_excess(permission, &object->grant, is_private, &registry->broker);
}

static void warn(const struct object *object, const char *excess)
{
	log_warning("\"%s\": System V segment %d, which the kernel lets group %u attach with mode "
		    "0%o, grants more than its permission, 0%o: %s; replace it (shmctl replace %s "
		    "--backing memfd)",
		    object->name, object->segment.sysv.id, object->grant.gid,
		    0600u | object->grant.mode, object->permission.mode, excess, object->name);
}

static void tell_anew(const struct registry *registry, const struct object *object)
{
	const char *fault = access_fifo_fault(&object->permission, &registry->broker);
	int r = fifo_permit(&object->fifo, &object->permission, &registry->broker);

	if (fault)
		log_warning("\"%s\": its FIFO grants something else than its permission: %s; "
			    "give every group at least what the others have (shmctl chmod)",
			    object->name, fault);
	else if (r < 0)
		log_error("\"%s\": the ACL of its FIFO cannot be set (%s); what it was stays",
			  object->name, strerror(-r));
}

void exactness_check(const struct registry *registry)
{
	const struct object *object;
	unsigned n = 0;

	for (object = registry->by_name; object; object = object->by_name.next) {
		const char *excess = NULL;

		if (object->kind == WIRE_KIND_FIFO)
			tell_anew(registry, object);
		else if (object_backing(object) == WIRE_BACKING_SYSV)
			excess = excess_of(registry, object);
		if (excess && n++ < NAMED_MAX)
			warn(object, excess);
	}
	if (n > NAMED_MAX)
		log_warning("and %u more System V segments grant more than their permission",
			    n - NAMED_MAX);
}
