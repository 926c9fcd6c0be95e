/*
 * The life of shared variables: from ordinary ones to shared ones and back, with several processes,
 * threads and modules. How they are built is the matter of test_vars_builds.c, what goes wrong that
 * of test_vars_faults.c.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/says.h"
#include "support/suite.h"
#include "vars/loaded.h"

enum word { READY_TO_GO, GO, DONE };

#define NAME    "lib/subject"
#define OBJECT  NAME ".1"
#define COUNTED 100000

static struct broker broker;
static struct shmb_connection *connection;
static struct loaded loaded;
static const struct subject *subject;

static const struct shmb_segment_options backings[] = {{.backing = SHMB_BACKING_SYSV},
						       {.backing = SHMB_BACKING_MEMFD}};

static void load(void)
{
	loaded = loaded_open("own");
	subject = loaded.subject;
}

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	load();
}

static void stop(void)
{
	shmb_disconnect(connection);
	if (loaded.subject)
		loaded_close(&loaded);
	broker_stop(&broker);
}

static int attach(struct shmb_connection *to)
{
	return subject->attach(to, NAME, "1", NULL);
}

/* Start a process that does FUNCTION when it is told to GO; it has nothing of this one's but the
 * subject, as it is. */
static void prepare(struct child *child, child_fn *function, void *data)
{
	child_start(child, function, data);
	ck_assert_int_eq(child_hear(child), READY_TO_GO);
}

static struct shmb_connection *await_go(struct child *self)
{
	struct shmb_connection *own = library_connect(&broker);

	child_say(self, READY_TO_GO);
	ck_assert_int_eq(child_hear(self), GO);
	return own;
}

static int64_t tell(struct child *child)
{
	child_say(child, GO);
	return child_hear(child);
}

static int attach_and_count(struct child *self, void *data)
{
	struct shmb_connection *own = await_go(self);

	expect_ok(subject->attach(own, NAME, "1", data));
	subject->count(COUNTED);
	child_say(self, DONE);
	ck_assert_int_eq(child_hear(self), GO);
	shmb_disconnect(own);
	return 0;
}

START_TEST(eight_processes_count_without_a_loss)
{
	struct child children[8];

	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		prepare(&children[i], attach_and_count, (void *)&backings[_i]);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		child_say(&children[i], GO);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		ck_assert_int_eq(child_hear(&children[i]), DONE);
	expect_ok(subject->attach(connection, NAME, "1", &backings[_i]));
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 8 * COUNTED);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		child_say(&children[i], GO);
		ck_assert_int_eq(child_wait(&children[i]), 0);
	}
}
END_TEST

/* The first one's values are what counts, also when they are not the image's any more. */
START_TEST(what_was_written_before_is_shared_by_the_first_alone)
{
	struct child other;

	prepare(&other, attach_and_count, NULL);
	subject->count(5);
	expect_ok(attach(connection));
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 5);
	ck_assert_int_eq(tell(&other), DONE);
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 5 + COUNTED);
	child_say(&other, GO);
	ck_assert_int_eq(child_wait(&other), 0);
}
END_TEST

static void leave(int how)
{
	if (how == 0) {
		expect_ok(subject->detach());
	} else {
		shmb_disconnect(connection);
		connection = library_connect(&broker);
	}
}

/* By detaching, and by ending the connection. */
START_TEST(values_stay_when_the_sharing_ends)
{
	struct child other;

	prepare(&other, attach_and_count, (void *)&backings[_i % 2]);
	expect_ok(subject->attach(connection, NAME, "1", &backings[_i % 2]));
	strcpy(subject->text, "kept");
	ck_assert_int_eq(tell(&other), DONE);
	leave(_i / 2);
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + COUNTED);
	ck_assert_str_eq(subject->text, "kept");
	ck_assert_uint_eq(library_stat(connection, OBJECT).holders, 1);
	subject->count(1);
	child_say(&other, GO);
	ck_assert_int_eq(child_wait(&other), 0);
	/* And they can be shared again, with the values that they have. */
	eventually(!library_exists(connection, OBJECT));
	expect_ok(attach(connection));
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + COUNTED + 1);
}
END_TEST

