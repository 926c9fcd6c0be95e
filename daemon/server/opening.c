/*
 * The request is checked as a whole before anything is made. Then the name is looked up: what
 * exists is opened if everything fits; what does not is created if that was asked for. Both end in
 * grant().
 */
#include "server/opening.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "log.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "objects/storage.h"
#include "rules/policy.h"
#include "server/creating.h"
#include "server/dispatch.h"
#include "server/keeping.h"
#include "server/managing.h"
#include "server/overdraft.h"
#include "server/peer.h"
#include "server/postponed.h"
#include "server/server.h"
#include "server/under_way.h"

static int check_words(struct call *call, const struct wire_open_request *request)
{
	const char *fault = wire_name_fault(request->name);

	if (fault)
		return call_refuse(call, -EINVAL, "the name \"%s\" %s", request->name, fault);
	fault = wire_layout_fault(request->layout);
	if (fault)
		return call_refuse(call, -EINVAL, "the layout tag of \"%s\" %s", request->name,
				   fault);
	if (request->kind != WIRE_KIND_SEGMENT && request->kind != WIRE_KIND_FIFO)
		return call_refuse(call, -EINVAL,
				   "\"%s\" is asked for as kind %u, which is neither a "
				   "segment (1) nor a FIFO (2)",
				   request->name, request->kind);
	if (request->flags & ~WIRE_OPEN_KNOWN)
		return call_refuse(call, -EINVAL,
				   "the flags 0x%x for \"%s\" have bits that this broker "
				   "does not know",
				   request->flags, request->name);
	if (request->kind == WIRE_KIND_FIFO && !access_fits(false, request->access))
		return call_refuse(call, -EINVAL,
				   "a FIFO is opened either for reading or for writing: "
				   "ask for \"%s\" with access 1 or 2",
				   request->name);
	if (request->kind == WIRE_KIND_SEGMENT && !access_fits(true, request->access))
		return call_refuse(call, -EINVAL,
				   "a segment is opened for reading or for both: ask for "
				   "\"%s\" with access 1 or 3",
				   request->name);
	return 0;
}

static int check_size(struct call *call, const struct wire_open_request *request)
{
	bool creates = request->flags & WIRE_OPEN_CREATE;

	if (request->kind == WIRE_KIND_FIFO)
		return request->size == 0 ? 0
					  : call_refuse(call, -EINVAL,
							"a FIFO has no size: ask for "
							"\"%s\" with size 0",
							request->name);
	if (creates && request->size == 0)
		return call_refuse(call, -EINVAL,
				   "\"%s\" cannot be created with size 0; give its size "
				   "in bytes",
				   request->name);
	return creating_check(call, request->name, WIRE_BACKING_AUTO, request->size);
}

static int check_creation(struct call *call, const struct wire_open_request *request)
{
	bool is_segment = request->kind == WIRE_KIND_SEGMENT;
	const char *fault = request->mode == WIRE_MODE_DEFAULT
				    ? NULL
				    : access_mode_fault(is_segment, request->mode);

	if (!(request->flags & WIRE_OPEN_CREATE))
		return 0;
	if (fault)
		return call_refuse(call, -EINVAL, "\"%s\" cannot have the mode 0%o: it %s",
				   request->name, request->mode, fault);
	if (request->lifetime > WIRE_LIFETIME_OWNER)
		return call_refuse(call, -EINVAL,
				   "\"%s\" is asked for with lifetime %u, which is none "
				   "of keep (1), used (2) and owner (3)",
				   request->name, request->lifetime);
	if (is_segment && creating_check(call, request->name, request->backing, 0) < 0)
		return -EINVAL;
	if (is_segment && !(request->access & WIRE_ACCESS_WRITE))
		return call_refuse(call, -EINVAL,
				   "\"%s\" cannot be created read-only: its creator has "
				   "to initialise it",
				   request->name);
	return 0;
}

