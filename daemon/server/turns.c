/*
 * A round ends when somebody had to wait in it: the timer for the next one runs after everything
 * that the loop has found ready. While nobody waits no round has to end, so shares are counted on
 * from one turn of the loop to the next, and what that costs is one timer now and then.
 *
 * The socket of a connection that waits is not looked at, so that a thousand of them cost a turn
 * nothing.
 */
#include "server/turns.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "rules/table.h"
#include "server/peer.h"
#include "server/server.h"

/* Of one round; the last request of a share may go beyond it. A turn of the loop takes so long for
 * each user who asks more than he can be given: with ten of them others wait 5 ms. */
#define SHARE_NS UINT64_C(500000)

struct share {
	UT_hash_handle handle;
	struct share *prev, *next; /* in used_up */
	struct peer *waiting;      /* its connections that wait, in order */
	uint64_t spent_ns;
	uint32_t n_peers;
	uid_t uid;
	bool is_used_up; /* in used_up */
};

static void set_used_up(struct turns *turns, struct share *share, bool is_used_up)
{
	static const struct timeval at_once;

	if (share->is_used_up == is_used_up)
		return;
	share->is_used_up = is_used_up;
	if (is_used_up) {
		DL_APPEND(turns->used_up, share);
		(void)event_add(&turns->next_round, &at_once);
	} else {
		DL_DELETE(turns->used_up, share);
	}
}

static void wait_in_line(struct peer *peer)
{
	struct share *share = peer->share;

	(void)event_del(&peer->readable);
	if (peer->waits_turn)
		return;
	peer->waits_turn = true;
	DL_APPEND2(share->waiting, peer, turn_prev, turn_next);
	set_used_up(&peer->server->turns, share, true);
}

static void leave_line(struct peer *peer)
{
	if (!peer->waits_turn)
		return;
	peer->waits_turn = false;
	DL_DELETE2(peer->share->waiting, peer, turn_prev, turn_next);
}

static void share_free(struct turns *turns, struct share *share)
{
	set_used_up(turns, share, false);
	HASH_DELETE(handle, turns->shares, share);
	free(share);
}

/* Serve PEER at the cost of SHARE. Returns false when that was the end of the share's last one. */
static bool serve(struct turns *turns, struct share *share, struct peer *peer)
{
	uint64_t began_ns = clock_now_ns();

	turns->serving = share;
	turns->serve(peer);
	turns->serving = NULL;
	share->spent_ns += clock_now_ns() - began_ns;
	if (share->n_peers > 0)
		return true;
	share_free(turns, share);
	return false;
}

void turns_take(struct peer *peer)
{
	struct turns *turns = &peer->server->turns;
	struct share *share = peer->share;
	bool is_alone = HASH_CNT(handle, turns->shares) == 1;

	if (share->waiting || (share->spent_ns >= SHARE_NS && !is_alone))
		wait_in_line(peer);
	else
		(void)serve(turns, share, peer);
}

static void serve_line(struct turns *turns, struct share *share)
{
	share->spent_ns = 0;
	while (share->waiting && share->spent_ns < SHARE_NS) {
		struct peer *peer = share->waiting;

		leave_line(peer);
		/* One that has to take its answers first is read from again when it has. */
		if (peer_read_again(peer) && !serve(turns, share, peer))
			return;
	}
	set_used_up(turns, share, share->waiting != NULL);
}

static void on_next_round(evutil_socket_t fd, short what, void *data)
{
	struct turns *turns = data;
	struct share *share;
	unsigned n;

	(void)fd;
	(void)what;
	DL_COUNT(turns->used_up, share, n);
	while (n-- > 0 && turns->used_up) {
		share = turns->used_up;
		set_used_up(turns, share, false);
		serve_line(turns, share);
	}
}

void turns_init(struct server *server, void (*serve_peer)(struct peer *peer))
{
	struct turns *turns = &server->turns;

	turns->serve = serve_peer;
	(void)event_assign(&turns->next_round, server->base, -1, 0, on_next_round, turns);
}

void turns_fini(struct server *server)
{
	(void)event_del(&server->turns.next_round);
}

static struct share *share_of(struct turns *turns, uid_t uid)
{
	struct share *share;

	HASH_FIND(handle, turns->shares, &uid, sizeof(uid), share);
	if (share)
		return share;
	share = calloc(1, sizeof(*share));
	if (!share)
		return NULL;
	share->uid = uid;
	HASH_ADD(handle, turns->shares, uid, sizeof(share->uid), share);
	if (!share->handle.tbl) {
		free(share);
		return NULL;
	}
	return share;
}

int turns_join(struct peer *peer)
{
	struct share *share = share_of(&peer->server->turns, peer->credentials.uid);

	if (!share)
		return -ENOMEM;
	share->n_peers++;
	peer->share = share;
	return 0;
}

void turns_leave(struct peer *peer)
{
	struct turns *turns = &peer->server->turns;
	struct share *share = peer->share;

	if (!share)
		return;
	leave_line(peer);
	peer->share = NULL;
	if (--share->n_peers == 0 && share != turns->serving)
		share_free(turns, share);
}
