/*
 * Two processes that are both number 1, each of its namespace, exclude each other: nothing in a
 * lock is a pid. Only root can make such namespaces.
 */
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <shmbroker/error.h>
#include <shmbroker/lock.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/fake_member.h"
#include "support/sanitizers.h"
#include "support/suite.h"

#define SKIPPED 77
#define ROUNDS  (IS_ASAN || IS_TSAN ? 2000 : 20000)

struct shared {
	struct shmb_lock lock;
	uint64_t counter;
	_Atomic unsigned n_there;
};

static struct fake_roster roster;
static struct shared *shared;

static void start(void)
{
	fake_roster_start(&roster, 8);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

static void stop(void)
{
	munmap(shared, sizeof(*shared));
	fake_roster_stop(&roster);
}

/* Run FUNCTION as the first process of a new namespace. */
static void be_first(void (*function)(struct shmb_member *member), struct shmb_member *member)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(unshare(CLONE_NEWPID), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		ck_assert_int_eq(getpid(), 1);
		function(member);
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* Both begin together. */
static void count(struct shmb_member *none attr_unused)
{
	struct shmb_member member = fake_member_new(&roster);

	shared->n_there++;
	eventually(shared->n_there == 2);
	for (unsigned i = 0; i < ROUNDS; i++) {
		ck_assert_int_eq(shmb_lock_acquire(&shared->lock, &member,
						   shmb_deadline_in_ms(PATIENCE_MS)),
				 0);
		shared->counter++;
		ck_assert_int_eq(shmb_lock_release(&shared->lock, &member), 0);
	}
}

static int be_first_and_count(struct child *self attr_unused, void *data attr_unused)
{
	be_first(count, NULL);
	return 0;
}

START_TEST(two_that_are_number_1_exclude_each_other)
{
	struct child children[2];

	for (size_t i = 0; i < 2; i++)
		child_start(&children[i], be_first_and_count, NULL);
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	ck_assert_uint_eq(shared->counter, 2 * ROUNDS);
}
END_TEST

/* It has its parent's memory, handles and number, and is another process all the same. */
static void be_nobody(struct shmb_member *inherited)
{
	ck_assert_int_eq(shmb_lock_try(&shared->lock, inherited), -EOWNERDEAD);
	ck_assert_int_eq(shmb_lock_release(&shared->lock, inherited), -EOWNERDEAD);
}

static void own_and_fork(struct shmb_member *none attr_unused)
{
	struct shmb_member member = fake_member_new(&roster);

	ck_assert_int_eq(shmb_lock_acquire(&shared->lock, &member, SHMB_AT_ONCE), 0);
	be_first(be_nobody, &member);
	ck_assert_int_eq(shmb_lock_release(&shared->lock, &member), 0);
}

static int be_first_and_fork(struct child *self attr_unused, void *data attr_unused)
{
	be_first(own_and_fork, NULL);
	return 0;
}

START_TEST(a_child_that_is_number_1_too_is_not_its_parent)
{
	child_run(be_first_and_fork, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lock namespaces");
	TCase *tests = tcase_create("lock namespaces");

	if (geteuid() != 0)
		return SKIPPED;
	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, two_that_are_number_1_exclude_each_other);
	tcase_add_test(tests, a_child_that_is_number_1_too_is_not_its_parent);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
