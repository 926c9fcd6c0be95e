/*
 * All are in one table, and each is in the lists of its connection and of its object. Those that
 * try again are in a queue besides, which is emptied from its head and never walked, since trying
 * again can change objects and so add more to it.
 *
 * Nobody is forgotten. A FRESH object with heirs has the first of them in that queue: it is put
 * there when the object is vacated, and whoever leaves the queue, having tried or not, puts the
 * next one there if the object is FRESH then.
 */
#include "server/parked.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "server/dispatch.h"
#include "server/opening.h"
#include "server/overdraft.h"
#include "server/peer.h"
#include "server/postponed.h"
#include "server/server.h"
#include "server/under_way.h"

#define PARKED_PER_PEER_MAX 64

/* So long some try again in one turn of the loop; it is what a user has of one (turns.c). */
#define TURN_NS UINT64_C(500000)

/* At the object. */

static void become_heir(struct parked *parked, bool is_heir)
{
	if (parked->is_heir == is_heir)
		return;
	parked->is_heir = is_heir;
	if (is_heir)
		DL_APPEND2(parked->object->heirs, parked, heir_prev, heir_next);
	else
		DL_DELETE2(parked->object->heirs, parked, heir_prev, heir_next);
}

/* In the order of ids: most come last. */
static void enlist(struct parked *parked)
{
	struct parked **list = &parked->object->waiting;
	struct parked *before = *list ? (*list)->object_prev : NULL;

	while (before && before->id > parked->id)
		before = before == *list ? NULL : before->object_prev;
	DL_APPEND_ELEM2(*list, before, parked, object_prev, object_next);
}

/* It waits for OBJECT, which may be NULL, and no longer for the one before. */
static void wait_for(struct parked *parked, struct object *object)
{
	struct object *before = parked->object;

	if (before == object)
		return;
	if (before) {
		become_heir(parked, false);
		DL_DELETE2(before->waiting, parked, object_prev, object_next);
	}
	parked->object = object;
	if (object) {
		enlist(parked);
		object_wait_begin(object);
	}
	if (before)
		object_wait_end(before);
}

/* In the queue of those that try again. */

static void run_soon(struct server *server)
{
	static const struct timeval at_once;

	if (!event_pending(&server->parked_wake, EV_TIMEOUT, NULL) &&
	    event_add(&server->parked_wake, &at_once) < 0)
		event_active(&server->parked_wake, EV_TIMEOUT, 1);
}

static void wake(struct parked *parked)
{
	struct server *server = parked->peer->server;

	if (parked->tries_again)
		return;
	parked->tries_again = true;
	parked->is_roomless = false;
	DL_APPEND2(server->trying_again, parked, again_prev, again_next);
	run_soon(server);
}

void parked_wake_heir(struct object *object)
{
	if (object->state == WIRE_STATE_FRESH && object->heirs)
		wake(object->heirs);
}

/* If it was there it has tried, or never will. */
static void leave_queue(struct parked *parked)
{
	if (!parked->tries_again)
		return;
	parked->tries_again = false;
	DL_DELETE2(parked->peer->server->trying_again, parked, again_prev, again_next);
}

/* It waits no longer. Its memory stays: an answer may still be about it. */
static void leave(struct parked *parked)
{
	struct object *object = parked->object;
	struct peer *peer = parked->peer;

	HASH_DELETE(handle, peer->server->parked, parked);
	leave_queue(parked);
	wait_for(parked, NULL);
	DL_DELETE2(peer->parked, parked, peer_prev, peer_next);
	(void)event_del(&parked->deadline);
	charge_end(&parked->charge);
	peer->n_parked--;
	if (object)
		parked_wake_heir(object);
}

static void parked_free(struct parked *parked)
{
	leave(parked);
	free(parked);
}