START_TEST(each_call_has_an_answer_at_any_time)
{
	struct shmb_vars_facts facts = {0};

	expect_ok(subject->detach());
	expect_refused(subject->info(&facts), -ENOTCONN);
	says("the variables of this module are not shared; attach them");
	ck_assert_ptr_null(facts.address);
	expect_ok(attach(connection));
	expect_ok(subject->info(&facts));
	ck_assert((char *)facts.address <= subject->text);
	ck_assert((char *)facts.address + facts.size > subject->text);
	ck_assert_uint_eq(facts.segment.id, library_stat(connection, OBJECT).id);
	ck_assert(facts.segment.writable);
	expect_refused(attach(connection), -EALREADY);
	expect_refused(subject->attach(connection, "lib/another", "1", NULL), -EALREADY);
	says("the variables of this module are shared already; detach");
	expect_ok(subject->detach());
	expect_ok(subject->detach());
	expect_refused(subject->info(&facts), -ENOTCONN);
	ck_assert(!library_exists(connection, "lib/another.1"));
	expect_ok(attach(connection));
	shmb_disconnect(connection);
	connection = library_connect(&broker);
	expect_refused(subject->info(&facts), -ENOTCONN);
	expect_ok(subject->detach());
}
END_TEST

/* An initialiser that takes its time. */
static int hold_back(struct child *self, void *data)
{
	struct shmb_connection *own = await_go(self);
	const struct shmb_segment_options *like = data;
	struct shmb_segment *segment;

	expect_result(shmb_segment_open(own, OBJECT, like, &segment), SHMB_INITIALISE);
	child_say(self, DONE);
	ck_assert_int_eq(child_hear(self), GO);
	shmb_disconnect(own);
	return 0;
}

static void *attach_in_a_thread(void *data)
{
	(void)data;
	expect_ok(attach(connection));
	return NULL;
}

static _Atomic bool is_over;

/* Uses the variables all the time. What it counts may be lost in an exchange, nothing else. */
static void *use(void *data)
{
	long *n = data;

	while (!is_over) {
		long counter = atomic_load(subject->counter);

		ck_assert_msg(counter >= SUBJECT_COUNTER, "the counter is %ld", counter);
		subject->count(1);
		++*n;
	}
	return NULL;
}

START_TEST(threads_go_on_while_pages_are_exchanged)
{
	long n[2] = {0};
	pthread_t threads[2];

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, use, &n[i]), 0);
	for (int i = 0; i < 40; i++) {
		expect_ok(subject->attach(connection, NAME, "1", &backings[i % 2]));
		expect_ok(subject->detach());
		eventually(!library_exists(connection, OBJECT));
	}
	is_over = true;
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_gt(*subject->counter, SUBJECT_COUNTER);
	ck_assert_int_le(*subject->counter, SUBJECT_COUNTER + n[0] + n[1]);
}
END_TEST

/* Forked while a thread of its parent attaches: that is no thread of the child's. */
static int be_busy_with_nothing(struct child *self, void *data)
{
	struct shmb_vars_facts facts;

	(void)self;
	(void)data;
	expect_refused(subject->info(&facts), -ENOTCONN);
	expect_ok(subject->detach());
	return 0;
}

START_TEST(one_thread_at_a_time_is_at_the_variables_of_a_module)
{
	struct shmb_segment_options like = {.flags = SHMB_CREATE};
	struct shmb_vars_facts facts;
	struct shmb_object object;
	struct child holder;
	pthread_t thread;

	expect_ok(attach(connection));
	object = library_stat(connection, OBJECT);
	expect_ok(subject->detach());
	like.size = object.size;
	like.layout = object.layout;
	prepare(&holder, hold_back, &like);
	ck_assert_int_eq(tell(&holder), DONE);

	ck_assert_int_eq(pthread_create(&thread, NULL, attach_in_a_thread, NULL), 0);
	eventually(library_stat(connection, OBJECT).waiting == 1);
	expect_refused(attach(connection), -EBUSY);
	expect_refused(subject->detach(), -EBUSY);
	says("another thread is attaching or detaching these variables;");
	expect_refused(subject->info(&facts), -EBUSY);
	child_run(be_busy_with_nothing, NULL);
	subject->count(1); /* not hindered, and before the values are put in */
	child_say(&holder, GO);
	ck_assert_int_eq(child_wait(&holder), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	expect_ok(subject->info(&facts));
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 1);
}
END_TEST

