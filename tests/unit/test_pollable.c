/*
 * The descriptor that programs poll.
 */
#include <check.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "core/pollable.h"
#include "support/suite.h"

static struct pollable pollable;

static void start(void)
{
	ck_assert_int_eq(pollable_init(&pollable), 0);
}

static void stop(void)
{
	pollable_fini(&pollable);
}

static bool is_readable(int timeout_ms)
{
	struct pollfd line = {.fd = pollable.epoll, .events = POLLIN};

	return poll(&line, 1, timeout_ms) == 1;
}

START_TEST(it_rings_until_it_is_settled)
{
	ck_assert(!is_readable(0));
	pollable_ring(&pollable);
	ck_assert(is_readable(20000));
	ck_assert(is_readable(0));
	pollable_settle(&pollable);
	ck_assert(!is_readable(0));
}
END_TEST

START_TEST(a_time_in_the_past_rings_at_once)
{
	uint64_t times[] = {0, 1, clock_now_ms() - 1};

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		pollable_ring_at(&pollable, times[i]);
		ck_assert(is_readable(20000));
		pollable_settle(&pollable);
		ck_assert(!is_readable(0));
	}
	pollable_ring(&pollable);
	pollable_ring_at(&pollable, 0);
	ck_assert(is_readable(20000));
}
END_TEST

START_TEST(the_earliest_time_counts)
{
	uint64_t soon = clock_now_ms() + 20;

	pollable_ring_at(&pollable, clock_now_ms() + 3600 * 1000);
	pollable_ring_at(&pollable, soon);
	pollable_ring_at(&pollable, clock_now_ms() + 3600 * 1000);
	ck_assert(is_readable(20000));
	ck_assert_uint_ge(clock_now_ms(), soon);
}
END_TEST

START_TEST(what_is_not_due_is_not_settled)
{
	pollable_ring_at(&pollable, clock_now_ms() + 50);
	pollable_settle(&pollable);
	ck_assert(is_readable(20000));
}
END_TEST

START_TEST(the_socket_of_the_moment_is_watched)
{
	int ends[2], others[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, others), 0);
	ck_assert_int_eq(pollable_watch(&pollable, ends[0], false), 0);
	ck_assert_int_eq(send(ends[1], "x", 1, 0), 1);
	ck_assert(is_readable(0));
	pollable_unwatch(&pollable);
	ck_assert(!is_readable(0));
	ck_assert_int_eq(pollable_watch(&pollable, others[0], false), 0);
	ck_assert(!is_readable(0));
	ck_assert_int_eq(pollable_watch(&pollable, others[0], true), 0);
	ck_assert(is_readable(0)); /* there is room for output */
	ck_assert_int_eq(pollable_watch(&pollable, others[0], false), 0);
	ck_assert(!is_readable(0));
	for (size_t i = 0; i < 2; i++) {
		close(ends[i]);
		close(others[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pollable");
	TCase *tcase = tcase_create("pollable");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, it_rings_until_it_is_settled);
	tcase_add_test(tcase, a_time_in_the_past_rings_at_once);
	tcase_add_test(tcase, the_earliest_time_counts);
	tcase_add_test(tcase, what_is_not_due_is_not_settled);
	tcase_add_test(tcase, the_socket_of_the_moment_is_watched);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
