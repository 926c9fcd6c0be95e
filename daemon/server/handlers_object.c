/*
 * What is done to objects beside opening them: ready, release, remove.
 */
#include <errno.h>
#include <inttypes.h>

#include "objects/member.h"
#include "objects/object.h"
#include "server/handlers.h"
#include "server/peer.h"
#include "server/server.h"

int handle_ready(struct call *call)
{
	const struct wire_ready_request *request = &call->request->ready_request;
	struct hold *hold = hold_find(call->server->registry, call->peer->member, request->hold);
	struct object *object;

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
		object_ready(object);
		return WIRE_OUTCOME_DONE;
	}
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
	const char *name = call->request->remove_request.name;
	const char *fault = wire_name_fault(name);
	const struct registry *registry = call->server->registry;
	const struct credentials *subject = &call->peer->member->credentials;
	struct object *object;

	if (fault)
		return call_refuse(call, -EINVAL, "the name \"%s\" %s", name, fault);
	object = registry_find(registry, name);
	if (!object)
		return call_refuse(call, -ENOENT, "\"%s\" does not exist, so it cannot be removed",
				   name);
	if (!access_may_manage(&object->permission, subject, registry->broker.uid))
		return call_refuse(call, -EPERM,
				   "\"%s\" belongs to uid %u and only that user and root "
				   "may remove it; you are uid %u",
				   name, object->permission.uid, subject->uid);
	call->answer->remove_reply.object = object->id;
	call->answer->remove_reply.holders = object->n_holds;
	object_remove(object, WIRE_ENDING_REMOVED);
	return WIRE_OUTCOME_DONE;
}
