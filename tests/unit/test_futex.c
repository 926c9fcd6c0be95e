/*
 * Sleeping in shared memory: what ends a sleep, how long one is, and what signals do to it; each by
 * every way that the kernel may have.
 */
#include "core/futex.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/forbid.h"
#include "support/proc.h"
#include "support/suite.h"

#ifndef SYS_futex_wait
#define SYS_futex_wait 455
#endif

#define MS UINT64_C(1000000)

/* What the kernel does not have. */
static const unsigned ways[] = {0, FUTEX_WAIT2, FUTEX_WAIT2 | FUTEX_WAITV};

struct page {
	_Atomic uint32_t word;
	_Atomic uint32_t epoch;
	_Atomic uint64_t whole;
};

static struct page *page;            /* shared with children */
static const struct page *read_only; /* the same memory */

static void start(void)
{
	int fd = memfd_create("words", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, sizeof(*page)), 0);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	read_only = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(page, MAP_FAILED);
	ck_assert_ptr_ne(read_only, MAP_FAILED);
	close(fd);
	futex_forbid(0);
}

static void stop(void)
{
	munmap(page, sizeof(*page));
	munmap((void *)(uintptr_t)read_only, sizeof(*page));
}

/* Somebody who sleeps on N words until they stir, or something else ends it. */
struct sleeper {
	pthread_t thread;
	_Atomic pid_t tid;
	const struct page *words;
	unsigned n;
	int result;
};

static int sleep_on(const struct page *words, unsigned n, uint64_t deadline)
{
	const struct futex_word list[] = {{&words->word, 0}, {&words->epoch, 0}};
	struct futex_patience patience = futex_patience(deadline);
	int r;

	do
		r = futex_sleep(list, n, &patience);
	while (r == FUTEX_STILL);
	return r;
}

static void *be_asleep(void *data)
{
	struct sleeper *sleeper = data;

	sleeper->tid = gettid();
	sleeper->result = sleep_on(sleeper->words, sleeper->n, SHMB_NO_DEADLINE);
	return NULL;
}

static void sleeper_start(struct sleeper *sleeper, const struct page *words, unsigned n)
{
	*sleeper = (struct sleeper){.words = words, .n = n};
	ck_assert_int_eq(pthread_create(&sleeper->thread, NULL, be_asleep, sleeper), 0);
	eventually(sleeper->tid && proc_state(sleeper->tid) == 'S');
}

static int sleeper_end(struct sleeper *sleeper)
{
	ck_assert_int_eq(pthread_join(sleeper->thread, NULL), 0);
	return sleeper->result;
}

START_TEST(a_word_with_another_value_is_not_slept_on)
{
	futex_forbid(ways[_i]);
	page->word = 1;
	ck_assert_int_eq(sleep_on(page, 1, SHMB_NO_DEADLINE), FUTEX_STIRRED);
	ck_assert_int_eq(sleep_on(page, 2, SHMB_NO_DEADLINE), FUTEX_STIRRED);
	page->word = 0;
	page->epoch = 1;
	ck_assert_int_eq(sleep_on(page, 2, SHMB_NO_DEADLINE), FUTEX_STIRRED);
}
END_TEST

START_TEST(a_deadline_that_has_passed_is_no_sleep)
{
	uint64_t deadlines[] = {SHMB_AT_ONCE, 1, clock_now_ns()};
	const struct futex_word word = {&page->word, 0};

	futex_forbid(ways[_i]);
	for (size_t i = 0; i < ARRAY_SIZE(deadlines); i++) {
		struct futex_patience patience = futex_patience(deadlines[i]);

		ck_assert(futex_is_over(&patience));
		ck_assert_int_eq(futex_sleep(&word, 1, &patience), -ETIMEDOUT);
	}
}
END_TEST

