/*
 * Many objects can be inexact for one reason, so the log gets the first of them and a number.
 */
#include "objects/exactness.h"

#include <string.h>

#include "log.h"
#include "objects/object.h"
#include "objects/registry.h"

#define NAMED_MAX 20

/* What is wrong with an object that is looked at for it; NULL when nothing is. */
typedef const char *fault_fn(const struct registry *registry, const struct object *object);

/* Name the first of those with a fault, by WARN, and say how many more there are in the words of
 * REST. */
static void name_faulty(const struct registry *registry, fault_fn *fault_of,
			void (*warn)(const struct object *object, const char *fault),
			const char *rest)
{
	const struct object *object;
	unsigned n = 0;

	for (object = registry->by_name; object; object = object->by_name.next) {
		const char *fault = fault_of(registry, object);

		if (fault && n++ < NAMED_MAX)
			warn(object, fault);
	}
	if (n > NAMED_MAX)
		log_warning("and %u more %s", n - NAMED_MAX, rest);
}

static const char *fault_of_segment(const struct registry *registry, const struct object *object)
{
	const struct permission *permission = &object->permission;
	bool is_private =
		registry->policy &&
		policy_is_private_group(registry->policy, permission->gid, permission->uid);

	if (object_backing(object) != WIRE_BACKING_SYSV)
		return NULL;
	return access_sysv_excess(permission, &object->grant, is_private, &registry->broker);
}

static void warn_of_segment(const struct object *object, const char *excess)
{
	log_warning("\"%s\": System V segment %d, which the kernel lets group %u attach with mode "
		    "0%o, grants more than its permission, 0%o: %s; replace it (shmctl replace %s "
		    "--backing memfd)",
		    object->name, object->segment.sysv.id, object->grant.gid,
		    0600u | object->grant.mode, object->permission.mode, excess, object->name);
}

static const char *fault_of_fifo(const struct registry *registry, const struct object *object)
{
	if (object->kind != WIRE_KIND_FIFO)
		return NULL;
	return access_fifo_fault(&object->permission, &registry->broker);
}

static void warn_of_fifo(const struct object *object, const char *fault)
{
	log_warning("\"%s\": its FIFO grants something else than its permission: %s; give every "
		    "group at least what the others have (shmctl chmod)",
		    object->name, fault);
}

/* Telling is what finds the fault here. */
static const char *tell_fifo(const struct registry *registry, const struct object *object)
{
	int r = object->kind == WIRE_KIND_FIFO
			? fifo_permit(&object->fifo, &object->permission, &registry->broker)
			: 0;

	return r < 0 ? strerror(-r) : NULL;
}

static void warn_of_untold(const struct object *object, const char *fault)
{
	log_warning("\"%s\": the ACL of its FIFO cannot be set (%s); what it was stays",
		    object->name, fault);
}

void exactness_tell_fifos(const struct registry *registry)
{
	name_faulty(registry, tell_fifo, warn_of_untold, "FIFOs whose ACL cannot be set");
}

void exactness_check(const struct registry *registry)
{
	name_faulty(registry, fault_of_segment, warn_of_segment,
		    "System V segments grant more than their permission");
	name_faulty(registry, fault_of_fifo, warn_of_fifo,
		    "FIFOs grant something else than their permission");
}
