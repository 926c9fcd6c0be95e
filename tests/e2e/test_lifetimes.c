/*
 * When objects end: with their users, with their owner, on request; and that nothing is left of
 * them in the kernel, the FIFO directory or the ledger.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

#include "library.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/suite.h"
#include "support/sysv.h"

static const enum shmb_backing backings[] = {SHMB_BACKING_SYSV, SHMB_BACKING_MEMFD};

static struct broker broker;
static struct shmb_connection *connection;
static struct shmb_segment_options options;
static int fds_before;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	(void)library_status(connection);
	fds_before = broker_fds(&broker);
	options = page;
}

static void stop(void)
{
	shmb_disconnect(connection);
	broker_stop(&broker);
}

/* Nothing of any object is anywhere. */
static bool nothing_is_left(void)
{
	struct shmb_totals status = library_status(connection);

	return status.segments_sysv + status.segments_memfd + status.fifos == 0 &&
	       status.holds == 0 && status.bytes == 0 && status.members == 1 &&
	       sysv_count_of(broker.pid) == 0 && broker_fifos(&broker) == 0 &&
	       broker_fds(&broker) == fds_before;
}

static void expect_removed_event(uint64_t object, enum shmb_ending ending, const char *name)
{
	struct shmb_event event = library_event(connection);

	ck_assert_int_eq(event.type, SHMB_EVENT_REMOVED);
	ck_assert_int_eq(event.ending, ending);
	ck_assert_uint_eq(event.object, object);
	ck_assert_str_eq(event.name, name);
}

/* Creates "object" as it is told, says so, and keeps it until it is killed or told to end. */
static int create_and_stay(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);

	strcpy(shmb_segment_data(library_create(own, "object", data)), "mine");
	child_say(self, 1);
	(void)child_hear(self);
	shmb_disconnect(own);
	return 0;
}

START_TEST(keep_stays_until_it_is_removed)
{
	uint32_t holders = 4711;
	struct shmb_segment *segment;
	struct child child;

	options.backing = backings[_i];
	options.lifetime = SHMB_LIFETIME_KEEP;
	child_start(&child, create_and_stay, &options);
	ck_assert_int_eq(child_hear(&child), 1);
	child_kill(&child);
	eventually(library_stat(connection, "object").holders == 0);
	segment = library_open(connection, "object", NULL);
	ck_assert_str_eq(shmb_segment_data(segment), "mine");
	shmb_segment_detach(segment);
	eventually(library_stat(connection, "object").holders == 0);
	expect_ok(shmb_remove(connection, "object", &holders));
	ck_assert_uint_eq(holders, 0);
	eventually(nothing_is_left());
}
END_TEST

START_TEST(used_ends_with_the_last_holder)
{
	struct shmb_segment *segment;
	struct child child;

	options.backing = backings[_i];
	child_start(&child, create_and_stay, &options);
	ck_assert_int_eq(child_hear(&child), 1);
	segment = library_open(connection, "object", NULL);
	child_kill(&child);
	eventually(library_stat(connection, "object").holders == 1);
	ck_assert_str_eq(shmb_segment_data(segment), "mine");
	shmb_segment_detach(segment);
	eventually(nothing_is_left());
}
END_TEST

START_TEST(used_ends_when_its_only_holder_is_killed)
{
	struct child child;

	options.backing = backings[_i];
	child_start(&child, create_and_stay, &options);
	ck_assert_int_eq(child_hear(&child), 1);
	child_kill(&child);
	eventually(nothing_is_left());
}
END_TEST

START_TEST(used_lingers_as_long_as_it_was_told)
{
	uint64_t begin;
	struct shmb_segment *segment;

	options.backing = backings[_i];
	options.linger_ms = 400;
	segment = library_create(connection, "object", &options);
	shmb_segment_detach(segment);
	/* Whoever comes within the time finds it and stops the clock. */
	segment = library_open(connection, "object", NULL);
	stays_for(600, library_exists(connection, "object"));
	begin = clock_now_ms();
	shmb_segment_detach(segment);
	eventually(!library_exists(connection, "object"));
	ck_assert_uint_ge(clock_now_ms() - begin + TIMER_GRAIN_MS, 400);
	eventually(nothing_is_left());
}
END_TEST