static int check_request(struct call *call, const struct wire_open_request *request)
{
	int r = check_words(call, request);

	if (r == 0)
		r = check_size(call, request);
	if (r == 0)
		r = check_creation(call, request);
	return r;
}

/* What an existing object has to be to answer REQUEST. */
static int check_match(struct call *call, const struct wire_open_request *request,
		       const struct object *object)
{
	const struct credentials *subject = &call->peer->member->credentials;
	unsigned granted = access_granted(&object->permission, subject);

	if ((request->access & granted) != request->access)
		return call_refuse(call, -EACCES,
				   "\"%s\" belongs to uid %u, gid %u with mode 0%o, which "
				   "does not grant uid %u \"%s\"",
				   object->name, object->permission.uid, object->permission.gid,
				   object->permission.mode, subject->uid,
				   wire_access_text(request->access));
	if (request->flags & WIRE_OPEN_EXCLUSIVE)
		return call_refuse(call, -EEXIST,
				   "\"%s\" exists already; open it without the wish to "
				   "be the one who creates it, or remove it",
				   object->name);
	if (object->kind != request->kind)
		return call_refuse(call, -EMEDIUMTYPE, "\"%s\" is a %s, not a %s", object->name,
				   wire_kind_text(object->kind), wire_kind_text(request->kind));
	if (request->layout[0] && strcmp(request->layout, object->layout) != 0)
		return call_refuse(call, -ESTALE,
				   "\"%s\" has the layout \"%s\", not \"%s\": it was made "
				   "by another version of its users; use another name or remove it",
				   object->name, object->layout, request->layout);
	if (request->size > object->size)
		return call_refuse(call, -EFBIG,
				   "\"%s\" is too small: it has %" PRIu64 " bytes, and %" PRIu64
				   " are asked for; remove it to have it made anew",
				   object->name, object->size, request->size);
	if ((request->flags & WIRE_OPEN_KEY) && object_backing(object) != WIRE_BACKING_SYSV)
		return call_refuse(call, -ENOTSUP,
				   "\"%s\" is a %s and has no System V key; it gets one "
				   "when it is created with sysv",
				   object->name, wire_backing_text(object_backing(object)));
	if (object_backing(object) == WIRE_BACKING_SYSV && !call->peer->sysv_is_reached)
		return call_refuse(
			call, -ENOTSUP,
			"\"%s\" is a System V segment, and this process is in "
			"another IPC namespace than the broker; create it with memfd, or share "
			"the namespace",
			object->name);
	return 0;
}

/* The group of a new object: the creator's own, or another that he is in. */
static int choose_group(struct call *call, const struct wire_open_request *request, gid_t *ret_gid)
{
	const struct credentials *creator = &call->peer->member->credentials;

	if (!(request->flags & WIRE_OPEN_GROUP)) {
		*ret_gid = creator->gid;
		return 0;
	}
	*ret_gid = request->gid;
	return managing_check_group(call, request->name, request->gid);
}

static int check_list(struct call *call, const struct wire_open_request *request,
		      const struct permission *permission)
{
	unsigned at = 0;
	const char *fault = access_list_fault(request->kind == WIRE_KIND_SEGMENT, permission, &at);

	return fault ? managing_refuse_entry(call, request->name, &permission->acl[at], fault) : 0;
}

static int create(struct call *call, const struct wire_open_request *request,
		  struct object **ret_object)
{
	struct member *member = call->peer->member;
	struct wire_open_reply *reply = &call->answer->open_reply;
	struct creation creation = {
		.plan = {.name = request->name,
			 .layout = request->layout,
			 .kind = request->kind,
			 .lifetime = request->lifetime,
			 .linger_ms = request->linger_ms,
			 .size = request->size,
			 .generation = 1,
			 .permission = {.uid = member->credentials.uid,
					.mode = request->mode,
					.n_acl = request->acl.n,
					.acl = request->acl.entries}},
		.wanted = request->backing,
		.wants_key = request->flags & WIRE_OPEN_KEY,
		.owner = &member->credentials,
		.creator = member,
		.wait_ms = request->wait_ms,
	};
	const char *why = "";
	int r = creating_check_policy(call, request->name);

