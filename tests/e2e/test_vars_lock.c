/*
 * A lock among shared variables: threads of two processes exclude each other by it, and who is
 * killed with it leaves it to the others, who are told.
 */
#include <check.h>
#include <pthread.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/sanitizers.h"
#include "support/suite.h"
#include "vars/loaded.h"

enum word { READY_TO_GO, GO };

#define THREADS 8 /* of each process */
#define ROUNDS  (IS_ASAN || IS_TSAN ? 500 : 5000)

static const struct shmb_segment_options backings[] = {{.backing = SHMB_BACKING_SYSV},
						       {.backing = SHMB_BACKING_MEMFD}};

static struct broker broker;
static struct loaded loaded;
static const struct subject *subject;

static void start(void)
{
	broker_start(&broker, NULL);
	loaded = loaded_open("own");
	subject = loaded.subject;
}

static void stop(void)
{
	loaded_close(&loaded);
	broker_stop(&broker);
}

/* The variables are shared by this process, which is a member. */
static struct shmb_member *join(struct shmb_connection *connection, int backing)
{
	struct shmb_member *member;

	expect_ok(subject->attach(connection, "lib/locked", "1", &backings[backing]));
	expect_ok(shmb_member_get(connection, &member));
	return member;
}

static int acquire(struct shmb_member *member)
{
	return shmb_lock_acquire(subject->lock, member, shmb_deadline_in_ms(PATIENCE_MS));
}

/* Both are plain variables: without the lock ThreadSanitizer says so, and counts are lost. */
static void *count_both(void *data)
{
	for (int i = 0; i < ROUNDS; i++) {
		expect_ok(acquire(data));
		ck_assert_int_eq(subject->pair[0]++, subject->pair[1]++);
		expect_ok(shmb_lock_release(subject->lock, data));
	}
	return NULL;
}

static void count_in_threads(struct shmb_member *member)
{
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count_both, member), 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

static int count_as_another(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_member *member = join(own, *(const int *)data);

	child_say(self, READY_TO_GO);
	ck_assert_int_eq(child_hear(self), GO);
	count_in_threads(member);
	shmb_disconnect(own);
	return 0;
}

START_TEST(threads_of_two_processes_exclude_each_other)
{
	struct shmb_connection *connection;
	struct shmb_member *member;
	struct child other;

	child_start(&other, count_as_another, &_i);
	ck_assert_int_eq(child_hear(&other), READY_TO_GO);
	connection = library_connect(&broker);
	member = join(connection, _i);
	child_say(&other, GO);
	count_in_threads(member);
	ck_assert_int_eq(child_wait(&other), 0);
	ck_assert_int_eq(subject->pair[0], 2 * THREADS * ROUNDS);
	ck_assert_int_eq(subject->pair[1], 2 * THREADS * ROUNDS);
	shmb_disconnect(connection);
}
END_TEST

static int stop_half_way(struct child *self, void *data)
{
	struct shmb_member *member = join(library_connect(&broker), *(const int *)data);

	expect_ok(acquire(member));
	subject->pair[0]++;
	child_say(self, READY_TO_GO);
	for (;;)
		pause();
}

START_TEST(who_comes_after_the_dead_repairs)
{
	struct shmb_connection *connection;
	struct shmb_member *member;
	struct child other;

	child_start(&other, stop_half_way, &_i);
	ck_assert_int_eq(child_hear(&other), READY_TO_GO);
	connection = library_connect(&broker);
	member = join(connection, _i);
	child_kill(&other);
	expect_result(acquire(member), SHMB_OWNER_DIED);
	ck_assert_int_eq(subject->pair[0], 1);
	ck_assert_int_eq(subject->pair[1], 0);
	subject->pair[1]++;
	expect_ok(shmb_lock_repaired(subject->lock, member));
	expect_ok(shmb_lock_release(subject->lock, member));
	expect_ok(acquire(member));
	expect_ok(shmb_lock_release(subject->lock, member));
	shmb_disconnect(connection);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("a lock among shared variables");
	TCase *tcase = tcase_create("lock");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, threads_of_two_processes_exclude_each_other, 0,
			    ARRAY_SIZE(backings));
	tcase_add_loop_test(tcase, who_comes_after_the_dead_repairs, 0, ARRAY_SIZE(backings));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
