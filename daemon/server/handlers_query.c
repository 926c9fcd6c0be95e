/*
 * Questions: status, stat, list, who. A peer is shown what it may open or remove, so root is
 * shown all; and so are the administrators that the policy names.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "server/handlers.h"
#include "server/parked.h"
#include "server/peer.h"
#include "server/server.h"
#include "server/visible.h"

/* WHO lists holds first and then those that wait, whose cursors have this bit. */
#define CURSOR_PARKED (UINT64_C(1) << 63)

/* So many are looked at for one answer, shown or not: others want their turn. */
#define LOOK_MAX 1024

int handle_status(struct call *call)
{
	const struct server *server = call->server;
	const struct registry *registry = server->registry;
	struct wire_status_reply *reply = &call->answer->status_reply;

	reply->flags = server->settings.per_user ? WIRE_HELLO_PER_USER : 0;
	reply->pid = (uint32_t)getpid();
	reply->uid = registry->broker.uid;
	reply->uptime_ms = clock_now_ms() - server->started_ms;
	reply->segments_sysv = registry->counts[WIRE_BACKING_SYSV].objects;
	reply->segments_memfd = registry->counts[WIRE_BACKING_MEMFD].objects;
	reply->fifos = registry->counts[WIRE_BACKING_FIFO].objects;
	reply->bytes = registry_bytes(registry);
	reply->members = HASH_CNT(handle, registry->members);
	reply->holds = HASH_CNT(handle, registry->holds);
	reply->parked = HASH_CNT(handle, server->parked);
	text_copy(reply->broker, sizeof(reply->broker), SHMB_VERSION);
	text_copy(reply->directory, sizeof(reply->directory), server->settings.directory);
	return WIRE_OUTCOME_DONE;
}

static void describe_object(const struct object *object, struct wire_object *ret)
{
	ret->id = object->id;
	ret->generation = object->generation;
	ret->kind = object->kind;
	ret->backing = object_backing(object);
	ret->lifetime = object->lifetime;
	ret->state = object->state;
	ret->linger_ms = object->linger_ms;
	ret->size = object->size;
	ret->uid = object->permission.uid;
	ret->gid = object->permission.gid;
	ret->mode = object->permission.mode;
	ret->holders = object->n_holds;
	ret->readers = object->n_readers;
	ret->writers = object->n_writers;
	ret->waiting = object->n_waiting;
	ret->key = 0;
	ret->shmid = 0;
	ret->age_ms = clock_now_ms() - object->created_ms;
	ret->acl.n = object->permission.n_acl;
	for (unsigned i = 0; i < ret->acl.n; i++)
		ret->acl.entries[i] = object->permission.acl[i];
	text_copy(ret->name, sizeof(ret->name), object->name);
	text_copy(ret->layout, sizeof(ret->layout), object->layout);
	object_path(object, ret->path);
	if (ret->backing == WIRE_BACKING_SYSV) {
		ret->key = (uint32_t)object->segment.sysv.key;
		ret->shmid = (uint32_t)object->segment.sysv.id;
	}
}

/* The object of a name that the peer may know of. Returns 0 or a refusal. */
static int look_up(struct call *call, const char *name, const struct object **ret_object)
{
	const char *fault = wire_name_fault(name);
	const struct object *object;

	if (fault)
		return call_refuse(call, -EINVAL, "the name \"%s\" %s", name, fault);
	object = registry_find(call->server->registry, name);
	if (!object)
		return call_refuse(call, -ENOENT,
				   "\"%s\" does not exist; \"shmctl list\" shows what does", name);
	if (!visible_to(call->peer, object))
		return call_refuse(call, -EACCES,
				   "\"%s\" belongs to uid %u and is not open to uid %u", name,
				   object->permission.uid, call->peer->member->credentials.uid);
	*ret_object = object;
	return 0;
}

int handle_stat(struct call *call)
{
	const struct object *object;
	int r = look_up(call, call->request->stat_request.name, &object);

	if (r < 0)
		return r;
	describe_object(object, &call->answer->object);
	return WIRE_OUTCOME_DONE;
}

int handle_list(struct call *call)
{
	const struct wire_list_request *request = &call->request->list_request;
	struct wire_list_reply *reply = &call->answer->list_reply;
	size_t prefix_size = strlen(request->prefix);
	struct object *object = registry_object_after(call->server->registry, request->cursor);
	uint64_t last = request->cursor;
	unsigned n_looked_at = 0;

	for (; object; last = object->id, object = object->by_id.next) {
		struct wire_object entry;

		if (n_looked_at++ == LOOK_MAX) {
			reply->cursor = last;
			return WIRE_OUTCOME_DONE;
		}
		if (object->state == WIRE_STATE_REMOVED || !visible_to(call->peer, object) ||
		    strncmp(object->name, request->prefix, prefix_size) != 0)
			continue;
		describe_object(object, &entry);
		if (wire_append(&reply->entries, &wire_object_shape, call->peer->version, &entry) <
		    0) {
			reply->cursor = last;
			return WIRE_OUTCOME_DONE;
		}
	}
	reply->cursor = 0;
	return WIRE_OUTCOME_DONE;
}