/* At the deadline there is a last look to take. */
START_TEST(a_sleep_ends_at_the_deadline)
{
	const struct futex_word words[] = {{&page->word, 0}, {&page->epoch, 0}};

	futex_forbid(ways[_i]);
	for (unsigned n = 1; n <= 2; n++) {
		uint64_t deadline = clock_now_ns() + 100 * MS;
		struct futex_patience patience = {deadline, PATIENCE_MS * MS};

		ck_assert(!futex_is_over(&patience));
		ck_assert_int_eq(futex_sleep(words, n, &patience), FUTEX_STILL);
		ck_assert_uint_ge(clock_now_ns(), deadline);
		ck_assert_uint_lt(clock_now_ns(), deadline + PATIENCE_MS * MS / 2);
		ck_assert_int_eq(futex_sleep(words, n, &patience), -ETIMEDOUT);
	}
}
END_TEST

START_TEST(sleeps_grow_longer_until_something_stirs)
{
	static const unsigned bounds_ms[] = {10, 20, 40, 80, 160, 250, 250};
	const struct futex_word words[] = {{&page->word, 0}, {&page->epoch, 0}};
	struct futex_patience patience = futex_patience(SHMB_NO_DEADLINE);

	futex_forbid(ways[_i]);
	for (size_t i = 0; i < ARRAY_SIZE(bounds_ms); i++) {
		uint64_t begin = clock_now_ns();

		ck_assert_uint_eq(patience.bound_ns, bounds_ms[i] * MS);
		ck_assert_int_eq(futex_sleep(words, 1 + i % 2, &patience), FUTEX_STILL);
		ck_assert_uint_ge(clock_now_ns(), begin + bounds_ms[i] * MS);
	}
	page->word = 1;
	ck_assert_int_eq(futex_sleep(words, 2, &patience), FUTEX_STIRRED);
	ck_assert_uint_eq(patience.bound_ns, 10 * MS);
}
END_TEST

/* Until it wakes one: it may look again, and so not be asleep, at any moment. */
static void wake_one(const _Atomic uint32_t *word)
{
	eventually(futex_wake(word, 1) == 1);
}

START_TEST(a_wake_ends_a_sleep)
{
	struct sleeper sleeper;

	futex_forbid(ways[_i]);
	for (unsigned n = 1; n <= 2; n++) {
		sleeper_start(&sleeper, page, n);
		wake_one(&page->word);
		ck_assert_int_eq(sleeper_end(&sleeper), FUTEX_STIRRED);
	}
}
END_TEST

START_TEST(a_wake_of_the_second_word_ends_a_sleep)
{
	struct sleeper sleeper;

	sleeper_start(&sleeper, page, 2);
	wake_one(&page->epoch);
	ck_assert_int_eq(sleeper_end(&sleeper), FUTEX_STIRRED);
}
END_TEST

START_TEST(a_change_of_the_second_word_is_seen_in_any_case)
{
	struct sleeper sleeper;

	futex_forbid(ways[_i]);
	sleeper_start(&sleeper, page, 2);
	page->epoch = 1;
	ck_assert_int_eq(sleeper_end(&sleeper), FUTEX_STIRRED);
}
END_TEST

START_TEST(words_that_may_only_be_read_can_be_slept_on)
{
	struct sleeper sleeper;

	futex_forbid(ways[_i]);
	for (unsigned n = 1; n <= 2; n++) {
		sleeper_start(&sleeper, read_only, n);
		wake_one(&page->word);
		ck_assert_int_eq(sleeper_end(&sleeper), FUTEX_STIRRED);
		sleeper_start(&sleeper, page, n);
		wake_one(&read_only->word);
		ck_assert_int_eq(sleeper_end(&sleeper), FUTEX_STIRRED);
	}
}
END_TEST

static int be_asleep_elsewhere(struct child *self, void *data)
{
	child_say(self, 0);
	return sleep_on(data, 2, SHMB_NO_DEADLINE);
}