START_TEST(owner_ends_with_its_creator)
{
	struct shmb_segment *segment;
	uint64_t id;
	struct child child;

	options.backing = backings[_i];
	options.lifetime = SHMB_LIFETIME_OWNER;
	child_start(&child, create_and_stay, &options);
	ck_assert_int_eq(child_hear(&child), 1);
	segment = library_open(connection, "object", NULL);
	id = library_stat(connection, "object").id;
	child_kill(&child);
	expect_removed_event(id, SHMB_ENDING_OWNER, "object");
	ck_assert(!library_exists(connection, "object"));
	/* What is mapped stays mapped. */
	ck_assert_str_eq(shmb_segment_data(segment), "mine");
	shmb_segment_detach(segment);
	eventually(nothing_is_left());
}
END_TEST

START_TEST(owner_outlives_its_holders)
{
	struct child child;
	struct shmb_segment *segment;

	options.lifetime = SHMB_LIFETIME_OWNER;
	segment = library_create(connection, "mine", &options);
	shmb_segment_detach(segment);
	stays_for(200, library_exists(connection, "mine"));
	child_start(&child, create_and_stay, &options);
	ck_assert_int_eq(child_hear(&child), 1);
	child_say(&child, 1); /* to disconnect in order: an end of the creator too */
	ck_assert_int_eq(child_wait(&child), 0);
	eventually(!library_exists(connection, "object"));
	ck_assert(library_exists(connection, "mine"));
}
END_TEST

START_TEST(system_v_waits_for_those_whom_the_ledger_does_not_know)
{
	struct shmb_segment_facts info;
	struct shmb_segment *segment;
	char *legacy;

	options.flags |= SHMB_KEY;
	segment = library_create(connection, "object", &options);
	shmb_segment_info(segment, &info);
	legacy = shmat(shmget((key_t)info.key, 0, 0), NULL, 0);
	ck_assert_ptr_ne(legacy, (void *)-1);
	strcpy(legacy, "legacy");
	shmb_segment_detach(segment);
	stays_for(500, library_exists(connection, "object"));
	segment = library_open(connection, "object", NULL);
	ck_assert_str_eq(shmb_segment_data(segment), "legacy");
	shmb_segment_detach(segment);
	ck_assert_int_eq(shmdt(legacy), 0);
	eventually(nothing_is_left());
}
END_TEST

START_TEST(removal_tells_the_holders_and_frees_the_name)
{
	struct shmb_segment *old;
	struct shmb_segment *new;
	uint32_t holders = 0;
	uint64_t id;

	options.backing = backings[_i];
	old = library_create(connection, "object", &options);
	strcpy(shmb_segment_data(old), "old");
	id = library_stat(connection, "object").id;
	expect_ok(shmb_remove(connection, "object", &holders));
	ck_assert_uint_eq(holders, 1);
	expect_refused(shmb_remove(connection, "object", &holders), -ENOENT);
	expect_removed_event(id, SHMB_ENDING_REMOVED, "object");
	new = library_create(connection, "object", &options);
	ck_assert_uint_ne(library_stat(connection, "object").id, id);
	strcpy(shmb_segment_data(new), "new");
	ck_assert_str_eq(shmb_segment_data(old), "old");
	shmb_segment_detach(old);
	ck_assert_str_eq(shmb_segment_data(new), "new");
	shmb_segment_detach(new);
	eventually(nothing_is_left());
}
END_TEST

static int remove_as_alice(struct child *self, void *data)
{
	struct shmb_connection *own;

	(void)self;
	(void)data;
	become(UID_ALICE);
	own = library_connect(&broker);
	expect_refused(shmb_remove(own, "object", NULL), -EPERM);
	return 0;
}

