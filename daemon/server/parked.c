/*
 * Two queues: those that wait, and those that try again at the next turn of the loop. Trying again
 * can change objects and so move more from the first to the second, which is therefore emptied from
 * its head, never walked.
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

static struct parked **queue_of(struct parked *parked)
{
	struct server *server = parked->peer->server;

	return parked->tries_again ? &server->trying_again : &server->parked;
}

/* It waits no longer. Its memory stays: an answer may still be about it. */
static void leave_queues(struct parked *parked)
{
	struct peer *peer = parked->peer;

	DL_DELETE(*queue_of(parked), parked);
	DL_DELETE2(peer->parked, parked, peer_prev, peer_next);
	(void)event_del(&parked->deadline);
	if (parked->object)
		object_wait_end(parked->object);
	charge_end(&parked->charge);
	peer->n_parked--;
	peer->server->n_parked--;
}

static void parked_free(struct parked *parked)
{
	leave_queues(parked);
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
	leave_queues(parked);
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
	struct server *server = parked->peer->server;
	struct object *before = parked->object;

	DL_DELETE(server->trying_again, parked);
	DL_APPEND(server->parked, parked);
	parked->tries_again = false;
	parked->is_roomless = is_roomless;
	if (is_roomless)
		postponed_look(parked->peer);
	if (before == object)
		return;
	parked->object = object;
	if (object)
		object_wait_begin(object);
	if (before)
		object_wait_end(before);
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

	(void)fd;
	(void)what;
	while (server->trying_again)
		try_again(server->trying_again);
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
	(void)event_del(&server->parked_wake);
	while (server->parked)
		send_away(server->parked);
	while (server->trying_again)
		send_away(server->trying_again);
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
	parked = r == 0 ? calloc(1, sizeof(*parked)) : NULL;
	if (parked)
		(void)event_assign(&parked->deadline, server->base, -1, 0, on_deadline, parked);
	if (!parked || event_add(&parked->deadline, &timeout) < 0) {
		charge_end(&charge);
		free(parked);
		return call_refuse(call, -ENOMEM, "the broker has no memory to wait for \"%s\"",
				   request->name);
	}
	charge_move(&parked->charge, &charge);
	parked->peer = peer;
	parked->object = object;
	parked->id = registry_next_id(server->registry);
	parked->since_ms = clock_now_ms();
	parked->serial = call->serial;
	parked->request = *request;
	DL_APPEND(server->parked, parked);
	DL_APPEND2(peer->parked, parked, peer_prev, peer_next);
	peer->n_parked++;
	server->n_parked++;
	object_wait_begin(object);
	return CALL_PARKED;
}

static void wake(struct parked *parked)
{
	struct server *server = parked->peer->server;

	DL_DELETE(server->parked, parked);
	DL_APPEND(server->trying_again, parked);
	parked->tries_again = true;
	parked->is_roomless = false;
	event_active(&server->parked_wake, EV_TIMEOUT, 1);
}

void parked_wake(struct server *server, struct object *object)
{
	struct parked *parked, *next;

	DL_FOREACH_SAFE(server->parked, parked, next)
	if (parked->object == object)
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

void parked_forget_object(struct server *server, struct object *object)
{
	struct parked *parked;

	parked_wake(server, object);
	DL_FOREACH(server->trying_again, parked)
	if (parked->object == object) {
		parked->object = NULL;
		object_wait_end(object);
	}
}

void parked_forget_peer(struct peer *peer)
{
	while (peer->parked)
		parked_free(peer->parked);
}

const struct parked *parked_after(const struct server *server, uint64_t cursor)
{
	const struct parked *parked = server->parked;

	while (parked && parked->id <= cursor)
		parked = parked->next;
	return parked;
}