START_TEST(another_process_is_woken)
{
	struct child child;

	futex_forbid(ways[_i]);
	child_start(&child, be_asleep_elsewhere, (void *)(uintptr_t)read_only);
	(void)child_hear(&child);
	wake_one(&page->word);
	ck_assert_int_eq(child_wait(&child), FUTEX_STIRRED);
}
END_TEST

START_TEST(as_many_are_woken_as_was_said)
{
	struct sleeper sleepers[3];
	int woken = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++)
		sleeper_start(&sleepers[i], page, 1);
	wake_one(&page->word);
	eventually((woken += futex_wake(&page->word, FUTEX_ALL)) == 2);
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++)
		ck_assert_int_eq(sleeper_end(&sleepers[i]), FUTEX_STIRRED);
	ck_assert_int_eq(futex_wake(&page->word, FUTEX_ALL), 0);
}
END_TEST

START_TEST(waking_leaves_errno_alone)
{
	errno = E2BIG;
	ck_assert_int_eq(futex_wake(NULL, 1), 0);
	ck_assert_int_eq(errno, E2BIG);
}
END_TEST

START_TEST(half_of_a_word_can_be_slept_on)
{
	const struct futex_word half = {futex_low_half(&page->whole), 7};
	struct futex_patience patience = futex_patience(SHMB_NO_DEADLINE);

	futex_forbid(ways[_i]);
	page->whole = UINT64_C(0x100000007);
	ck_assert_int_eq(futex_sleep(&half, 1, &patience), FUTEX_STILL);
	page->whole = UINT64_C(0x100000008);
	ck_assert_int_eq(futex_sleep(&half, 1, &patience), FUTEX_STIRRED);
}
END_TEST

/* Whoever cannot sleep on it does not turn in circles either. */
START_TEST(what_is_no_word_is_slept_for)
{
	const struct futex_word none = {&page->word, 0};
	struct futex_patience patience = futex_patience(SHMB_NO_DEADLINE);
	uint64_t begin = clock_now_ns();

	futex_forbid(ways[_i]);
	ck_assert_int_eq(mprotect(page, sizeof(*page), PROT_NONE), 0);
	ck_assert_int_eq(futex_sleep(&none, 1, &patience), FUTEX_STILL);
	ck_assert_uint_ge(clock_now_ns(), begin + 10 * MS);
}
END_TEST

static _Atomic unsigned n_handled;

static void on_signal(int number)
{
	(void)number;
	n_handled++;
}

static void handle(int flags)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};

	n_handled = 0;
	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
}

START_TEST(a_handler_ends_a_sleep)
{
	struct sleeper sleeper;

	futex_forbid(ways[_i]);
	handle(0);
	for (unsigned n = 1; n <= 2; n++) {
		sleeper_start(&sleeper, page, n);
		/* It may have been awake for a moment. */
		eventually(pthread_tryjoin_np(sleeper.thread, NULL) == 0 ||
			   pthread_kill(sleeper.thread, SIGUSR1) != 0);
		ck_assert_int_eq(sleeper.result, -EINTR);
	}
}
END_TEST

/* 30 of them, of which most find it asleep. */
static void disturb(struct sleeper *sleeper)
{
	for (unsigned i = 0; i < 30; i++) {
		eventually(proc_state(sleeper->tid) == 'S');
		ck_assert_int_eq(pthread_kill(sleeper->thread, SIGUSR1), 0);
		eventually(n_handled == i + 1);
	}
}

START_TEST(a_handler_that_restarts_does_not_end_a_sleep)
{
	struct sleeper sleeper;

	futex_forbid(ways[_i]);
	for (unsigned n = 1; n <= 2; n++) {
		handle(SA_RESTART);
		sleeper_start(&sleeper, page, n);
		disturb(&sleeper);
		wake_one(&page->word);
		ck_assert_int_eq(sleeper_end(&sleeper), FUTEX_STIRRED);
	}
}
END_TEST

