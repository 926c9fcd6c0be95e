/*
 * Two processes that are both number 1, each of its namespace, exclude each other: nothing in a
 * lock is a pid. Only root can make such namespaces.
 */
#include <check.h>
#include <sched.h>
#include <shmbroker/error.h>
#include <shmbroker/lock.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Both begin together. */
static void count(void)
{
	struct shmb_member member = fake_member_new(&roster);

	ck_assert_int_eq(member.pid, 1);
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

/* The first child after the call is the first of the namespace. */
static int be_first_and_count(struct child *self, void *data)
{
	int status;
	pid_t pid;

	(void)self;
	(void)data;
	ck_assert_int_eq(unshare(CLONE_NEWPID), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		count();
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status != 0;
}

START_TEST(two_that_are_number_1_exclude_each_other)
{
	struct child children[2];

	fake_roster_start(&roster, 8);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	for (size_t i = 0; i < 2; i++)
		child_start(&children[i], be_first_and_count, NULL);
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	ck_assert_uint_eq(shared->counter, 2 * ROUNDS);
	munmap(shared, sizeof(*shared));
	fake_roster_stop(&roster);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lock namespaces");
	TCase *tests = tcase_create("lock namespaces");

	if (geteuid() != 0)
		return SKIPPED;
	tcase_add_test(tests, two_that_are_number_1_exclude_each_other);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
