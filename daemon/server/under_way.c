/*
 * Nothing tells when a client reads, so its socket is asked (SIOCOUTQ): when it is sent more, when
 * there is no room left for somebody, and twice within the patience. Whoever took nothing in before
 * two looks in a row has taken nothing in for so long.
 */
#include "server/under_way.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "log.h"
#include "objects/member.h"
#include "objects/registry.h"
#include "rules/table.h"
#include "server/dispatch.h"
#include "server/overdraft.h"
#include "server/peer.h"
#include "server/server.h"

#define DESCRIPTORS_MAX 8  /* under way to one peer */
#define COUNT_PERIOD_MS 20 /* all are looked at at most so often */

/* The margin is for what other programs of the broker's user send. */
static void read_limit(struct under_way *under_way)
{
	struct rlimit limit;

	under_way->whole = RESOURCE_INFINITY;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		under_way->whole = limit.rlim_cur - limit.rlim_cur / 16;
}

static uint64_t patience_half(const struct server *server)
{
	return server->settings.patience_ms / 2;
}

static void look_at(struct server *server, uint64_t at_ms)
{
	uint64_t now = clock_now_ms(), ms = at_ms > now ? at_ms - now : 1;
	struct timeval delay = clock_timeval(ms);

	(void)event_add(&server->under_way.look, &delay); /* else with the next one */
}

static void enlist(struct peer *peer)
{
	struct under_way *under_way = &peer->server->under_way;

	peer->under_way.look_at_ms = clock_now_ms() + patience_half(peer->server);
	peer->under_way.is_listed = true;
	outbox_notice_reading(&peer->outbox);
	DL_APPEND2(under_way->peers, peer, under_way.prev, under_way.next);
}

void under_way_forget(struct peer *peer)
{
	if (peer->under_way.is_listed)
		DL_DELETE2(peer->server->under_way.peers, peer, under_way.prev, under_way.next);
	peer->under_way.is_listed = false;
	peer->under_way.was_idle = false;
	peer->outbox.notices = false;
}

/* Whether the client has taken in everything; then nothing is under way to it but what waits. */
static bool has_taken_in(struct peer *peer)
{
	if (!outbox_look(&peer->outbox))
		return false;
	if (peer->outbox.under_way.amount == 0)
		under_way_forget(peer);
	return true;
}

static void judge(struct peer *peer)
{
	bool is_idle = !has_taken_in(peer) && !outbox_was_read(&peer->outbox);

	if (!peer->under_way.is_listed)
		return;
	if (is_idle && peer->under_way.was_idle) {
		log_peer("connection of pid %d (uid %u) dropped: it does not take in what it asked "
			 "for",
			 (int)peer->credentials.pid, peer->credentials.uid);
		peer_drop(peer);
		return;
	}
	peer->under_way.was_idle = is_idle;
	DL_DELETE2(peer->server->under_way.peers, peer, under_way.prev, under_way.next);
	enlist(peer);
}

static void on_look(evutil_socket_t fd, short what, void *data)
{
	struct server *server = data;
	struct under_way *under_way = &server->under_way;
	uint64_t now = clock_now_ms();

	(void)fd;
	(void)what;
	read_limit(under_way);
	while (under_way->peers && under_way->peers->under_way.look_at_ms <= now)
		judge(under_way->peers);
	if (under_way->peers)
		look_at(server, under_way->peers->under_way.look_at_ms);
}

void under_way_init(struct server *server)
{
	read_limit(&server->under_way);
	(void)event_assign(&server->under_way.look, server->base, -1, 0, on_look, server);
}

void under_way_fini(struct server *server)
{
	(void)event_del(&server->under_way.look);
}

void under_way_began(struct peer *peer)
{
	struct server *server = peer->server;

	if (!peer->under_way.is_listed)
		enlist(peer);
	if (!event_pending(&server->under_way.look, EV_TIMEOUT, NULL))
		look_at(server, server->under_way.peers->under_way.look_at_ms);
}

/* Look at all peers that were sent something. False when that was done just now. */
static bool count_again(struct server *server)
{
	struct under_way *under_way = &server->under_way;
	uint64_t now = clock_now_ms();
	struct peer *peer, *next;

	if (under_way->counted_ms != 0 && now - under_way->counted_ms < COUNT_PERIOD_MS)
		return false;
	under_way->counted_ms = now;
	read_limit(under_way);
	DL_FOREACH_SAFE2(under_way->peers, peer, next, under_way.next)
	(void)has_taken_in(peer);
	return true;
}

static enum room room_of_user(const struct peer *peer)
{
	const struct registry *registry = peer->server->registry;
	const struct credentials *user = &peer->member->credentials;
	const struct quota *quota = &registry->quota;
	uint64_t used = quota_used(quota, user->uid, RESOURCE_UNDER_WAY);

	if (used >= registry_limit(registry, user, RESOURCE_UNDER_WAY))
		return ROOM_USER_FULL;
	if (used >=
	    quota_share(quota, user->uid, RESOURCE_UNDER_WAY, peer->server->under_way.whole))
		return ROOM_ALL_FULL;
	return ROOM_LEFT;
}

enum room under_way_room(struct peer *peer)
{
	const struct outbox *outbox = &peer->outbox;
	enum room room;

	if (!outbox_is_empty(outbox) ||
	    (outbox->under_way.amount >= DESCRIPTORS_MAX && !has_taken_in(peer)))
		return ROOM_PEER_FULL;
	room = room_of_user(peer);
	if (room != ROOM_LEFT && count_again(peer->server))
		room = room_of_user(peer);
	return room;
}

int under_way_refuse(struct call *call, const char *name, enum room why)
{
	const struct quota *quota = &call->server->registry->quota;
	const struct credentials *user = &call->peer->member->credentials;
	uint64_t own = quota_used(quota, user->uid, RESOURCE_UNDER_WAY), most = 0;
	uid_t uid = user->uid;

	if (why == ROOM_USER_FULL)
		return overdraft_refuse(call, name, user, RESOURCE_UNDER_WAY);
	if (why != ROOM_ALL_FULL)
		return call_refuse(call, -EBUSY,
				   "\"%s\" cannot be sent: this connection has not taken in what "
				   "it was sent before; read the answers that have come",
				   name);
	(void)quota_greatest(quota, RESOURCE_UNDER_WAY, &uid, &most);
	return call_refuse(call, -EBUSY,
			   "\"%s\" cannot be sent: all users together have %" PRIu64
			   " descriptors under way that nobody reads, of at most %" PRIu64
			   ": uid %u, whose programs ask, has %" PRIu64
			   " of them, uid %u has most, "
			   "%" PRIu64 "; let these programs read, or end them",
			   name, quota_total(quota, RESOURCE_UNDER_WAY),
			   call->server->under_way.whole, user->uid, own, uid, most);
}
