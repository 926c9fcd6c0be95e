/*
 * The socket of a peer and its queue. One packet is received a turn, so that every peer has its
 * own; one that brings descriptors is not received, and ends the connection.
 */
#include "server/peer.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "log.h"
#include "objects/member.h"
#include "rules/table.h"
#include "server/dispatch.h"
#include "server/door.h"
#include "server/lingering.h"
#include "server/opening.h"
#include "server/parked.h"
#include "server/rights.h"
#include "server/server.h"
#include "server/turns.h"
#include "server/watching.h"
#include "wire/packet.h"

static void peer_free(struct peer *peer)
{
	charge_end(&peer->charge);
	charge_end(&peer->outbox.under_way);
	credentials_fini(&peer->credentials);
	free(peer);
}

void peer_drop(struct peer *peer)
{
	struct server *server = peer->server;

	if (peer->is_dropped)
		return;
	peer->is_dropped = true;
	(void)event_del(&peer->readable);
	(void)event_del(&peer->hello_late);
	postponed_forget(peer);
	under_way_forget(peer);
	parked_forget_peer(peer);
	watching_forget_peer(peer);
	turns_leave(peer);
	outbox_fini(&peer->outbox);
	lingering_close(peer);
	DL_DELETE(server->peers, peer);
	server->n_peers--;
	if (peer->member)
		member_leave(peer->member);
	peer->member = NULL;
	server_update_idle(server);
	if (!peer->is_busy)
		peer_free(peer);
}

/* Drop PEER at the next turn of the loop: whoever sends to it may stand in the midst of its holds.
 */
static void drop_soon(struct peer *peer)
{
	peer->is_broken = true;
	(void)event_del(&peer->readable);
	outbox_turn_soon(&peer->outbox);
}

void peer_send(struct peer *peer, const struct wire_header *header, const struct wire_shape *shape,
	       const void *message, int fd)
{
	uint8_t bytes[WIRE_PACKET_MAX];
	size_t size;
	int r;

	if (peer->is_dropped || peer->is_broken)
		return;
	r = wire_encode_packet(header, shape, message, bytes, &size);
	if (r == 0)
		r = outbox_put(&peer->outbox, bytes, size, fd);
	if (r == 0 && fd >= 0)
		under_way_began(peer);
	if (r == 0 && !outbox_is_empty(&peer->outbox))
		(void)event_del(&peer->readable); /* no more questions until answers are taken */
	if (r == 0)
		return;
	if (r != -EPIPE && r != -ECONNRESET)
		log_peer("connection of pid %d dropped: what it should get could not be sent: %s",
			 (int)peer->credentials.pid, strerror(-r));
	drop_soon(peer);
}

bool peer_read_again(struct peer *peer)
{
	if (peer->is_broken || !outbox_is_empty(&peer->outbox) || postponed_has_one(peer))
		return false;
	if (event_add(&peer->readable, NULL) == 0)
		return true;
	drop_soon(peer);
	return false;
}

static void on_outbox_turn(evutil_socket_t fd, short what, void *data)
{
	struct peer *peer = data;
	int r = peer->is_broken ? -EPIPE : outbox_flush(&peer->outbox);

	(void)fd;
	(void)what;
	if (r == 0 && !peer->waits_turn)
		(void)peer_read_again(peer);
	if (r == -EAGAIN && outbox_refused_ms(&peer->outbox) >= peer->server->settings.patience_ms)
		opening_take_back(peer);
	if (r < 0 && r != -EAGAIN)
		peer_drop(peer);
	else if (r == 0)
		watching_catch_up(peer);
}

void peer_serve(struct peer *peer)
{
	static uint8_t bytes[WIRE_PACKET_MAX];
	bool brings_rights = peer->may_bring_rights && rights_are_next(peer->fd);
	ssize_t size = 0;

	if (!brings_rights)
		size = packet_receive(peer->fd, bytes, sizeof(bytes), NULL);
	if (size == -EAGAIN)
		return;
	peer->is_busy = true;
	/* Nobody sends an empty packet: it is how the end of the connection reads. */
	if (brings_rights)
		dispatch_turn_out(peer, "a packet came with descriptors, of which this broker "
					"takes none");
	else if (size <= 0)
		peer_drop(peer);
	else
		dispatch_packet(peer, bytes, (size_t)size, 0);
	peer->is_busy = false;
	if (peer->is_dropped)
		peer_free(peer);
}

void peer_resume(struct peer *peer, const uint8_t *bytes, size_t size, uint64_t until_ms)
{
	peer->is_busy = true;
	dispatch_packet(peer, bytes, size, until_ms);
	if (!peer->is_dropped && !peer->waits_turn)
		(void)peer_read_again(peer);
	peer->is_busy = false;
	if (peer->is_dropped)
		peer_free(peer);
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	turns_take(data);
}

static void on_hello_late(evutil_socket_t fd, short what, void *data)
{
	struct peer *peer = data;

	(void)fd;
	(void)what;
	log_peer("connection of pid %d (uid %u) dropped: no HELLO in time",
		 (int)peer->credentials.pid, peer->credentials.uid);
	peer_drop(peer);
}

static int start_events(struct peer *peer)
{
	struct server *server = peer->server;
	uint64_t ms = server->settings.hello_timeout_ms;
	struct timeval timeout = clock_timeval(ms);

	(void)event_assign(&peer->readable, server->base, peer->fd, EV_READ | EV_PERSIST,
			   on_readable, peer);
	outbox_init(&peer->outbox, server->base, &server->registry->reaper, peer->fd,
		    on_outbox_turn, peer);
	postponed_init(peer);
	(void)event_assign(&peer->hello_late, server->base, -1, 0, on_hello_late, peer);
	if (event_add(&peer->readable, NULL) < 0 || event_add(&peer->hello_late, &timeout) < 0) {
		(void)event_del(&peer->readable);
		return -ENOMEM;
	}
	return 0;
}

/* One more connection of its user. Returns 0 or -errno. */
static int pay(struct peer *peer)
{
	struct registry *registry = peer->server->registry;
	const struct credentials *user = &peer->credentials;

	int r = charge_take(&peer->charge, &registry->quota, user->uid, RESOURCE_CONNECTIONS, 1,
			    registry_limit(registry, user, RESOURCE_CONNECTIONS));

	if (r == 0) /* nothing is under way yet */
		r = charge_take(&peer->outbox.under_way, &registry->quota, user->uid,
				RESOURCE_UNDER_WAY, 0, RESOURCE_INFINITY);
	return r;
}

void peer_new(struct server *server, int take_fd)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int r = -ENOMEM;

	if (peer) {
		peer->server = server;
		peer->fd = take_fd;
		peer->version = WIRE_VERSION_OLDEST;
		peer->may_bring_rights = rights_may_come(take_fd);
		r = credentials_of_socket(take_fd, &peer->credentials);
		if (r == 0)
			r = pay(peer);
		if (r == 0)
			r = turns_join(peer);
		if (r == 0)
			r = start_events(peer);
	}
	if (r < 0) {
		door_refuse(server, peer, take_fd, r);
		if (peer) {
			turns_leave(peer);
			peer_free(peer);
		}
		return;
	}
	DL_APPEND(server->peers, peer);
	server->n_peers++;
	server->counts.connections++;
	server_update_idle(server);
}
