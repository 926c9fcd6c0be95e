/*
 * As with check.h, only what cannot be said in the protocol is refused here.
 */
#include "core/opening.h"

#include <errno.h>
#include <string.h>

#include "core/acl.h"
#include "core/call.h"
#include "core/check.h"
#include "core/connection.h"
#include "core/error.h"
#include "wire/vocabulary.h"

#define FLAGS_KNOWN                                                                                \
	(SHMB_CREATE | SHMB_EXCLUSIVE | SHMB_KEY | SHMB_READ | SHMB_GROUP | SHMB_INHERIT |         \
	 SHMB_HUGE)

/* The broker's own refusal says more than ours: it gets so much more time. */
#define LATER_MS 250u

static int check(const struct opening *opening)
{
	const char *fault = opening->layout ? wire_layout_fault(opening->layout) : NULL;
	int r = check_name(opening->name);

	if (r < 0)
		return r;
	if (fault)
		return error_set(-EINVAL, "the layout tag of \"%s\" %s", opening->name, fault);
	if (opening->flags & ~(unsigned)FLAGS_KNOWN)
		return error_set(-EINVAL, "the flags 0x%x for \"%s\" have bits that mean nothing",
				 opening->flags, opening->name);
	if ((unsigned)opening->backing > SHMB_BACKING_MEMFD)
		return error_set(-EINVAL, "\"%s\" cannot be asked for with backing %u",
				 opening->name, (unsigned)opening->backing);
	if ((unsigned)opening->lifetime > SHMB_LIFETIME_OWNER)
		return error_set(-EINVAL, "\"%s\" cannot be asked for with lifetime %u",
				 opening->name, (unsigned)opening->lifetime);
	if (opening->mode & ~(SHMB_MODE_NONE | 0777u))
		return error_set(-EINVAL, "the mode 0%o of \"%s\" has bits that are no permissions",
				 opening->mode, opening->name);
	return 0;
}

int opening_prepare(struct shmb_connection *connection, const struct opening *opening,
		    struct shmb_request **ret_request, uint64_t *ret_timeout_ms)
{
	uint32_t wait_ms = opening->timeout_ms;
	struct wire_open_request message = {
		.flags = opening->flags & WIRE_OPEN_KNOWN,
		.kind = opening->kind,
		.access = opening->access,
		.backing = (uint8_t)opening->backing,
		.lifetime = (uint8_t)opening->lifetime,
		.linger_ms = opening->linger_ms,
		.mode = opening->mode & 0777u,
		.gid = opening->gid,
		.size = opening->size,
	};
	int r = check(opening);

	if (r == 0)
		r = acl_to_wire(opening->name, opening->acl, opening->acl_n, &message.acl);
	if (r < 0)
		return r;
	if (wait_ms == SHMB_TIMEOUT_DEFAULT)
		wait_ms = connection->timeout_ms;
	if (wait_ms > SHMB_TIMEOUT_MAX)
		wait_ms = SHMB_TIMEOUT_MAX;
	message.wait_ms = wait_ms;
	if (opening->mode == 0)
		message.mode = WIRE_MODE_DEFAULT;
	strcpy(message.name, opening->name);
	if (opening->layout)
		strcpy(message.layout, opening->layout);
	r = request_new(connection, WIRE_OPEN, &message, ret_request);
	if (r < 0)
		return r;
	(*ret_request)->inherits = opening->flags & SHMB_INHERIT;
	(*ret_request)->is_huge = opening->flags & SHMB_HUGE;
	*ret_timeout_ms = (uint64_t)wait_ms + LATER_MS;
	return 0;
}

int opening_take(struct shmb_request *request, uint8_t kind)
{
	const struct wire_open_request *message = request->message;

	if (request->operation->opcode == WIRE_OPEN && message->kind != kind)
		return error_set(-EINVAL, "a request to open a %s cannot be finished as a %s",
				 wire_kind_text(message->kind), wire_kind_text(kind));
	return call_take(request, WIRE_OPEN);
}
