/*
 * Nothing tells when there is room: so it is asked again. The packet is kept as it came, and
 * handled as if it came then.
 */
#include "server/postponed.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "objects/estate.h"
#include "objects/keeper.h"
#include "objects/member.h"
#include "objects/registry.h"
#include "server/dispatch.h"
#include "server/look.h"
#include "server/parked.h"
#include "server/peer.h"
#include "server/server.h"
#include "server/under_way.h"

/* Who does not want to wait for others still has to read his own answers. */
#define WAIT_LEAST_MS 200

bool postponed_may(struct call *call, uint32_t wait_ms)
{
	if (call->until_ms == 0)
		call->until_ms = deadline_in_ms(wait_ms > WAIT_LEAST_MS ? wait_ms : WAIT_LEAST_MS);
	return clock_now_ms() < call->until_ms;
}

bool postponed_may_await_refund(struct call *call, uid_t payer, uint32_t wait_ms)
{
	return payer == call->peer->member->credentials.uid &&
	       estate_is_left_by(call->server->registry, payer) && postponed_may(call, wait_ms);
}

int postponed_await_room(struct call *call, const char *name, uint32_t wait_ms)
{
	enum room room = under_way_room(call->peer);

	if (room == ROOM_LEFT)
		return 0;
	return postponed_may(call, wait_ms) ? CALL_POSTPONED : under_way_refuse(call, name, room);
}

static bool has_room(struct peer *peer)
{
	const struct registry *registry = peer->server->registry;

	return under_way_room(peer) == ROOM_LEFT && !keeper_is_busy(registry->keeper) &&
	       !estate_is_left_by(registry, peer->member->credentials.uid);
}

static int look_later(struct postponed *postponed)
{
	struct timeval delay = look_again_in(postponed->since_ms);

	return event_add(&postponed->look, &delay);
}

static int look_from_now(struct postponed *postponed)
{
	if (event_pending(&postponed->look, EV_TIMEOUT, NULL))
		return 0;
	postponed->since_ms = clock_now_ms();
	return look_later(postponed);
}

/* PEER may be gone when this returns. */
static void try_again(struct peer *peer)
{
	struct postponed *postponed = &peer->postponed;
	uint8_t *bytes = postponed->bytes;

	postponed->bytes = NULL;
	peer_resume(peer, bytes, postponed->size, postponed->until_ms);
	free(bytes);
}

static bool packet_is_due(const struct postponed *postponed, bool is_room)
{
	return postponed->bytes && (is_room || clock_now_ms() >= postponed->until_ms);
}

/* Let those of PEER's parked requests that wait for room know of it. Returns whether they wait on.
 */
static bool parked_wait_on(struct peer *peer, bool is_room)
{
	if (is_room)
		parked_wake_roomless(peer);
	return parked_are_roomless(peer);
}

static void on_look(evutil_socket_t fd, short what, void *data)
{
	struct peer *peer = data;
	struct postponed *postponed = &peer->postponed;
	bool is_room = has_room(peer);
	bool is_due = packet_is_due(postponed, is_room);
	bool packet_waits_on = postponed->bytes && !is_due;

	(void)fd;
	(void)what;
	if (parked_wait_on(peer, is_room) || packet_waits_on)
		(void)look_later(postponed);
	if (is_due)
		try_again(peer);
}

void postponed_init(struct peer *peer)
{
	(void)event_assign(&peer->postponed.look, peer->server->base, -1, 0, on_look, peer);
}

void postponed_forget(struct peer *peer)
{
	(void)event_del(&peer->postponed.look);
	free(peer->postponed.bytes);
	peer->postponed.bytes = NULL;
}

bool postponed_has_one(const struct peer *peer)
{
	return peer->postponed.bytes != NULL;
}

int postponed_add(struct call *call, const uint8_t *bytes, size_t size)
{
	struct peer *peer = call->peer;
	struct postponed *postponed = &peer->postponed;
	uint8_t *copy = malloc(size);

	if (!copy || look_from_now(postponed) < 0) {
		free(copy);
		return call_refuse(call, -ENOMEM,
				   "the broker has no memory to let this request wait; ask again");
	}
	memcpy(copy, bytes, size);
	postponed->bytes = copy;
	postponed->size = size;
	postponed->until_ms = call->until_ms;
	(void)event_del(&peer->readable);
	return CALL_LATER;
}

void postponed_look(struct peer *peer)
{
	(void)look_from_now(&peer->postponed); /* else they end at their deadline */
}
