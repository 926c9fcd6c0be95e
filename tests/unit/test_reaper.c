/*
 * What is freed by whom, in which order, and that nothing of the reaper is left when it is done.
 * Where a test has to look at what waits, the reaper is made to believe that its thread is at work:
 * then it starts none.
 */
#include "objects/reaper.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "make_segment.h"
#include "support/forbid.h"
#include "support/suite.h"

#define MANY 1000 /* in the list of what waits */

static const struct sysv_grant for_all = {0, 0066};

static struct event_base *base;
static struct reaper reaper;

/* What came back, in this order. */
static struct reaping *back[MANY];
static unsigned n_back;

static void on_freed(struct reaping *reaping)
{
	ck_assert_uint_lt(n_back, MANY);
	back[n_back++] = reaping;
}

static void start(void)
{
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	ck_assert_int_eq(reaper_init(&reaper, base, false), 0);
	n_back = 0;
}

static void stop(void)
{
	reaper_fini(&reaper);
	event_base_free(base);
}

static void let_wait(void)
{
	reaper.is_at_work = true;
}

/* What is added next starts the thread. */
static void let_go(void)
{
	reaper.is_at_work = false;
}

/* Until the reaper waits for nothing any more. */
static void run_loop(void)
{
	(void)event_base_dispatch(base);
	ck_assert(!reaper.has_thread);
}

static int memfd_of(size_t populated)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)(REAPER_TURN_BYTES * 4)), 0);
	ck_assert_int_eq(fallocate(fd, 0, 0, (off_t)populated), 0);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static struct segment sysv_segment(void)
{
	struct segment segment;

	ck_assert_int_eq(make_segment(&segment, WIRE_BACKING_SYSV, REAPER_TURN_BYTES, &for_all), 0);
	return segment;
}

static struct reaping reaping_of(struct segment segment)
{
	return (struct reaping){.segment = segment, .on_freed = on_freed};
}

START_TEST(large_memory_is_freed_by_the_thread_which_then_ends)
{
	struct reaping reaping = reaping_of(sysv_segment());
	int large = memfd_of(REAPER_TURN_BYTES);

	ck_assert(reaper_is_due(&reaper, &reaping.segment, REAPER_TURN_BYTES));
	ck_assert(reaper_take(&reaper, &reaping));
	reaper_close(&reaper, large);
	ck_assert(reaper.has_thread);
	run_loop();
	ck_assert(!is_open(large));
	ck_assert(!segment_lives_on(&reaping.segment));
	ck_assert_uint_eq(n_back, 1);
	ck_assert_ptr_eq(back[0], &reaping);
	ck_assert_int_eq(reaping.error, 0);
}
END_TEST

START_TEST(a_little_is_freed_by_the_loop)
{
	int sparse = memfd_of(REAPER_TURN_BYTES / 2), pipes[2];
	struct segment small = {.backing = WIRE_BACKING_SYSV};

	ck_assert(!reaper_is_due(&reaper, &small, 4096));
	reaper_close(&reaper, sparse);
	ck_assert(!is_open(sparse));
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	reaper_close(&reaper, pipes[0]);
	reaper_close(&reaper, pipes[1]);
	ck_assert(!is_open(pipes[0]) && !is_open(pipes[1]));
	reaper_close(&reaper, -1);
	ck_assert(!reaper.has_thread);
}
END_TEST

/* However many come in a turn, and however small they are. */
START_TEST(what_goes_beyond_that_in_one_turn_is_not_and_in_the_next_it_is_again)
{
	static const size_t sizes[] = {REAPER_MEMFD_BYTES_MIN, 100 << 10, 1000 << 10};
	size_t freed = 0, size = sizes[_i];
	int again;

	let_wait();
	for (unsigned i = 0; i < 100; i++) {
		int fd = memfd_of(size);

		reaper_close(&reaper, fd);
		freed += is_open(fd) ? 0 : size;
	}
	ck_assert_uint_gt(freed, 0);
	ck_assert_uint_lt(freed, REAPER_TURN_BYTES);
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	again = memfd_of(size);
	reaper_close(&reaper, again);
	ck_assert(!is_open(again));
	let_go();
	reaper_close(&reaper, memfd_of(REAPER_TURN_BYTES));
	run_loop();
}
END_TEST

START_TEST(what_is_too_small_to_be_worth_it_never_is)
{
	let_wait();
	for (unsigned i = 0; i < 2 * REAPER_TURN_BYTES / 4096; i++)
		ck_assert(!reaper_is_due(&reaper, &(struct segment){.backing = WIRE_BACKING_SYSV},
					 4096));
	let_go();
}
END_TEST