/* The kernel does not say which handler it was. */
START_TEST(without_the_newer_calls_any_handler_ends_a_sleep)
{
	struct sleeper sleeper;

	futex_forbid(FUTEX_WAIT2 | FUTEX_WAITV);
	handle(SA_RESTART);
	sleeper_start(&sleeper, page, 1);
	eventually(pthread_tryjoin_np(sleeper.thread, NULL) == 0 ||
		   pthread_kill(sleeper.thread, SIGUSR1) != 0);
	ck_assert_int_eq(sleeper.result, -EINTR);
}
END_TEST

START_TEST(a_stop_does_not_end_a_sleep)
{
	struct child child;

	futex_forbid(ways[_i]);
	child_start(&child, be_asleep_elsewhere, page);
	(void)child_hear(&child);
	for (unsigned i = 0; i < 5; i++) {
		eventually(proc_state(child.pid) == 'S');
		ck_assert_int_eq(kill(child.pid, SIGSTOP), 0);
		eventually(proc_state(child.pid) == 'T');
		ck_assert_int_eq(kill(child.pid, SIGCONT), 0);
	}
	wake_one(&page->word);
	ck_assert_int_eq(child_wait(&child), FUTEX_STIRRED);
}
END_TEST

/* A kernel that is older, and a filter that does not know the call; the filter comes when the call
 * has been used. */
START_TEST(where_a_call_is_forbidden_there_is_another_way)
{
	static const int errors[] = {ENOSYS, EPERM};
	struct sleeper sleeper;

	page->word = 1;
	ck_assert_int_eq(sleep_on(page, 1, SHMB_NO_DEADLINE), FUTEX_STIRRED);
	ck_assert_int_eq(sleep_on(page, 2, SHMB_NO_DEADLINE), FUTEX_STIRRED);
	page->word = 0;
	forbid_call(SYS_futex_waitv, -1, errors[_i]);
	forbid_call(SYS_futex_wait, -1, errors[_i]);
	for (unsigned n = 1; n <= 2; n++) {
		sleeper_start(&sleeper, read_only, n);
		wake_one(&page->word);
		ck_assert_int_eq(sleeper_end(&sleeper), FUTEX_STIRRED);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("futex");
	TCase *tests = tcase_create("futex");
	const int n = ARRAY_SIZE(ways);

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_loop_test(tests, a_word_with_another_value_is_not_slept_on, 0, n);
	tcase_add_loop_test(tests, a_deadline_that_has_passed_is_no_sleep, 0, n);
	tcase_add_loop_test(tests, a_sleep_ends_at_the_deadline, 0, n);
	tcase_add_loop_test(tests, sleeps_grow_longer_until_something_stirs, 0, n);
	tcase_add_loop_test(tests, a_wake_ends_a_sleep, 0, n);
	tcase_add_test(tests, a_wake_of_the_second_word_ends_a_sleep);
	tcase_add_loop_test(tests, a_change_of_the_second_word_is_seen_in_any_case, 0, n);
	tcase_add_loop_test(tests, words_that_may_only_be_read_can_be_slept_on, 0, n);
	tcase_add_loop_test(tests, another_process_is_woken, 0, n);
	tcase_add_test(tests, as_many_are_woken_as_was_said);
	tcase_add_test(tests, waking_leaves_errno_alone);
	tcase_add_loop_test(tests, half_of_a_word_can_be_slept_on, 0, n);
	tcase_add_loop_test(tests, what_is_no_word_is_slept_for, 0, n);
	tcase_add_loop_test(tests, a_handler_ends_a_sleep, 0, n);
	/* Not of the last way. */
	tcase_add_loop_test(tests, a_handler_that_restarts_does_not_end_a_sleep, 0, n - 1);
	tcase_add_test(tests, without_the_newer_calls_any_handler_ends_a_sleep);
	tcase_add_loop_test(tests, a_stop_does_not_end_a_sleep, 0, n);
	tcase_add_loop_test(tests, where_a_call_is_forbidden_there_is_another_way, 0, 2);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