/* In a forked child. */
static int go_on_sharing(struct child *self, void *data)
{
	struct shmb_vars_facts facts;
	struct shmb_connection *own;

	(void)data;
	subject->count(1);
	expect_refused(subject->info(&facts), -EOWNERDEAD);
	expect_refused(subject->detach(), -EOWNERDEAD);
	expect_refused(attach(connection), -EOWNERDEAD);
	shmb_disconnect(connection);
	subject->count(1);
	child_say(self, DONE);

	ck_assert_int_eq(child_hear(self), GO);
	own = library_connect(&broker);
	expect_ok(attach(own));
	expect_ok(subject->info(&facts));
	subject->count(1);
	child_say(self, DONE);

	ck_assert_int_eq(child_hear(self), GO);
	subject->count(1);
	expect_ok(subject->detach());
	subject->count(1);
	shmb_disconnect(own);
	return 0;
}

START_TEST(a_forked_child_keeps_them_and_may_attach_anew)
{
	struct child child;

	expect_ok(subject->attach(connection, NAME, "1", &backings[_i]));
	child_start(&child, go_on_sharing, NULL);
	ck_assert_int_eq(child_hear(&child), DONE);
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 2);
	ck_assert_uint_eq(library_stat(connection, OBJECT).holders, 1);
	ck_assert_int_eq(tell(&child), DONE);
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 3);
	ck_assert_uint_eq(library_stat(connection, OBJECT).holders, 2);
	child_say(&child, GO);
	ck_assert_int_eq(child_wait(&child), 0);
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 4);
}
END_TEST

/* It is the child's attachment then, without having attached anything. */
static int rejoin_and_count(struct child *self, void *data)
{
	struct shmb_vars_facts facts;

	(void)data;
	expect_ok(shmb_rejoin(connection));
	expect_ok(subject->info(&facts));
	expect_refused(attach(connection), -EALREADY);
	subject->count(1);
	child_say(self, DONE);
	ck_assert_int_eq(child_hear(self), GO);
	expect_ok(subject->detach());
	subject->count(1);
	child_say(self, DONE);
	ck_assert_int_eq(child_hear(self), GO);
	return 0;
}

START_TEST(a_child_that_rejoins_has_them_as_its_parent)
{
	struct child child;

	expect_ok(subject->attach(connection, NAME, "1", &backings[_i]));
	child_start(&child, rejoin_and_count, NULL);
	ck_assert_int_eq(child_hear(&child), DONE);
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 1);
	ck_assert_uint_eq(library_stat(connection, OBJECT).holders, 2);
	ck_assert_int_eq(tell(&child), DONE);
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 1);
	/* Detaching waits for no answer, and the broker may hear this connection first. */
	eventually(library_stat(connection, OBJECT).holders == 1);
	child_say(&child, GO);
	ck_assert_int_eq(child_wait(&child), 0);
}
END_TEST

/* In a forked child whose parent has let go of them: what it attaches then is new. */
static int outlive(struct child *self, void *data)
{
	struct shmb_connection *own = await_go(self);

	(void)data;
	subject->count(1);
	expect_ok(attach(own));
	child_say(self, DONE);
	ck_assert_int_eq(child_hear(self), GO);
	shmb_disconnect(own);
	return 0;
}

START_TEST(a_child_that_outlives_its_parent_goes_on_with_its_values)
{
	struct child child;

	expect_ok(subject->attach(connection, NAME, "1", &backings[1]));
	prepare(&child, outlive, NULL);
	subject->count(1);
	expect_ok(subject->detach());
	eventually(!library_exists(connection, OBJECT));
	subject->count(10);
	ck_assert_int_eq(tell(&child), DONE);
	expect_ok(attach(connection));
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 2);
	child_say(&child, GO);
	ck_assert_int_eq(child_wait(&child), 0);
}
END_TEST

/* No call detaches them, and still nothing is left that the end of the connection could write to:
 * other memory is there by then. */