	if (r == 0)
		r = choose_group(call, request, &creation.plan.permission.gid);
	if (r == 0)
		r = check_list(call, request, &creation.plan.permission);
	if (r < 0)
		return r;
	creating_apply_policy(call, &creation);
	r = creating_object(call, &creation, ret_object, &why);
	if (r == 0)
		text_copy(reply->why, sizeof(reply->why), why);
	return r;
}

static void describe(struct call *call, const struct object *object, const struct hold *hold)
{
	struct wire_open_reply *reply = &call->answer->open_reply;

	reply->hold = hold->id;
	reply->object = object->id;
	reply->generation = object->generation;
	reply->size = object->size;
	reply->backing = object_backing(object);
	reply->readers = object->n_readers;
	if (reply->backing == WIRE_BACKING_SYSV) {
		reply->shmid = (uint32_t)object->segment.sysv.id;
		reply->key = (uint32_t)object->segment.sysv.key;
		reply->creator_uid = object->registry->broker.uid;
	}
	object_path(object, reply->path);
}

static int refuse_renewal(struct call *call, const struct object *object, enum resource short_of)
{
	const struct credentials owner = managing_owner(call, object);
	char words[OVERDRAFT_WORDS_MAX];

	overdraft_tell(call->peer, &owner, short_of, object->name, words);
	return call_refuse(call, -EDQUOT,
			   "\"%s\" cannot be opened: its memory has to be made anew while the old "
			   "is still attached, and of its owner's limit no room is left: %s",
			   object->name, words);
}

/* OBJECT, which this request may have made, is there and fits. */
static int grant(struct call *call, const struct wire_open_request *request, struct object *object,
		 bool is_new)
{
	struct member *member = call->peer->member;
	enum resource short_of;
	struct hold *hold;
	int r = object_hold(object, member, request->access, &hold, &short_of);

	if (r == -EDQUOT && short_of == RESOURCE_HOLDS &&
	    postponed_may_await_refund(call, member->credentials.uid, request->wait_ms))
		return CALL_POSTPONED;
	if (r == -EDQUOT && short_of == RESOURCE_HOLDS)
		return overdraft_refuse(call, request->name, &member->credentials, short_of);
	if (r == -EDQUOT)
		return refuse_renewal(call, object, short_of);
	if (keeping_failed(r))
		return keeping_refuse(call, request->name, r, request->wait_ms);
	if (r < 0)
		return call_refuse(call, r,
				   "\"%s\" cannot be opened: %s (making room for its user)",
				   request->name, strerror(-r));
	r = object_descriptor(object, request->access, &call->fd, &call->owns_fd);
	if (r < 0) {
		call->fd = -1;
		call->owns_fd = false;
		hold_end(hold);
		return call_refuse(call, r, "\"%s\" cannot be opened: %s (making its descriptor)",
				   request->name, strerror(-r));
	}
	hold->made_object = is_new;
	describe(call, object, hold);
	wire_next_answer(request, &call->answer->open_reply);
	if (object->initialiser == hold)
		return WIRE_OUTCOME_INITIALISE;
	if (object->kind == WIRE_KIND_FIFO && object->n_readers == 0)
		return WIRE_OUTCOME_NO_READER;
	return WIRE_OUTCOME_DONE;
}

static bool has_to_wait(const struct object *object, const struct member *member, unsigned access)
{
	if (object->state == WIRE_STATE_FRESH || object_awaits(object, member))
		return !(access & WIRE_ACCESS_WRITE);
	return object->state == WIRE_STATE_INITIALISING;
}

/* The object of this name, unless somebody has removed its segment behind the broker's back. */
static struct object *find(struct call *call, const char *name)
{
	struct object *object = registry_find(call->server->registry, name);