static void describe_holder(const struct member *member, const char *name, uint64_t since_ms,
			    struct wire_holder *ret)
{
	ret->member = member->id;
	ret->pid = (uint32_t)member->credentials.pid;
	ret->uid = member->credentials.uid;
	ret->age_ms = clock_now_ms() - since_ms;
	text_copy(ret->program, sizeof(ret->program), member->program);
	text_copy(ret->name, sizeof(ret->name), name);
}

/* Returns false when the page is full. */
static bool append_hold(struct call *call, const struct hold *hold)
{
	const struct object *object = hold->object;
	struct wire_holder entry;

	describe_holder(hold->member, object->name, hold->since_ms, &entry);
	entry.object = object->id;
	entry.access = hold->access;
	entry.holding = object->initialiser == hold ? WIRE_HOLDING_INITIALISING
			: hold->member->peer        ? WIRE_HOLDING_ATTACHED
						    : WIRE_HOLDING_AWAY;
	return wire_append(&call->answer->who_reply.entries, &wire_holder_shape,
			   call->peer->version, &entry) == 0;
}

static bool append_parked(struct call *call, const struct parked *parked)
{
	struct wire_holder entry;

	describe_holder(parked->peer->member, parked->request.name, parked->since_ms, &entry);
	entry.object = parked->object ? parked->object->id : 0;
	entry.access = parked->request.access;
	entry.holding = WIRE_HOLDING_WAITING;
	return wire_append(&call->answer->who_reply.entries, &wire_holder_shape,
			   call->peer->version, &entry) == 0;
}

static bool list_all_holds(struct call *call, uint64_t cursor)
{
	const struct hold *hold = registry_hold_after(call->server->registry, cursor);
	unsigned n_looked_at = 0;

	for (; hold; cursor = hold->id, hold = hold->handle.next) {
		bool is_full = n_looked_at++ == LOOK_MAX ||
			       (visible_to(call->peer, hold->object) && !append_hold(call, hold));

		if (is_full) {
			call->answer->who_reply.cursor = cursor;
			return false;
		}
	}
	return true;
}

/* The first hold of OBJECT after CURSOR, which is mostly one that is still there. */
static const struct hold *hold_of_after(const struct registry *registry,
					const struct object *object, uint64_t cursor)
{
	const struct hold *hold;

	HASH_FIND(handle, registry->holds, &cursor, sizeof(cursor), hold);
	if (hold && hold->object == object)
		return hold->object_next;
	for (hold = object->holds; hold && hold->id <= cursor; hold = hold->object_next)
		;
	return hold;
}

static bool list_holds_of(struct call *call, const struct object *object, uint64_t cursor)
{
	const struct hold *hold = hold_of_after(call->server->registry, object, cursor);

	for (; hold; hold = hold->object_next) {
		if (!append_hold(call, hold)) {
			call->answer->who_reply.cursor = cursor;
			return false;
		}
		cursor = hold->id;
	}
	return true;
}

static bool end_page_at_parked(struct call *call, uint64_t cursor)
{
	call->answer->who_reply.cursor = cursor | CURSOR_PARKED;
	return false;
}

static bool list_all_parked(struct call *call, uint64_t cursor)
{
	const struct parked *parked = parked_after(call->server, cursor);
	unsigned n_looked_at = 0;

	for (; parked; cursor = parked->id, parked = parked->handle.next) {
		bool is_shown = parked->object && visible_to(call->peer, parked->object);

		if (n_looked_at++ == LOOK_MAX || (is_shown && !append_parked(call, parked)))
			return end_page_at_parked(call, cursor);
	}
	return true;
}

static bool list_parked_at(struct call *call, const struct object *object, uint64_t cursor)
{
	const struct parked *parked = parked_at_after(call->server, object, cursor);

	for (; parked; cursor = parked->id, parked = parked->object_next)
		if (!append_parked(call, parked))
			return end_page_at_parked(call, cursor);
	return true;
}

int handle_who(struct call *call)
{
	const struct wire_who_request *request = &call->request->who_request;
	const struct object *only = NULL;
	uint64_t cursor = request->cursor;

	if (request->name[0]) {
		int r = look_up(call, request->name, &only);

		if (r < 0)
			return r;
	}
	if (!(cursor & CURSOR_PARKED)) {
		bool is_whole =
			only ? list_holds_of(call, only, cursor) : list_all_holds(call, cursor);

		if (!is_whole)
			return WIRE_OUTCOME_DONE;
		cursor = CURSOR_PARKED;
	}
	cursor &= ~CURSOR_PARKED;
	if (only ? list_parked_at(call, only, cursor) : list_all_parked(call, cursor))
		call->answer->who_reply.cursor = 0;
	return WIRE_OUTCOME_DONE;
}
