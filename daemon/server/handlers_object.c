/*
 * What is done to objects beside opening them: ready, release, remove, replace.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/text.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "server/creating.h"
#include "server/handlers.h"
#include "server/keeping.h"
#include "server/managing.h"
#include "server/peer.h"
#include "server/server.h"

int handle_ready(struct call *call)
{
	const struct wire_ready_request *request = &call->request->ready_request;
	struct hold *hold = hold_find(call->server->registry, call->peer->member, request->hold);
	struct object *object;
	int r;

	if (!hold)
		return call_refuse(call, -ESTALE,
				   "hold %" PRIu64 " is not in the ledger (any more): what "
				   "it held has been released or removed",
				   request->hold);
	object = hold->object;
	if (object->state == WIRE_STATE_REMOVED)
		return call_refuse(call, -EIDRM,
				   "\"%s\" was removed before it was ready; open it again",
				   object->name);
	if (object->generation != request->generation || hold->generation != request->generation)
		return call_refuse(call, -ESTALE,
				   "\"%s\" is in generation %" PRIu64 " now, and another "
				   "process initialises that; open it again",
				   object->name, object->generation);
	if (object->initialiser == hold) {
		r = object_ready(object);
		if (r < 0)
			return keeping_refuse(call, object->name, r, 0);
		return WIRE_OUTCOME_DONE;
	}
	/* Said twice: the answer was lost with a connection, or with a broker. */
	if (object->state == WIRE_STATE_READY && hold->initialised)
		return WIRE_OUTCOME_DONE;
	return call_refuse(call, -EPERM,
			   "\"%s\" is not yours to declare ready: you were not the one to "
			   "initialise it",
			   object->name);
}

int handle_release(struct call *call)
{
	struct hold *hold = hold_find(call->server->registry, call->peer->member,
				      call->request->release_request.hold);

	if (hold)
		hold_end(hold);
	return WIRE_OUTCOME_DONE;
}

int handle_remove(struct call *call)
{
	struct object *object;
	int r = managing_find(call, call->request->remove_request.name, "removed", &object);

	if (r < 0)
		return r;
	call->answer->remove_reply.object = object->id;
	call->answer->remove_reply.holders = object->n_holds;
	object_remove(object, WIRE_ENDING_REMOVED);
	return WIRE_OUTCOME_DONE;
}

/* The object of before, once more; with a key where it was to have one, unless a memfd is asked
 * for. */
static struct creation creation_like(const struct object *object,
				     const struct wire_replace_request *request,
				     const struct credentials *owner)
{
	bool is_segment = object->kind == WIRE_KIND_SEGMENT;

	return (struct creation){
		.plan = {.name = object->name,
			 .layout = object->layout,
			 .kind = object->kind,
			 .lifetime = object->lifetime,
			 .linger_ms = object->linger_ms,
			 .size = is_segment && request->size ? request->size : object->size,
			 .generation = object->generation + 1,
			 .permission = object->permission,
			 .replaced = object},
		.wanted = request->backing,
		.wants_key =
			is_segment && object->wants_key && request->backing != WIRE_BACKING_MEMFD,
		.was_sysv = object_backing(object) == WIRE_BACKING_SYSV,
		.owner = owner,
		.creator = object->owner,
	};
}

static int check_replacement(struct call *call, const struct wire_replace_request *request,
			     const struct object *object)
{
	if (object->kind == WIRE_KIND_FIFO && (request->size || request->backing))
		return call_refuse(call, -EINVAL,
				   "\"%s\" is a FIFO, which has neither a size nor a choice of "
				   "backings; ask with 0 for both",
				   object->name);
	if (creating_check_policy(call, object->name) < 0)
		return -EACCES;
	return creating_check(call, object->name, request->backing, request->size);
}

int handle_replace(struct call *call)
{
	const struct wire_replace_request *request = &call->request->replace_request;
	struct wire_replace_reply *reply = &call->answer->replace_reply;
	struct object *object, *next;
	struct credentials owner;
	struct creation creation;
	const char *why;
	int r = managing_find(call, request->name, "replaced", &object);

	if (r == 0)
		r = check_replacement(call, request, object);
	if (r < 0)
		return r;
	owner = managing_owner(call, object);
	creation = creation_like(object, request, &owner);
	creating_apply_policy(call, &creation);
	r = creating_object(call, &creation, &next, &why);
	if (r != 0)
		return r;
	reply->object = next->id;
	reply->generation = next->generation;
	reply->backing = object_backing(next);
	reply->holders = object->n_holds;
	text_copy(reply->why, sizeof(reply->why), why);
	object_replace(object, next);
	return WIRE_OUTCOME_DONE;
}
