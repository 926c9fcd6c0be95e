/*
 * Turns: how the time of the broker is shared between users, on a clock that only moves when
 * something is served.
 */
#include "server/turns.h"

#include <event2/event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "server/peer.h"
#include "server/server.h"
#include "support/suite.h"

#define SHARE   5      /* requests of one user in a turn, */
#define COST_NS 100000 /* of so much each */
#define CROWD   50     /* connections of one user */
#define SERVED  1000

static uint64_t now_ns;

/* In front of libc's, also for libevent. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, clock, ret);
	*ret = (struct timespec){(time_t)(now_ns / 1000000000u), (long)(now_ns % 1000000000u)};
	return 0;
}

static struct server server;
static struct peer peers[CROWD + 1]; /* the last one is of another user */
static struct peer *const single = &peers[CROWD];
static int ends[CROWD + 1]; /* what is written there, the peer asks */
static struct peer *served[SERVED];
static unsigned n_served;

/* What the server would do. */
static void serve_peer(struct peer *peer)
{
	char byte;

	ck_assert_int_eq(read(peer->fd, &byte, 1), 1);
	now_ns += COST_NS;
	if (n_served < SERVED)
		served[n_served++] = peer;
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	turns_take(data);
}

/* A connection that asks N questions. */
static void come(struct peer *peer, uid_t uid, unsigned n)
{
	char questions[256] = "";
	int pair[2];

	ck_assert_uint_le(n, sizeof(questions));
	ck_assert_int_eq(pipe(pair), 0);
	ck_assert_int_eq(write(pair[1], questions, n), (int)n);
	ends[peer - peers] = pair[1];
	*peer = (struct peer){.server = &server, .fd = pair[0], .credentials = {.uid = uid}};
	ck_assert_int_eq(event_assign(&peer->readable, server.base, peer->fd, EV_READ | EV_PERSIST,
				      on_readable, peer),
			 0);
	ck_assert_int_eq(turns_join(peer), 0);
	ck_assert_int_eq(event_add(&peer->readable, NULL), 0);
}

static void leave(struct peer *peer)
{
	if (!peer->server)
		return;
	(void)event_del(&peer->readable);
	turns_leave(peer);
	fd_close(peer->fd);
	fd_close(ends[peer - peers]);
	peer->server = NULL;
}

static void come_in_crowd(unsigned n)
{
	for (unsigned i = 0; i < CROWD; i++)
		come(&peers[i], 1, n);
}

static void start(void)
{
	now_ns = 1000000000u;
	server.base = event_base_new();
	ck_assert_ptr_nonnull(server.base);
	turns_init(&server, serve_peer);
}

static void stop(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		leave(&peers[i]);
	ck_assert_ptr_null(server.turns.shares);
	ck_assert_ptr_null(server.turns.used_up);
	turns_fini(&server);
	event_base_free(server.base);
}

static void serve(unsigned n)
{
	while (n_served < n)
		ck_assert_int_eq(event_base_loop(server.base, EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
}

START_TEST(one_connection_never_waits_for_more_than_another_users_share)
{
	unsigned n_others = 0;

	come_in_crowd(200);
	come(single, 2, 200);
	serve(SERVED / 2);
	for (unsigned i = 0; i < n_served; i++) {
		n_others = served[i] == single ? 0 : n_others + 1;
		ck_assert_uint_le(n_others, 2 * SHARE); /* once read from, once waited */
	}
}
END_TEST

START_TEST(the_connections_of_one_user_are_served_in_turn)
{
	unsigned n[CROWD + 1] = {0};

	come_in_crowd(200);
	come(single, 2, 1);
	serve(10 * CROWD);
	for (unsigned i = 0; i < n_served; i++)
		n[served[i] - peers]++;
	for (unsigned i = 0; i < CROWD; i++)
		ck_assert_msg(n[i] >= 8 && n[i] <= 12, "connection %u was served %u times", i,
			      n[i]);
}
END_TEST

/* Who has to take its answers first is not looked at by the loop, and not read in its turn. */
START_TEST(who_takes_no_answers_meanwhile_is_not_read_from)
{
	come_in_crowd(200);
	come(single, 2, 1);
	serve(SHARE + 1);
	for (unsigned i = 0; i < CROWD; i++)
		peers[i].is_broken = true;
	n_served = 0;
	for (int i = 0; i < 20; i++)
		(void)event_base_loop(server.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	ck_assert_uint_le(n_served, CROWD); /* those that the loop was still looking at, once */
	ck_assert_ptr_null(server.turns.used_up);
	n_served = 0;
	peers[0].is_broken = false;
	ck_assert_int_eq(event_add(&peers[0].readable, NULL), 0);
	serve(1);
	ck_assert_ptr_eq(served[0], &peers[0]);
}
END_TEST

START_TEST(who_leaves_while_he_waits_is_forgotten)
{
	come_in_crowd(200);
	come(single, 2, 200);
	serve(SHARE + 1);
	for (unsigned i = 0; i < CROWD; i++)
		leave(&peers[i]);
	ck_assert_ptr_null(server.turns.used_up);
	n_served = 0;
	serve(100);
	for (unsigned i = 0; i < n_served; i++)
		ck_assert_ptr_eq(served[i], single);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("turns");
	TCase *tests = tcase_create("turns");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, one_connection_never_waits_for_more_than_another_users_share);
	tcase_add_test(tests, the_connections_of_one_user_are_served_in_turn);
	tcase_add_test(tests, who_takes_no_answers_meanwhile_is_not_read_from);
	tcase_add_test(tests, who_leaves_while_he_waits_is_forgotten);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