START_TEST(however_much_waits_the_loop_frees_none_of_it_and_all_comes_back_in_order)
{
	static struct reaping reapings[MANY];
	int fds[MANY];

	let_wait();
	for (unsigned i = 0; i < MANY; i++) {
		fds[i] = memfd_of(4096);
		reapings[i] = reaping_of((struct segment){.backing = WIRE_BACKING_MEMFD,
							  .memfd = {.fd = fds[i], .read_fd = -1}});
		if (i == MANY - 1)
			let_go();
		ck_assert(reaper_take(&reaper, &reapings[i]));
		ck_assert(i == MANY - 1 || is_open(fds[i]));
	}
	run_loop();
	ck_assert_uint_eq(n_back, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert(!is_open(fds[i]));
		ck_assert_ptr_eq(back[i], &reapings[i]);
	}
}
END_TEST

START_TEST(the_end_waits_until_all_is_freed_and_gives_it_back)
{
	struct reaping reapings[8];

	let_wait();
	for (unsigned i = 0; i < 8; i++) {
		reapings[i] = reaping_of(sysv_segment());
		if (i == 7)
			let_go();
		ck_assert(reaper_take(&reaper, &reapings[i]));
	}
	reaper_fini(&reaper);
	ck_assert_uint_eq(n_back, 8);
	for (unsigned i = 0; i < 8; i++)
		ck_assert(!segment_lives_on(&reapings[i].segment));
	ck_assert(!reaper_take(&reaper, &reapings[0]));
	ck_assert_int_eq(reaper_init(&reaper, base, false), 0);
}
END_TEST

/* As a thread of the test, since what it may not do it may never do again. */
static void *hand_over_what_cannot_be_removed(void *data)
{
	struct reaping *reapings = data;

	forbid_call(SYS_shmctl, IPC_RMID, EPERM);
	for (unsigned i = 0; i < 3; i++)
		ck_assert(reaper_take(&reaper, &reapings[i]));
	return NULL;
}

START_TEST(each_that_cannot_be_removed_comes_back_with_the_reason)
{
	struct reaping reapings[3];
	pthread_t thread;

	for (unsigned i = 0; i < 3; i++)
		reapings[i] = reaping_of(sysv_segment());
	ck_assert_int_eq(pthread_create(&thread, NULL, hand_over_what_cannot_be_removed, reapings),
			 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	run_loop();
	ck_assert_uint_eq(n_back, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(reapings[i].error, -EPERM);
		ck_assert(segment_has_key(&reapings[i].segment));
		segment_destroy(&reapings[i].segment);
	}
}
END_TEST

static void limit_descriptors(rlim_t n)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(it_needs_no_descriptor_that_may_not_be_there)
{
	int large = memfd_of(REAPER_TURN_BYTES);

	limit_descriptors(0);
	reaper_close(&reaper, large);
	ck_assert(reaper.has_thread);
	limit_descriptors(1024);
	run_loop();
	ck_assert(!is_open(large));
}
END_TEST

static void *be_refused(void *data)
{
	int *large = data;
	struct reaping reaping = reaping_of(sysv_segment());

	forbid_call(SYS_clone3, -1, EAGAIN);
	reaper_close(&reaper, *large);
	ck_assert(!is_open(*large));
	ck_assert(!reaper_take(&reaper, &reaping));
	ck_assert(segment_has_key(&reaping.segment));
	segment_destroy(&reaping.segment);
	return NULL;
}

START_TEST(where_no_thread_can_be_had_the_caller_frees)
{
	int large = memfd_of(REAPER_TURN_BYTES);
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, be_refused, &large), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	run_loop(); /* which has nothing to wait for */
	ck_assert_uint_eq(n_back, 0);
	/* And it is no worse for it. */
	large = memfd_of(REAPER_TURN_BYTES);
	reaper_close(&reaper, large);
	run_loop();
	ck_assert(!is_open(large));
}
END_TEST

START_TEST(where_there_is_to_be_none_nothing_is_handed_over)
{
	struct segment segment = {.backing = WIRE_BACKING_SYSV};

	reaper_fini(&reaper);
	ck_assert_int_eq(reaper_init(&reaper, base, true), 0);
	ck_assert(!reaper_is_due(&reaper, &segment, UINT64_MAX));
	ck_assert(!reaper_take(&reaper, &(struct reaping){.segment = segment}));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reaper");
	TCase *tests = tcase_create("reaper");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, large_memory_is_freed_by_the_thread_which_then_ends);
	tcase_add_test(tests, a_little_is_freed_by_the_loop);
	tcase_add_loop_test(tests,
			    what_goes_beyond_that_in_one_turn_is_not_and_in_the_next_it_is_again, 0,
			    3);
	tcase_add_test(tests, what_is_too_small_to_be_worth_it_never_is);
	tcase_add_test(tests,
		       however_much_waits_the_loop_frees_none_of_it_and_all_comes_back_in_order);
	tcase_add_test(tests, the_end_waits_until_all_is_freed_and_gives_it_back);
	tcase_add_test(tests, each_that_cannot_be_removed_comes_back_with_the_reason);
	tcase_add_test(tests, it_needs_no_descriptor_that_may_not_be_there);
	tcase_add_test(tests, where_no_thread_can_be_had_the_caller_frees);
	tcase_add_test(tests, where_there_is_to_be_none_nothing_is_handed_over);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