static struct call call_of(const struct parked *parked, union message *answer)
{
	*answer = (union message){.open_reply = {0}};
	return (struct call){
		.server = parked->peer->server,
		.peer = parked->peer,
		.operation = wire_operation(WIRE_OPEN, parked->peer->version),
		.answer = answer,
		.subject = parked->request.name,
		.serial = parked->serial,
		.fd = -1,
		.until_ms = UINT64_MAX, /* it has its own deadline */
	};
}

/* Answering may drop the peer, and with it everything that still waits. */
static void answer(struct parked *parked, struct call *call, int status)
{
	leave(parked);
	call_answer(call, status);
	free(parked);
}

static int refuse_late(struct call *call, const struct parked *parked)
{
	const struct object *object = parked->object;
	const struct hold *hold = object ? object->initialiser : NULL;

	if (parked->is_roomless)
		return under_way_refuse(call, parked->request.name, under_way_room(parked->peer));
	if (object && object->state == WIRE_STATE_INITIALISING && !hold)
		return call_refuse(
			call, -ETIMEDOUT,
			"\"%s\" was being initialised when the broker was started again, "
			"and whoever does it has not come back yet; ask again later",
			parked->request.name);
	if (!hold)
		return call_refuse(call, -ETIMEDOUT,
				   "\"%s\" is not initialised and nobody does it; open it for "
				   "writing to become the one who does",
				   parked->request.name);
	return call_refuse(call, -ETIMEDOUT,
			   "\"%s\" is still being initialised by %s (pid %d); ask again later, or "
			   "end that process",
			   parked->request.name, hold->member->program,
			   (int)hold->member->credentials.pid);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
	static union message room;
	struct parked *parked = data;
	static const struct timeval at_once;
	struct call call = call_of(parked, &room);
	int status;

	(void)fd;
	(void)what;
	if (parked->is_roomless && under_way_room(parked->peer) == ROOM_LEFT)
		parked_wake_roomless(parked->peer);
	if (parked->tries_again) { /* first that, and then the deadline */
		(void)event_add(&parked->deadline, &at_once);
		return;
	}
	status = refuse_late(&call, parked);
	answer(parked, &call, status);
}

static void wait_on(struct parked *parked, struct object *object, bool is_roomless)
{
	struct object *before = parked->object;

	leave_queue(parked);
	wait_for(parked, object);
	parked->is_roomless = is_roomless;
	if (object)
		become_heir(parked,
			    !is_roomless && (parked->request.access & WIRE_ACCESS_WRITE) != 0);
	if (is_roomless)
		postponed_look(parked->peer);
	if (before)
		parked_wake_heir(before);
}

static void try_again(struct parked *parked)
{
	static union message room;
	struct server *server = parked->peer->server;
	struct call call = call_of(parked, &room);
	struct object *object = NULL;
	int status;

	server->registry->actor = parked->peer->member;
	status = opening_attempt(&call, &parked->request, &object);
	server->registry->actor = NULL;

	if (status == CALL_PARKED || status == CALL_POSTPONED)
		wait_on(parked, object, status == CALL_POSTPONED);
	else
		answer(parked, &call, status);
}

static void on_wake(evutil_socket_t fd, short what, void *data)
{
	struct server *server = data;
	uint64_t until_ns = clock_now_ns() + TURN_NS;

	(void)fd;
	(void)what;
	while (server->trying_again && clock_now_ns() < until_ns)
		try_again(server->trying_again);
	if (server->trying_again)
		run_soon(server);
}

void parked_init(struct server *server)
{
	(void)event_assign(&server->parked_wake, server->base, -1, 0, on_wake, server);
}

/* Who gets no answer asks the next broker. */
static void send_away(struct parked *parked)
{
	static union message room;
	struct call call = call_of(parked, &room);

	if (call.server->registry->settings.keeps_objects) {
		parked_free(parked);
		return;
	}
	answer(parked, &call,
	       call_refuse(&call, -ESHUTDOWN,
			   "the broker ends before \"%s\" was initialised; open it again when "
			   "a broker runs",
			   parked->request.name));
}

void parked_fini(struct server *server)
{
	while (server->parked)
		send_away(server->parked);
	(void)event_del(&server->parked_wake);
}

