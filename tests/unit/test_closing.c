/*
 * Who waits for what when sockets take long to close. A signal would cut that short: here the
 * thread gets none, so it takes until the far end is closed.
 */
#include "server/closing.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "rules/quota.h"
#include "server/rights.h"
#include "server/server.h"
#include "support/eventually.h"
#include "support/slow_close.h"
#include "support/suite.h"
#include "wire/packet.h"

static struct server server;
static struct quota quota;

/* In front of libc's. It is no thread of this process, so no timer can be had that sends it
 * signals.
 */
__attribute__((visibility("default"))) pid_t gettid(void)
{
	return 1;
}

static void start(void)
{
	server.base = event_base_new();
	ck_assert_ptr_nonnull(server.base);
	closing_init(&server);
}

static void stop(void)
{
	closing_fini(&server);
	ck_assert_uint_eq(quota_users(&quota), 0);
	event_base_free(server.base);
}

static uint64_t charged(uid_t uid)
{
	(void)event_base_loop(server.base, EVLOOP_NONBLOCK);
	return quota_used(&quota, uid, RESOURCE_CONNECTIONS);
}

/* A connection in which FD lies unread; -1: nothing does. */
static int connection_with(int fd)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	if (fd >= 0)
		ck_assert_int_eq(packet_send(ends[0], "x", 1, fd), 0);
	fd_close(ends[0]);
	return ends[1];
}

static void end_connection(uid_t uid, int take_fd)
{
	struct charge charge = {.account = NULL};

	ck_assert_int_eq(charge_take(&charge, &quota, uid, RESOURCE_CONNECTIONS, 1,
				     RESOURCE_INFINITY),
			 0);
	closing_end(&server, take_fd, uid, true, &charge);
}

/* A connection of UID that takes until slow_close_end(). */
static void end_slowly(uid_t uid, struct slow_close *slow)
{
	int socket;

	slow_close_make(slow);
	socket = connection_with(slow->socket);
	slow->socket = fd_close(slow->socket);
	end_connection(uid, socket);
}

static void end_quickly(uid_t uid)
{
	end_connection(uid, connection_with(STDIN_FILENO));
}

START_TEST(a_user_waits_for_his_own_connections_alone)
{
	struct slow_close slow;

	end_slowly(1, &slow);
	end_quickly(1);
	end_quickly(2);
	eventually(charged(2) == 0);
	ck_assert_uint_eq(charged(1), 2);
	slow_close_end(&slow);
	eventually(charged(1) == 0);
}
END_TEST

START_TEST(users_wait_for_a_thread_when_there_are_many)
{
	struct slow_close slow[CLOSING_THREADS_MAX];

	for (uid_t i = 0; i < CLOSING_THREADS_MAX; i++)
		end_slowly(1 + i, &slow[i]);
	end_quickly(100);
	end_quickly(101);
	ck_assert_uint_eq(server.closing.n_at_work, CLOSING_THREADS_MAX);
	ck_assert_uint_eq(charged(100), 1);
	slow_close_end(&slow[0]);
	eventually(charged(1) == 0 && charged(100) == 0 && charged(101) == 0);
	for (uid_t i = 1; i < CLOSING_THREADS_MAX; i++) {
		ck_assert_uint_eq(charged(1 + i), 1);
		slow_close_end(&slow[i]);
	}
	for (uid_t i = 1; i < CLOSING_THREADS_MAX; i++)
		eventually(charged(1 + i) == 0);
}
END_TEST

START_TEST(what_nobody_pays_for_is_counted)
{
	struct charge nothing = {.account = NULL};
	struct slow_close slow;

	end_slowly(1, &slow);
	for (unsigned i = 0; i < CLOSING_UNPAID_MAX; i++) {
		ck_assert(!closing_is_full(&server));
		closing_end(&server, connection_with(STDIN_FILENO), 1, true, &nothing);
	}
	ck_assert(closing_is_full(&server));
	slow_close_end(&slow);
	eventually(charged(1) == 0 && !server.closing.closers);
	ck_assert(!closing_is_full(&server));
}
END_TEST

static void put(int socket, size_t size)
{
	ck_assert_int_eq(send(socket, "x", size, 0), (ssize_t)size);
}

START_TEST(what_brings_no_descriptors_is_closed_at_once)
{
	int ends[2], clean = connection_with(-1);

	end_connection(1, clean);
	ck_assert_int_lt(fcntl(clean, F_GETFD), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	for (int i = 0; i < 3; i++)
		put(ends[0], 1);
	end_connection(1, ends[1]);
	ck_assert_int_lt(fcntl(ends[1], F_GETFD), 0);
	fd_close(ends[0]);
	ck_assert_ptr_null(server.closing.closers);
	ck_assert_uint_eq(charged(1), 0);
}
END_TEST

/* Packets of these sizes before the one with a descriptor. */
static const struct {
	unsigned n;
	size_t size;
} covers[] = {{0, 0}, {1, 0}, {5, 0}, {1, 1}, {5, 1}, {100, 1}};

START_TEST(descriptors_are_found_behind_other_packets)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	for (unsigned i = 0; i < covers[_i].n; i++)
		put(ends[0], covers[_i].size);
	ck_assert(!rights_are_next(ends[1]));
	ck_assert_int_eq(packet_send(ends[0], "x", 1, STDIN_FILENO), 0);
	ck_assert_int_eq(rights_are_next(ends[1]), covers[_i].n == 0);
	ck_assert(rights_are_left(ends[1]));
	ck_assert_int_eq(packet_send(ends[0], "x", 1, STDIN_FILENO), -EPIPE);
	fd_close(ends[0]);
	fd_close(ends[1]);
}
END_TEST

/* The thread keeps what it works on, and the kernel has the rest. */
START_TEST(the_end_of_the_broker_waits_a_moment_and_no_longer)
{
	struct slow_close slow;

	end_slowly(1, &slow);
	end_quickly(1);
	end_quickly(2);
	closing_fini(&server);
	ck_assert_uint_eq(quota_users(&quota), 0);
	slow_close_end(&slow);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("closing");
	TCase *tests = tcase_create("closing");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, a_user_waits_for_his_own_connections_alone);
	tcase_add_test(tests, users_wait_for_a_thread_when_there_are_many);
	tcase_add_test(tests, what_nobody_pays_for_is_counted);
	tcase_add_test(tests, what_brings_no_descriptors_is_closed_at_once);
	tcase_add_loop_test(tests, descriptors_are_found_behind_other_packets, 0,
			    ARRAY_SIZE(covers));
	tcase_add_test(tests, the_end_of_the_broker_waits_a_moment_and_no_longer);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