START_TEST(another_user_does_not_remove)
{
	struct shmb_segment *segment;

	if (!is_root_or_says_skipped())
		return;
	options.mode = 0666;
	segment = library_create(connection, "object", &options);
	child_run(remove_as_alice, NULL);
	ck_assert(library_exists(connection, "object"));
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(disconnecting_ends_what_was_not_detached)
{
	struct shmb_connection *other = library_connect(&broker);
	struct shmb_segment *segment = library_create(other, "object", &options);

	shmb_disconnect(other);
	eventually(nothing_is_left());
	shmb_segment_detach(segment); /* only frees it now */
}
END_TEST

/* Creates, opens, detaches and removes without end. */
static int churn(struct child *self, void *data)
{
	static const enum shmb_lifetime lifetimes[] = {SHMB_LIFETIME_USED, SHMB_LIFETIME_OWNER};
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_fifo_options fifo_options = {.flags = SHMB_CREATE};

	(void)data;
	child_say(self, 1);
	for (unsigned round = 0;; round++) {
		struct shmb_segment_options plan = page;
		struct shmb_segment *segment = NULL;
		struct shmb_fifo *fifo = NULL;

		plan.backing = backings[round % 2];
		plan.lifetime = lifetimes[round / 2 % 2];
		if (shmb_segment_open(own, "churned", &plan, &segment) == SHMB_INITIALISE)
			(void)shmb_segment_ready(segment);
		(void)shmb_fifo_open(own, "churned-fifo", SHMB_FIFO_READ, &fifo_options, &fifo);
		if (round % 3 == 0)
			(void)shmb_remove(own, "churned", NULL);
		shmb_segment_detach(segment);
		shmb_fifo_close(fifo);
	}
	return 0;
}

START_TEST(whoever_is_killed_at_any_moment_leaves_nothing)
{
	struct chance chance;

	chance_init(&chance);
	for (int round = 0; round < 100; round++) {
		struct timespec moment = {.tv_nsec = (long)chance_below(&chance, 3000000)};
		struct child children[2];

		for (size_t i = 0; i < 2; i++)
			child_start(&children[i], churn, NULL);
		for (size_t i = 0; i < 2; i++)
			ck_assert_int_eq(child_hear(&children[i]), 1);
		(void)nanosleep(&moment, NULL); /* the moment of death is what is tested */
		for (size_t i = 0; i < 2; i++)
			child_kill(&children[i]);
		eventually(nothing_is_left());
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lifetimes");
	TCase *each = tcase_create("each backing");
	TCase *one = tcase_create("one backing");
	int n = (int)ARRAY_SIZE(backings);

	tcase_add_checked_fixture(each, start, stop);
	tcase_add_loop_test(each, keep_stays_until_it_is_removed, 0, n);
	tcase_add_loop_test(each, used_ends_with_the_last_holder, 0, n);
	tcase_add_loop_test(each, used_ends_when_its_only_holder_is_killed, 0, n);
	tcase_add_loop_test(each, used_lingers_as_long_as_it_was_told, 0, n);
	tcase_add_loop_test(each, owner_ends_with_its_creator, 0, n);
	tcase_add_loop_test(each, removal_tells_the_holders_and_frees_the_name, 0, n);
	tcase_add_checked_fixture(one, start, stop);
	tcase_add_test(one, owner_outlives_its_holders);
	tcase_add_test(one, system_v_waits_for_those_whom_the_ledger_does_not_know);
	tcase_add_test(one, another_user_does_not_remove);
	tcase_add_test(one, disconnecting_ends_what_was_not_detached);
	tcase_add_test(one, whoever_is_killed_at_any_moment_leaves_nothing);
	suite_add_tcase(suite, each);
	suite_add_tcase(suite, one);
	return suite_run(suite);
}