/* With a deadline, and in the table. NULL without memory. */
static struct parked *parked_new(struct server *server, const struct timeval *timeout)
{
	struct parked *parked = calloc(1, sizeof(*parked));

	if (!parked)
		return NULL;
	(void)event_assign(&parked->deadline, server->base, -1, 0, on_deadline, parked);
	parked->id = registry_next_id(server->registry);
	HASH_ADD(handle, server->parked, id, sizeof(parked->id), parked);
	if (parked->handle.tbl && event_add(&parked->deadline, timeout) == 0)
		return parked;
	if (parked->handle.tbl)
		HASH_DELETE(handle, server->parked, parked);
	free(parked);
	return NULL;
}

int parked_add(struct call *call, const struct wire_open_request *request, struct object *object)
{
	struct peer *peer = call->peer;
	struct server *server = call->server;
	struct timeval timeout = clock_timeval(request->wait_ms);
	struct registry *registry = server->registry;
	const struct credentials *user = &peer->member->credentials;
	struct charge charge = {.account = NULL};
	struct parked *parked;
	int r;

	if (peer->n_parked >= PARKED_PER_PEER_MAX)
		return call_refuse(
			call, -EAGAIN,
			"%u requests of this connection wait already, its limit; let some "
			"end before opening \"%s\"",
			PARKED_PER_PEER_MAX, request->name);
	r = charge_take(&charge, &registry->quota, user->uid, RESOURCE_PARKED, 1,
			registry_limit(registry, user, RESOURCE_PARKED));
	if (r == -EDQUOT)
		return overdraft_refuse(call, request->name, user, RESOURCE_PARKED);
	parked = r == 0 ? parked_new(server, &timeout) : NULL;
	if (!parked) {
		charge_end(&charge);
		return call_refuse(call, -ENOMEM, "the broker has no memory to wait for \"%s\"",
				   request->name);
	}
	charge_move(&parked->charge, &charge);
	parked->peer = peer;
	parked->since_ms = clock_now_ms();
	parked->serial = call->serial;
	parked->request = *request;
	DL_APPEND2(peer->parked, parked, peer_prev, peer_next);
	peer->n_parked++;
	wait_for(parked, object);
	become_heir(parked, (request->access & WIRE_ACCESS_WRITE) != 0);
	return CALL_LATER;
}

void parked_wake(struct object *object)
{
	struct parked *parked;

	DL_FOREACH2(object->waiting, parked, object_next)
	if (!parked->is_roomless)
		wake(parked);
}

void parked_wake_roomless(struct peer *peer)
{
	struct parked *parked;

	DL_FOREACH2(peer->parked, parked, peer_next)
	if (parked->is_roomless)
		wake(parked);
}

bool parked_are_roomless(const struct peer *peer)
{
	const struct parked *parked;

	DL_FOREACH2(peer->parked, parked, peer_next)
	if (parked->is_roomless)
		return true;
	return false;
}

void parked_forget_object(struct object *object)
{
	while (object->waiting) {
		wake(object->waiting);
		wait_for(object->waiting, NULL);
	}
}

void parked_forget_peer(struct peer *peer)
{
	while (peer->parked)
		parked_free(peer->parked);
}

static const struct parked *find(const struct server *server, uint64_t id)
{
	const struct parked *parked;

	HASH_FIND(handle, server->parked, &id, sizeof(id), parked);
	return parked;
}

const struct parked *parked_after(const struct server *server, uint64_t cursor)
{
	const struct parked *parked = find(server, cursor);

	if (parked)
		return parked->handle.next;
	for (parked = server->parked; parked && parked->id <= cursor; parked = parked->handle.next)
		;
	return parked;
}

const struct parked *parked_at_after(const struct server *server, const struct object *object,
				     uint64_t cursor)
{
	const struct parked *parked = find(server, cursor);

	if (parked && parked->object == object)
		return parked->object_next;
	for (parked = object->waiting; parked && parked->id <= cursor; parked = parked->object_next)
		;
	return parked;
}
