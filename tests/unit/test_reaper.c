/*
 * What is freed by whom, in which order, and that nothing of the reaper is left when it is done.
 * Where a test has to look at what waits, the reaper is made to believe that its thread is at work:
 * then it starts none.
 */
#include "objects/reaper.h"

#include <event2/event.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <unistd.h>

#include "make_segment.h"
#include "support/suite.h"

static const struct sysv_grant for_all = {0, 0066};

static struct event_base *base;
static struct reaper reaper;
static int n_freed;

static void on_freed(void *data)
{
	++*(int *)data;
}

static void start(void)
{
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	reaper_init(&reaper, base, false, on_freed, &n_freed);
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
	ck_assert_int_eq(ftruncate(fd, (off_t)(REAPER_WORTHWHILE * 4)), 0);
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

	ck_assert_int_eq(make_segment(&segment, WIRE_BACKING_SYSV, REAPER_WORTHWHILE, &for_all), 0);
	return segment;
}

START_TEST(large_memory_is_freed_by_the_thread_which_then_ends)
{
	int large = memfd_of(REAPER_WORTHWHILE);

	reaper_close(&reaper, large);
	ck_assert(reaper.has_thread);
	run_loop();
	ck_assert(!is_open(large));
	ck_assert_int_ge(n_freed, 1);
}
END_TEST

START_TEST(what_is_not_large_is_freed_at_once)
{
	int sparse = memfd_of(REAPER_WORTHWHILE / 2), pipes[2];
	struct segment small;

	ck_assert_int_eq(make_segment(&small, WIRE_BACKING_SYSV, 4096, &for_all), 0);
	ck_assert(!reaper_end(&reaper, &small, 4096));
	ck_assert_uint_eq(small.backing, 0);
	reaper_close(&reaper, sparse);
	ck_assert(!is_open(sparse));
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	reaper_close(&reaper, pipes[0]);
	reaper_close(&reaper, pipes[1]);
	ck_assert(!is_open(pipes[0]) && !is_open(pipes[1]));
	reaper_close(&reaper, -1);
	ck_assert(!reaper.has_thread);
	ck_assert_int_eq(reaper.bell, -1);
}
END_TEST

START_TEST(until_it_is_removed_a_system_v_segment_is_closed_to_others)
{
	struct segment segment = sysv_segment(), copy = segment;
	struct shmid_ds now;

	let_wait();
	ck_assert(reaper_end(&reaper, &segment, REAPER_WORTHWHILE));
	ck_assert_uint_eq(segment.backing, 0);
	ck_assert_int_eq(shmctl(copy.sysv.id, IPC_STAT, &now), 0);
	ck_assert_uint_eq(now.shm_perm.mode & 0777u, 0600);
	ck_assert(segment_has_key(&copy));
	ck_assert(segment_lives_on(&copy));
	let_go();
	reaper_close(&reaper, memfd_of(REAPER_WORTHWHILE));
	run_loop();
	ck_assert(!segment_has_key(&copy));
	ck_assert(!segment_lives_on(&copy));
}
END_TEST

START_TEST(a_full_queue_lets_the_caller_do_it_and_keeps_its_order)
{
	int fds[REAPER_QUEUE_MAX], over = memfd_of(REAPER_WORTHWHILE);

	let_wait();
	for (unsigned i = 0; i < REAPER_QUEUE_MAX; i++) {
		fds[i] = memfd_of(REAPER_WORTHWHILE);
		reaper_close(&reaper, fds[i]);
		ck_assert(is_open(fds[i]));
	}
	reaper_close(&reaper, over);
	ck_assert(!is_open(over));
	ck_assert_uint_eq(reaper.n, REAPER_QUEUE_MAX);
	for (unsigned i = 0; i < REAPER_QUEUE_MAX; i++)
		ck_assert_int_eq(reaper.queue[(reaper.first + i) % REAPER_QUEUE_MAX].memfd.fd,
				 fds[i]);
	reaper.n--; /* there is a place again */
	let_go();
	reaper_close(&reaper, fds[REAPER_QUEUE_MAX - 1]);
	run_loop();
	for (unsigned i = 0; i < REAPER_QUEUE_MAX; i++)
		ck_assert(!is_open(fds[i]));
}
END_TEST

START_TEST(the_end_waits_until_all_is_freed)
{
	struct segment segments[8];

	let_wait();
	for (unsigned i = 0; i < 8; i++) {
		struct segment given = segments[i] = sysv_segment();

		if (i == 7)
			let_go();
		ck_assert(reaper_end(&reaper, &given, REAPER_WORTHWHILE));
	}
	reaper_fini(&reaper);
	for (unsigned i = 0; i < 8; i++)
		ck_assert(!segment_lives_on(&segments[i]));
	reaper_init(&reaper, base, false, on_freed, &n_freed);
}
END_TEST

static void limit_descriptors(rlim_t n)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(where_no_thread_can_be_had_the_caller_frees)
{
	struct segment segment = sysv_segment(), copy = segment;
	int large = memfd_of(REAPER_WORTHWHILE);

	if (_i == 0)
		limit_descriptors(0); /* no bell */
	else
		reaper.is_off = true;
	reaper_close(&reaper, large);
	ck_assert(!is_open(large));
	ck_assert(!reaper_end(&reaper, &segment, REAPER_WORTHWHILE));
	ck_assert_uint_eq(segment.backing, 0);
	ck_assert(!segment_lives_on(&copy));
	limit_descriptors(1024);
	run_loop(); /* which has nothing to wait for */
	ck_assert_int_eq(n_freed, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reaper");
	TCase *tests = tcase_create("reaper");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, large_memory_is_freed_by_the_thread_which_then_ends);
	tcase_add_test(tests, what_is_not_large_is_freed_at_once);
	tcase_add_test(tests, until_it_is_removed_a_system_v_segment_is_closed_to_others);
	tcase_add_test(tests, a_full_queue_lets_the_caller_do_it_and_keeps_its_order);
	tcase_add_test(tests, the_end_waits_until_all_is_freed);
	tcase_add_loop_test(tests, where_no_thread_can_be_had_the_caller_frees, 0, 2);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
