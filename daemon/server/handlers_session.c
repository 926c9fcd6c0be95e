/*
 * The requests of a session: hello, confirm, hold, goodbye.
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "server/admission.h"
#include "server/door.h"
#include "server/handlers.h"
#include "server/keeping.h"
#include "server/overdraft.h"
#include "server/peer.h"
#include "server/server.h"
#include "server/visible.h"

static int check_identity(struct call *call)
{
	char why[256];

	if (admission_may(call->server, call->peer->credentials.uid, why))
		return 0;
	return call_refuse(call, -EACCES, "%s", why);
}

static int negotiate(struct call *call, uint16_t *ret_version)
{
	const struct wire_hello_request *hello = &call->request->hello_request;
	uint16_t newest =
		hello->version_max < WIRE_VERSION_NEWEST ? hello->version_max : WIRE_VERSION_NEWEST;

	if (hello->version_min > hello->version_max || hello->version_min > WIRE_VERSION_NEWEST ||
	    hello->version_max < WIRE_VERSION_OLDEST)
		return call_refuse(
			call, -EPROTONOSUPPORT,
			"the client speaks protocol versions %u to %u and this broker (%s) "
			"%u to %u; bring the older of the two up to date",
			hello->version_min, hello->version_max, SHMB_VERSION, WIRE_VERSION_OLDEST,
			WIRE_VERSION_NEWEST);
	*ret_version = newest;
	return 0;
}

static int check_instance(struct call *call)
{
	static const uint8_t any[WIRE_INSTANCE_SIZE];
	const uint8_t *wanted = call->request->hello_request.instance;

	if (memcmp(wanted, any, sizeof(any)) == 0 ||
	    memcmp(wanted, call->server->instance, sizeof(any)) == 0)
		return 0;
	return call_refuse(
		call, -ESTALE,
		"the broker that this connection began with has ended and another has taken "
		"its place; connect anew and open again what you need");
}

/* Become the member that this process was before its connection was lost, if it still is one, or
 * was one of the broker before. */
static bool resume(struct call *call, const struct wire_hello_request *hello)
{
	struct registry *registry = call->server->registry;
	struct peer *peer = call->peer;
	struct member *member =
		member_find(registry, hello->member, hello->secret, &peer->credentials);
	struct peer *former = member ? member->peer : NULL;

	if (!member && member_revive(registry, hello->member, hello->secret, peer->fd,
				     &peer->credentials, hello->program, &member) == 0) {
		member->peer = peer;
		peer->member = member;
		return true;
	}
	if (!member || member_return(member, peer, &peer->credentials) < 0)
		return false;
	text_copy(member->program, sizeof(member->program), hello->program);
	peer->member = member;
	if (former) {
		former->member = NULL;
		peer_drop(former);
	}
	return true;
}

static int refuse_member(struct call *call)
{
	char words[OVERDRAFT_WORDS_MAX];

	overdraft_tell(call->peer, &call->peer->credentials, RESOURCE_MEMBERS, "", words);
	return call_refuse(
		call, -EDQUOT,
		"the broker takes no more members of this user, and those that are away "
		"count until their time is over, or, if they can have locks, until their "
		"process has ended: %s",
		words);
}

int handle_hello(struct call *call)
{
	struct wire_hello_request hello = call->request->hello_request;
	struct wire_hello_reply *reply = &call->answer->hello_reply;
	struct server *server = call->server;
	struct peer *peer = call->peer;
	uint16_t version = WIRE_VERSION_OLDEST;
	bool resumed;
	int r = check_identity(call);

	if (r == 0)
		r = negotiate(call, &version);
	if (r == 0)
		r = check_instance(call);
	call->ends = r < 0;
	if (r < 0)
		return r;
	text_clean(hello.program); /* it is shown to people */
	resumed = resume(call, &hello);
	if (!resumed) {
		r = member_new(server->registry, peer->fd, &peer->credentials, hello.program,
			       &peer->member);
		call->ends = r < 0;
		if (r == -EMFILE || r == -ENFILE)
			return call_refuse(call, r, "this client is turned away: the broker %s",
					   door_no_descriptor());
		if (r == -EDQUOT)
			return refuse_member(call);
		if (r == -EUSERS)
			return call_refuse(call, r,
					   "the broker has as many members as its roster has room "
					   "for (%u); end some programs",
					   server->registry->roster.n_slots);
		if (r < 0)
			return call_refuse(call, r, "the broker cannot take another client: %s",
					   strerror(-r));
		peer->member->peer = peer;
	}
	call->ends = (hello.flags & WIRE_HELLO_HAS_ROSTER) && member_let_lock(peer->member) < 0;
	if (call->ends)
		return keeping_refuse_lock(call);
	(void)event_del(&peer->hello_late);
	peer->version = version;
	peer->sysv_is_reached =
		hello.ipc_namespace != 0 && hello.ipc_namespace == server->ipc_namespace;
	reply->version = version;
	reply->flags = (server->settings.per_user ? WIRE_HELLO_PER_USER : 0) |
		       (resumed ? WIRE_HELLO_RESUMED : 0) |
		       (peer->sysv_is_reached ? WIRE_HELLO_SYSV : 0);
	memcpy(reply->instance, server->instance, sizeof(reply->instance));
	memcpy(reply->secret, peer->member->secret, sizeof(reply->secret));
	reply->member = peer->member->id;
	reply->nonce = peer->member->nonce;
	reply->broker_uid = server->registry->broker.uid;
	text_copy(reply->broker, sizeof(reply->broker), SHMB_VERSION);
	return WIRE_OUTCOME_DONE;
}

