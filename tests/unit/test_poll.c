/*
 * Waits as descriptors: when they are readable and when not, and that nothing of them is left.
 */
#include <shmbroker/poll.h>

#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"
#include "state_memory.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/proc.h"
#include "support/sanitizers.h"
#include "support/suite.h"

static struct state_memory memory;
static struct shmb_state *reader, *writer;
static struct shmb_poll *poll;
static int epoll, fds;

/* More than a small stack would hold: every thread has it. */
static _Thread_local volatile char much[1 << 20];

static void start(void)
{
	const struct state_shape shape = {.value_size = 8,
					  .n_slots = 4,
					  .history = 1,
					  .single_writer = true};
	struct epoll_event event = {.events = EPOLLIN};

	state_memory_start(&memory, &shape);
	reader = state_memory_reader(&memory);
	writer = state_memory_writer(&memory);
	much[0] = 1;
	futex_rely_on_wakes(true);
	fds = proc_count_fds(getpid());
	epoll = epoll_create1(EPOLL_CLOEXEC);
	ck_assert_int_eq(shmb_state_poll(reader, 0, &poll), 0);
	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, shmb_poll_fd(poll), &event), 0);
}

static void stop(void)
{
	shmb_poll_end(poll);
	futex_rely_on_wakes(false);
	fd_close(epoll);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
	eventually(IS_TSAN || proc_count_threads(getpid()) == 1); /* it has some of its own */
	state_memory_close(reader);
	state_memory_close(writer);
	state_memory_stop(&memory);
}

static uint64_t publish(void)
{
	uint64_t version = 0;

	ck_assert_int_eq(shmb_state_publish(writer, "x", 1, SHMB_AT_ONCE, &version), 0);
	return version;
}

static bool is_readable_within(int ms)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, ms) == 1;
}

START_TEST(it_is_readable_when_there_is_another_version)
{
	ck_assert(!is_readable_within(100));
	for (int i = 0; i < 200; i++) {
		uint64_t version = publish();

		ck_assert(is_readable_within(PATIENCE_MS));
		ck_assert(is_readable_within(0)); /* and stays so */
		ck_assert_int_eq(shmb_poll_again(poll, version), 0);
		ck_assert(!is_readable_within(0));
	}
}
END_TEST

START_TEST(what_came_before_is_seen_at_once)
{
	(void)publish();
	ck_assert(is_readable_within(PATIENCE_MS));
	ck_assert_int_eq(shmb_poll_again(poll, 0), 0); /* which is not the last one */
	ck_assert(is_readable_within(PATIENCE_MS));
	ck_assert_int_eq(shmb_poll_again(poll, 1), 0);
	ck_assert(!is_readable_within(100));
}
END_TEST

/* While its thread sleeps for another one. */
START_TEST(what_is_waited_for_may_change)
{
	for (int i = 0; i < 200; i++) {
		uint64_t version = publish();

		ck_assert_int_eq(shmb_poll_again(poll, version), 0);
		if (i % 4 == 0)
			ck_assert(!is_readable_within(5));
		ck_assert_int_eq(shmb_poll_again(poll, version - 1), 0);
		ck_assert(is_readable_within(PATIENCE_MS));
	}
}
END_TEST

START_TEST(many_of_them_see_the_same)
{
	struct shmb_poll *others[50];
	struct epoll_event event = {.events = EPOLLIN}, came[51];
	int n = 0;

	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(shmb_state_poll(reader, 0, &others[i]), 0);
		ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, shmb_poll_fd(others[i]), &event),
				 0);
	}
	(void)publish();
	eventually((n = epoll_wait(epoll, came, 51, 0)) == 51);
	for (int i = 0; i < 50; i++)
		shmb_poll_end(others[i]);
}
END_TEST

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	uint64_t *version = data;

	(void)fd;
	(void)what;
	*version = shmb_state_version(reader);
	ck_assert_int_eq(shmb_poll_again(poll, *version), 0);
}

/* As a program has it that sits in a loop of libevent. */
START_TEST(a_loop_of_libevent_sees_it)
{
	struct event_base *base = event_base_new();
	uint64_t seen = 0;
	struct event *event =
		event_new(base, shmb_poll_fd(poll), EV_READ | EV_PERSIST, on_readable, &seen);

	ck_assert_int_eq(event_add(event, NULL), 0);
	for (int i = 0; i < 100; i++) {
		uint64_t version = publish();

		ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
		ck_assert_uint_eq(seen, version);
		ck_assert_int_eq(event_base_loop(base, EVLOOP_NONBLOCK), 0);
	}
	event_free(event);
	event_base_free(base);
}
END_TEST

START_TEST(an_end_does_not_wait_for_what_never_comes)
{
	uint64_t begin = clock_now_ms();

	for (int i = 0; i < 20; i++) {
		struct shmb_poll *other;

		ck_assert_int_eq(shmb_state_poll(reader, 0, &other), 0);
		if (i % 2)
			eventually_pause(); /* so that it sleeps */
		shmb_poll_end(other);
	}
	ck_assert_uint_lt(clock_now_ms() - begin, PATIENCE_MS / 4);
}
END_TEST

static int use_in_child(struct child *self, void *data)
{
	(void)self;
	(void)data;
	ck_assert_int_eq(shmb_poll_again(poll, 0), -EOWNERDEAD);
	shmb_poll_end(poll);
	return 0;
}

START_TEST(a_child_has_none)
{
	child_run(use_in_child, NULL);
	(void)publish();
	ck_assert(is_readable_within(PATIENCE_MS));
}
END_TEST

static pid_t handled_by;

static void handle(int number)
{
	(void)number;
	handled_by = gettid();
}

START_TEST(signals_are_the_program_s)
{
	(void)signal(SIGUSR1, handle);
	for (int i = 0; i < 100; i++) {
		handled_by = 0;
		ck_assert_int_eq(kill(getpid(), SIGUSR1), 0);
		ck_assert_int_eq(handled_by, getpid());
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("poll");
	TCase *tests = tcase_create("poll");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, it_is_readable_when_there_is_another_version);
	tcase_add_test(tests, what_came_before_is_seen_at_once);
	tcase_add_test(tests, what_is_waited_for_may_change);
	tcase_add_test(tests, many_of_them_see_the_same);
	tcase_add_test(tests, a_loop_of_libevent_sees_it);
	tcase_add_test(tests, an_end_does_not_wait_for_what_never_comes);
	tcase_add_test(tests, a_child_has_none);
	tcase_add_test(tests, signals_are_the_program_s);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
