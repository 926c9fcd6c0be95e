/*
 * Processes that a pid meant once: the same one, another one, none; and what cannot be told.
 */
#include "objects/process.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/suite.h"

static pid_t child;

static void start(void)
{
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		for (;;)
			(void)pause();
}

static void end_child(void)
{
	if (child <= 0)
		return;
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	child = 0;
}

/* As it is here, and as on a kernel that does not number processes for good. */
static uint64_t marks(unsigned i)
{
	int fd = process_open(child, 0);
	uint64_t mark = process_mark(child, fd, i == 1);

	fd_close(fd);
	return mark;
}

static void expect_found(uint64_t mark)
{
	int fd = process_open(child, mark);

	ck_assert_int_ge(fd, 0);
	fd_close(fd);
}

START_TEST(it_is_known_by_its_mark)
{
	uint64_t mark = marks((unsigned)_i);

	ck_assert_uint_ne(mark, 0);
	ck_assert_uint_eq(marks((unsigned)_i), mark);
	expect_found(mark);
	ck_assert_int_eq(process_open(child, mark + 1), -ESRCH);
}
END_TEST

START_TEST(one_that_has_ended_is_none)
{
	uint64_t mark = marks((unsigned)_i);
	pid_t pid = child;

	end_child();
	ck_assert_uint_eq(process_mark(pid, -1, true), 0);
	ck_assert_int_eq(process_open(pid, mark), -ESRCH);
	ck_assert_int_eq(process_open(pid, 0), -ESRCH);
}
END_TEST

static void *wait_for_ever(void *data)
{
	*(_Atomic pid_t *)data = gettid();
	for (;;)
		(void)pause();
	return NULL;
}

START_TEST(a_thread_is_no_process)
{
	static _Atomic pid_t tid;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_ever, (void *)&tid), 0);
	while (tid == 0)
		(void)sched_yield();
	ck_assert_int_eq(process_open(tid, 0), -ESRCH);
}
END_TEST

/* As with hidepid=. Whoever cannot be told apart has not ended because of it. */
START_TEST(where_beginnings_are_hidden_it_is_the_one_with_the_pid)
{
	uint64_t mark = marks(1);

	expect_found(0);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/proc", "tmpfs", 0, NULL) < 0) {
		fprintf(stderr, "NOT TESTED: a hidden /proc, which takes root to be mounted\n");
		return;
	}
	ck_assert_uint_eq(marks(1), 0);
	expect_found(mark);
	ck_assert_int_eq(umount("/proc"), 0); /* others want it: sanitizers at the end do */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("process");
	TCase *tests = tcase_create("process");

	tcase_add_checked_fixture(tests, start, end_child);
	tcase_add_loop_test(tests, it_is_known_by_its_mark, 0, 2);
	tcase_add_loop_test(tests, one_that_has_ended_is_none, 0, 2);
	tcase_add_test(tests, a_thread_is_no_process);
	tcase_add_test(tests, where_beginnings_are_hidden_it_is_the_one_with_the_pid);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
