/*
 * What clients map beside their objects: the roster, and doorbells.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "objects/doorbell.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "server/handlers.h"
#include "server/keeping.h"
#include "server/peer.h"
#include "server/postponed.h"
#include "server/server.h"

int handle_roster(struct call *call)
{
	const struct registry *registry = call->server->registry;
	int r = postponed_await_room(call, "the roster", call->request->roster_request.wait_ms);

	if (r != 0)
		return r;
	if (registry->roster_fd < 0)
		return call_refuse(call, -ENOTSUP, "this broker has no roster that can be shared");
	if (member_let_lock(call->peer->member) < 0)
		return keeping_refuse_lock(call);
	call->fd = registry->roster_fd;
	call->answer->roster_reply.size = roster_size(registry->roster.n_slots);
	return WIRE_OUTCOME_DONE;
}

static int check_segment(struct call *call, const struct object *object)
{
	if (object->kind != WIRE_KIND_SEGMENT)
		return call_refuse(call, -EMEDIUMTYPE,
				   "\"%s\" is a FIFO: only segments have a doorbell", object->name);
	if (object->state == WIRE_STATE_REMOVED)
		return call_refuse(call, -EIDRM, "\"%s\" has been removed; open it again",
				   object->name);
	return 0;
}

int handle_doorbell(struct call *call)
{
	const struct wire_doorbell_request *request = &call->request->doorbell_request;
	const struct hold *hold =
		hold_find(call->server->registry, call->peer->member, request->hold);
	struct object *object = hold ? hold->object : NULL;
	int r;

	if (!object)
		return call_refuse(call, -ENOENT, "this client has no hold %" PRIu64,
				   request->hold);
	call->subject = object->name;
	r = check_segment(call, object);
	if (r == 0)
		r = postponed_await_room(call, object->name, request->wait_ms);
	if (r != 0)
		return r;
	r = doorbell_descriptor(object, &call->fd);
	if (keeping_failed(r))
		return keeping_refuse(call, object->name, r, request->wait_ms);
	if (r < 0)
		return call_refuse(call, r, "\"%s\" can have no doorbell: %s", object->name,
				   strerror(-r));
	call->answer->doorbell_reply.size = doorbell_size();
	return WIRE_OUTCOME_DONE;
}