int handle_confirm(struct call *call)
{
	int r = member_confirm(call->peer->member, call->request->confirm_request.nonce);

	if (r == -EPERM)
		return call_refuse(call, r,
				   "CONFIRM brought another nonce than HELLO's answer gave");
	if (r < 0)
		return call_refuse(call, r, "the broker has no memory to watch this process");
	return WIRE_OUTCOME_DONE;
}

static struct object *find_by_id(const struct registry *registry, uint64_t id)
{
	struct object *object;

	HASH_FIND(by_id, registry->by_id, &id, sizeof(id), object);
	return object;
}

/* Memory that the client says it has: OBJECT as it is now, or not any more. */
static int check_again(struct call *call, const struct wire_hold_request *request,
		       const struct object *object)
{
	const struct member *member = call->peer->member;
	unsigned granted;

	/* An id is soon guessed: who may not see the object learns nothing of it. */
	if (!object || object->state == WIRE_STATE_REMOVED || !visible_to(call->peer, object))
		return call_refuse(call, -ENOENT, "object %" PRIu64 " has been removed meanwhile",
				   request->object);
	granted = access_granted(&object->permission, &member->credentials);
	if (!access_fits(object->kind == WIRE_KIND_SEGMENT, request->access) ||
	    (request->access & granted) != request->access)
		return call_refuse(call, -EACCES, "\"%s\" does not grant uid %u that access",
				   object->name, member->credentials.uid);
	if (object->generation != request->generation)
		return call_refuse(call, -ESTALE,
				   "\"%s\" is in generation %" PRIu64
				   " now, and generation %" PRIu64
				   " is what you hold; open it again",
				   object->name, object->generation, request->generation);
	if (object->state != WIRE_STATE_READY &&
	    !(object_awaits(object, member) && (request->access & WIRE_ACCESS_WRITE)))
		return call_refuse(
			call, -ESTALE,
			"\"%s\" was not ready when you were taken off the ledger; open it "
			"again",
			object->name);
	return 0;
}

int handle_hold(struct call *call)
{
	const struct wire_hold_request *request = &call->request->hold_request;
	const struct registry *registry = call->server->registry;
	struct member *member = call->peer->member;
	struct hold *hold = hold_find(registry, member, request->hold);
	struct object *object = hold ? hold->object : find_by_id(registry, request->object);
	int r;

	if (hold && object->state != WIRE_STATE_REMOVED) {
		hold->is_stale = false;
		call->answer->hold_reply.hold = hold->id;
		return WIRE_OUTCOME_DONE;
	}
	r = check_again(call, request, object);
	if (r < 0)
		return r;
	r = object_hold_again(object, member, request->access, request->generation, &hold);
	if (r == -EDQUOT)
		return overdraft_refuse(call, object->name, &member->credentials, RESOURCE_HOLDS);
	if (r < 0)
		return call_refuse(call, r,
				   "the broker has no memory for another entry of the ledger");
	call->answer->hold_reply.hold = hold->id;
	return WIRE_OUTCOME_DONE;
}

int handle_goodbye(struct call *call)
{
	struct member *member = call->peer->member;

	member->peer = NULL;
	call->peer->member = NULL;
	call->ends = true;
	member_end(member);
	return WIRE_OUTCOME_DONE;
}