	if (!object || object_is_intact(object))
		return object;
	log_warning("\"%s\" is lost: its System V segment was removed by another program", name);
	object_remove(object, WIRE_ENDING_BACKING);
	return NULL;
}

/* Whether the answer may bring a descriptor; of what is not there yet that is not known for sure.
 */
static bool brings_descriptor(const struct wire_open_request *request, const struct object *object)
{
	if (object)
		return object_backing(object) != WIRE_BACKING_SYSV;
	return request->kind == WIRE_KIND_FIFO || request->backing != WIRE_BACKING_SYSV;
}

/* Room for the answer's descriptor, before anything is done. Returns 0, CALL_POSTPONED or a
 * refusal.
 */
static int check_room(struct call *call, const struct wire_open_request *request,
		      const struct object *object)
{
	if (!brings_descriptor(request, object))
		return 0;
	return postponed_await_room(call, request->name, request->wait_ms);
}

int opening_attempt(struct call *call, const struct wire_open_request *request,
		    struct object **ret_object)
{
	int r = check_request(call, request);
	struct object *object;
	bool is_new;

	if (r < 0)
		return r;
	object = find(call, request->name);
	is_new = !object;
	if (object)
		r = check_match(call, request, object);
	else if (!(request->flags & WIRE_OPEN_CREATE))
		r = call_refuse(call, -ENOENT, "\"%s\" does not exist; create it first",
				request->name);
	if (r < 0)
		return r;
	*ret_object = object;
	if (object && has_to_wait(object, call->peer->member, request->access))
		return CALL_PARKED;
	r = check_room(call, request, object);
	if (r == 0 && is_new)
		r = create(call, request, &object);
	if (r != 0)
		return r;
	r = grant(call, request, object, is_new);
	/* Where there was no room for new memory beside the old, the old makes room for the next.
	 */
	if ((is_new && (r < 0 || r == CALL_POSTPONED)) ||
	    (object->state == WIRE_STATE_FRESH && storage_lacked_room(r)))
		object_remove(object, WIRE_ENDING_BACKING);
	return r;
}

/* As if HOLD had not been asked for, and with it the object that was made for it. */
static void undo(struct hold *hold)
{
	struct object *object = hold->object;
	bool ends_object = hold->made_object && object->state != WIRE_STATE_REMOVED;

	hold_end(hold);
	if (ends_object)
		object_remove(object, WIRE_ENDING_BACKING);
}

void opening_take_back(struct peer *peer)
{
	static union message answer;
	uint8_t bytes[WIRE_PACKET_MAX];
	size_t size = outbox_take_back(&peer->outbox, bytes, sizeof(bytes));
	struct registry *registry = peer->server->registry;
	struct call call = {.server = peer->server, .peer = peer, .answer = &answer, .fd = -1};
	struct wire_header header;
	struct hold *hold;

	if (size == 0 || wire_decode_header(bytes, size, &header) < 0)
		return;
	call.operation = wire_operation(header.code, header.version);
	call.serial = header.serial;
	if (wire_decode(call.operation->reply, header.version, bytes + WIRE_HEADER_SIZE,
			size - WIRE_HEADER_SIZE, &answer) < 0)
		return;
	hold = hold_find(registry, peer->member, answer.open_reply.hold);
	call.subject = hold ? hold->object->name : "";
	log_peer("the kernel lets uid %u, as which the broker runs, send no more descriptors: "
		 "another "
		 "program of that user has many under way",
		 registry->broker.uid);
	call_answer(&call,
		    call_refuse(&call, -EBUSY,
				"\"%s\" cannot be sent: the kernel lets uid %u, as which the "
				"broker runs, send no more descriptors, since another program "
				"of that user has many under way that nobody reads; end that "
				"program",
				call.subject, registry->broker.uid));
	if (hold)
		undo(hold);
}