START_TEST(a_module_that_is_unloaded_is_detached)
{
	struct shmb_vars_facts facts;
	void *taken;

	expect_ok(subject->attach(connection, NAME, "1", &backings[_i]));
	expect_ok(subject->info(&facts));
	loaded_close(&loaded);
	eventually(!library_exists(connection, OBJECT));
	taken = mmap(facts.address, facts.size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_eq(taken, facts.address);
	shmb_disconnect(connection);
	ck_assert_int_eq(*(long *)taken, 0);
	ck_assert_int_eq(munmap(taken, facts.size), 0);
	connection = library_connect(&broker);

	for (int i = 0; i < 10; i++) {
		load();
		ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER);
		expect_ok(attach(connection));
		subject->count(1);
		if (i % 2)
			expect_ok(subject->detach());
		loaded_close(&loaded);
	}
}
END_TEST

/* The destructor of the subject counts once more: at dlclose(3), and at the end of the process. */
static int attach_and_end(struct child *self, void *data)
{
	struct shmb_connection *own = await_go(self);

	expect_ok(attach(own));
	subject->count_at_end();
	if (data)
		loaded_close(&loaded);
	exit(0);
}

START_TEST(what_destructors_change_is_shared)
{
	struct child child;

	prepare(&child, attach_and_end, _i ? &loaded : NULL);
	expect_ok(attach(connection));
	child_say(&child, GO);
	ck_assert_int_eq(child_wait(&child), 0);
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 1);
}
END_TEST

/* What is attached stays shared among those that have it. */
START_TEST(removal_takes_the_name_alone)
{
	struct child other;

	prepare(&other, attach_and_count, NULL);
	expect_ok(attach(connection));
	ck_assert_int_eq(tell(&other), DONE);
	expect_ok(shmb_remove(connection, OBJECT, NULL));
	subject->count(1);
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + COUNTED + 1);
	child_say(&other, GO);
	ck_assert_int_eq(child_wait(&other), 0);
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + COUNTED + 1);
}
END_TEST

START_TEST(values_last_as_long_as_the_object)
{
	const struct shmb_segment_options keeping = {.lifetime = SHMB_LIFETIME_KEEP};
	struct child other;

	prepare(&other, attach_and_count, (void *)&keeping);
	ck_assert_int_eq(tell(&other), DONE);
	child_kill(&other);
	eventually(library_stat(connection, OBJECT).holders == 0);
	expect_ok(attach(connection));
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + COUNTED);
	expect_ok(shmb_remove(connection, OBJECT, NULL));
}
END_TEST

/* Attached memory is nothing of the broker's. */
START_TEST(the_broker_may_go)
{
	expect_ok(attach(connection));
	ck_assert_int_eq(broker_end(&broker, SIGKILL), -SIGKILL);
	subject->count(1);
	expect_ok(subject->detach());
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 1);
	broker_start_again(&broker, NULL);
	shmb_disconnect(connection);
	connection = library_connect(&broker);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shared variables");
	TCase *tcase = tcase_create("life");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, eight_processes_count_without_a_loss, 0, 2);
	tcase_add_test(tcase, what_was_written_before_is_shared_by_the_first_alone);
	tcase_add_loop_test(tcase, values_stay_when_the_sharing_ends, 0, 4);
	tcase_add_test(tcase, each_call_has_an_answer_at_any_time);
	tcase_add_test(tcase, one_thread_at_a_time_is_at_the_variables_of_a_module);
	tcase_add_test(tcase, threads_go_on_while_pages_are_exchanged);
	tcase_add_loop_test(tcase, a_forked_child_keeps_them_and_may_attach_anew, 0, 2);
	tcase_add_loop_test(tcase, a_child_that_rejoins_has_them_as_its_parent, 0, 2);
	tcase_add_test(tcase, a_child_that_outlives_its_parent_goes_on_with_its_values);
	tcase_add_loop_test(tcase, a_module_that_is_unloaded_is_detached, 0, 2);
	tcase_add_loop_test(tcase, what_destructors_change_is_shared, 0, 2);
	tcase_add_test(tcase, removal_takes_the_name_alone);
	tcase_add_test(tcase, values_last_as_long_as_the_object);
	tcase_add_test(tcase, the_broker_may_go);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
