/*
 * Exactly one initialiser: whoever comes, in whatever number and order, and whoever of them is
 * killed at whatever moment.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/raw.h"
#include "support/says.h"
#include "support/suite.h"
#include "support/sysv.h"

#define CROWD 100

enum word { READY_TO_GO, GO, INITIALISING, INITIALISED, OPENED };

static struct broker broker;
static struct shmb_connection *connection;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(connection);
	broker_stop(&broker);
}

/* Every byte depends on its place, so that no half of it passes for the whole. */
static bool holds_pattern(const unsigned char *bytes)
{
	for (size_t i = 0; i < page.size; i++)
		if (bytes[i] != (unsigned char)(42 + i))
			return false;
	return true;
}

static bool holds_zeros(const unsigned char *bytes)
{
	for (size_t i = 0; i < page.size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static void put_pattern(unsigned char *bytes)
{
	for (size_t i = 0; i < page.size; i++)
		bytes[i] = (unsigned char)(42 + i);
}

/* One of the crowd. An initialiser reports, and goes on only when it is told to. */
static int open_or_create(struct child *self, void *data)
{
	const char *name = data;
	struct shmb_segment_options options = page;
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_segment *segment = NULL;
	unsigned char *bytes;
	int outcome;

	options.timeout_ms = 2 * PATIENCE_MS;
	child_say(self, READY_TO_GO);
	ck_assert_int_eq(child_hear(self), GO);
	outcome = shmb_segment_open(own, name, &options, &segment);
	ck_assert_msg(outcome >= 0, "%d: %s", outcome, shmb_last_error());
	bytes = shmb_segment_data(segment);
	if (outcome == SHMB_INITIALISE) {
		ck_assert_msg(holds_zeros(bytes), "the initialiser finds used memory");
		memset(bytes, 0xff, page.size); /* what nobody else may see */
		child_say(self, INITIALISING);
		ck_assert_int_eq(child_hear(self), GO);
		put_pattern(bytes);
		expect_ok(shmb_segment_ready(segment));
		child_say(self, INITIALISED);
	} else {
		ck_assert_msg(holds_pattern(bytes), "an opener finds unfinished memory");
		child_say(self, OPENED);
	}
	/* All keep it until the last one has it, so that nobody creates a second one. */
	ck_assert_int_eq(child_hear(self), GO);
	shmb_segment_detach(segment);
	shmb_disconnect(own);
	return 0;
}

static void gather(struct child *crowd, const char *name)
{
	for (size_t i = 0; i < CROWD; i++)
		child_start(&crowd[i], open_or_create, (void *)name);
	for (size_t i = 0; i < CROWD; i++)
		ck_assert_int_eq(child_hear(&crowd[i]), READY_TO_GO);
	for (size_t i = 0; i < CROWD; i++)
		child_say(&crowd[i], GO);
}

/* Nobody but one says anything before the memory is initialised. */
static struct child *wait_for_initialiser(struct child *crowd)
{
	size_t i;

	ck_assert_int_eq(child_hear_any(crowd, CROWD, &i), INITIALISING);
	return &crowd[i];
}

/* The initialiser finishes, and all N that are left come in behind it. */
static void let_all_in(struct child *crowd, struct child *initialiser, size_t n)
{
	size_t initialised = 0;
	size_t opened = 0;

	child_say(initialiser, GO);
	while (initialised + opened < n) {
		size_t i;
		int64_t word = child_hear_any(crowd, CROWD, &i);

		initialised += word == INITIALISED;
		opened += word == OPENED;
		ck_assert_msg(word != INITIALISING, "there is a second initialiser");
		if (word == OPENED)
			ck_assert_uint_le(initialised, 1);
	}
	ck_assert_uint_eq(initialised, 1);
	for (size_t i = 0; i < CROWD; i++)
		if (crowd[i].line >= 0)
			child_say(&crowd[i], GO);
	for (size_t i = 0; i < CROWD; i++)
		if (crowd[i].line >= 0)
			ck_assert_int_eq(child_wait(&crowd[i]), 0);
}

START_TEST(of_a_hundred_at_once_one_initialises)
{
	static struct child crowd[CROWD];

	gather(crowd, "crowded");
	let_all_in(crowd, wait_for_initialiser(crowd), CROWD);
	eventually(!library_exists(connection, "crowded"));
}
END_TEST

/* _i of them are killed one after the other before one is allowed to finish. */
START_TEST(a_killed_initialiser_is_followed_by_the_next_with_fresh_memory)
{
	static struct child crowd[CROWD];
	int kills = 1 + _i % 4;

	gather(crowd, "dangerous");
	for (int i = 0; i < kills; i++)
		child_kill(wait_for_initialiser(crowd));
	let_all_in(crowd, wait_for_initialiser(crowd), (size_t)(CROWD - kills));
	eventually(!library_exists(connection, "dangerous"));
}
END_TEST

START_TEST(an_initialiser_that_detaches_is_followed_by_the_next)
{
	struct shmb_segment_facts first_info;
	struct shmb_segment_facts second_info;
	struct shmb_segment *first;
	struct shmb_segment *second;
	struct shmb_segment_options options = page;

	options.lifetime = SHMB_LIFETIME_KEEP;
	options.backing = _i ? SHMB_BACKING_SYSV : SHMB_BACKING_MEMFD;
	expect_result(shmb_segment_open(connection, "left", &options, &first), SHMB_INITIALISE);
	shmb_segment_info(first, &first_info);
	memset(shmb_segment_data(first), 0xff, page.size);
	shmb_segment_detach(first);
	eventually(library_stat(connection, "left").state == SHMB_STATE_FRESH);
	expect_result(shmb_segment_open(connection, "left", &options, &second), SHMB_INITIALISE);
	shmb_segment_info(second, &second_info);
	ck_assert(holds_zeros(shmb_segment_data(second)));
	ck_assert_uint_eq(second_info.id, first_info.id);
	ck_assert_uint_gt(second_info.generation, first_info.generation);
	ck_assert_int_le(sysv_count_of(broker.pid), 1);
	shmb_segment_detach(second);
	expect_ok(shmb_remove(connection, "left", NULL));
}
END_TEST

/* One that waits for an initialiser which does not finish; says how long, in milliseconds. */
static int wait_in_vain(struct child *self, void *data)
{
	struct shmb_segment_options options = page;
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_segment *segment = NULL;
	uint64_t begin = clock_now_ms();
	uint64_t wait_ms = *(const uint64_t *)data;

	options.timeout_ms = (uint32_t)wait_ms;
	expect_refused(shmb_segment_open(own, "slow", &options, &segment), -ETIMEDOUT);
	/* The broker's own words: they say who keeps it waiting. */
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "still being initialised by test"));
	child_say(self, (int64_t)(clock_now_ms() - begin));
	shmb_disconnect(own);
	return 0;
}

START_TEST(each_waits_to_its_own_deadline)
{
	static const uint64_t waits[] = {900, 100, 500};
	struct shmb_segment *segment;
	struct child children[ARRAY_SIZE(waits)];
	size_t order[ARRAY_SIZE(waits)];

	expect_result(shmb_segment_open(connection, "slow", &page, &segment), SHMB_INITIALISE);
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++)
		child_start(&children[i], wait_in_vain, (void *)&waits[i]);
	eventually(library_stat(connection, "slow").waiting == ARRAY_SIZE(waits));
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		int64_t waited = child_hear_any(children, ARRAY_SIZE(waits), &order[i]);

		ck_assert_int_ge(waited + TIMER_GRAIN_MS, (int64_t)waits[order[i]]);
		ck_assert_int_eq(child_wait(&children[order[i]]), 0);
	}
	ck_assert_uint_eq(waits[order[0]], 100);
	ck_assert_uint_eq(waits[order[1]], 500);
	ck_assert_uint_eq(library_status(connection).parked, 0);
	expect_ok(shmb_segment_ready(segment));
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(what_nobody_initialises_is_said_to_be_so)
{
	struct shmb_segment_options kept = page, reading = {.flags = SHMB_READ, .timeout_ms = 100};
	struct shmb_segment *segment;

	kept.lifetime = SHMB_LIFETIME_KEEP;
	expect_result(shmb_segment_open(connection, "left", &kept, &segment), SHMB_INITIALISE);
	shmb_segment_detach(segment);
	expect_refused(shmb_segment_open(connection, "left", &reading, &segment), -ETIMEDOUT);
	says("\"left\" is not initialised and nobody does it; open it for writing to become the "
	     "one who does");
	expect_ok(shmb_remove(connection, "left", NULL));
}
END_TEST

#define WAITING_MAX 64 /* of one connection */

START_TEST(one_connection_waits_for_so_much_and_no_more)
{
	struct wire_open_request request = raw_open_request("slow");
	struct shmb_segment *segment;
	struct raw raw;

	expect_result(shmb_segment_open(connection, "slow", &page, &segment), SHMB_INITIALISE);
	raw_join(&raw, broker.socket);
	request.wait_ms = PATIENCE_MS;
	for (int i = 0; i < WAITING_MAX; i++)
		raw_submit(&raw, WIRE_OPEN, &request);
	ck_assert_int_eq(raw_ask(&raw, WIRE_OPEN, &request, NULL, NULL), -EAGAIN);
	raw_says(&raw,
		 "64 requests of this connection wait already, its limit; let some end before "
		 "opening \"slow\"");
	ck_assert_uint_eq(library_stat(connection, "slow").waiting, WAITING_MAX);
	raw_close(&raw);
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(ready_is_said_by_the_initialiser_and_may_be_said_twice)
{
	struct shmb_segment *first;
	struct shmb_segment *second;

	expect_result(shmb_segment_open(connection, "once", &page, &first), SHMB_INITIALISE);
	expect_ok(shmb_segment_ready(first));
	expect_ok(shmb_segment_ready(first));
	second = library_open(connection, "once", NULL);
	expect_refused(shmb_segment_ready(second), -EPERM);
	ck_assert_int_eq(library_stat(connection, "once").state, SHMB_STATE_READY);
	shmb_segment_detach(first);
	shmb_segment_detach(second);
}
END_TEST

START_TEST(ready_after_removal_is_refused)
{
	struct shmb_segment *segment;

	expect_result(shmb_segment_open(connection, "gone", &page, &segment), SHMB_INITIALISE);
	expect_ok(shmb_remove(connection, "gone", NULL));
	expect_refused(shmb_segment_ready(segment), -EIDRM);
	shmb_segment_detach(segment);
}
END_TEST

/* Opens "late" and says INITIALISING; then loses its connection for longer than the grace. */
static int come_late(struct child *self, void *data)
{
	struct shmb_connection *own;
	struct shmb_segment *segment;

	(void)data;
	shmb_disconnect(connection); /* the copy: its socket is not the one that is meant below */
	own = library_connect(&broker);
	expect_result(shmb_segment_open(own, "late", &page, &segment), SHMB_INITIALISE);
	child_say(self, INITIALISING);
	ck_assert_int_eq(child_hear(self), GO);
	ck_assert_int_eq(shutdown(library_socket(&broker), SHUT_RDWR), 0);
	ck_assert_int_eq(child_hear(self), GO);
	memset(shmb_segment_data(segment), 0xff, page.size); /* into memory that nobody has now */
	expect_refused(shmb_segment_ready(segment), -ESTALE);
	says(" is about was given to another process while the connection");
	shmb_segment_detach(segment);
	shmb_disconnect(own);
	return 0;
}

START_TEST(a_late_ready_is_refused)
{
	static const char *const short_grace[] = {"--grace", "50ms", NULL};
	struct shmb_segment *segment;
	struct child late;

	stop();
	broker_start(&broker, short_grace);
	connection = library_connect(&broker);
	child_start(&late, come_late, NULL);
	ck_assert_int_eq(child_hear(&late), INITIALISING);
	child_say(&late, GO);
	expect_result(shmb_segment_open(connection, "late", &page, &segment), SHMB_INITIALISE);
	child_say(&late, GO);
	ck_assert_int_eq(child_wait(&late), 0);
	ck_assert(holds_zeros(shmb_segment_data(segment)));
	expect_ok(shmb_segment_ready(segment));
	shmb_segment_detach(segment);
}
END_TEST

static int wait_and_see(struct child *self, void *data)
{
	struct shmb_segment_options options = *(const struct shmb_segment_options *)data;
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_segment *segment = NULL;
	int outcome = shmb_segment_open(own, "taken-away", &options, &segment);

	child_say(self, outcome);
	shmb_segment_detach(segment);
	shmb_disconnect(own);
	return 0;
}

START_TEST(those_who_wait_are_told_when_the_object_is_removed)
{
	struct shmb_segment_options creating = page;
	struct shmb_segment_options opening = {.flags = SHMB_READ};
	struct shmb_segment *segment;
	struct child creator;
	struct child opener;

	expect_result(shmb_segment_open(connection, "taken-away", &page, &segment),
		      SHMB_INITIALISE);
	child_start(&opener, wait_and_see, &opening);
	eventually(library_stat(connection, "taken-away").waiting == 1);
	expect_ok(shmb_remove(connection, "taken-away", NULL));
	ck_assert_int_lt(child_hear(&opener), 0);
	ck_assert_int_eq(child_wait(&opener), 0);
	shmb_segment_detach(segment);
	/* Whoever may create makes a new one. */
	expect_result(shmb_segment_open(connection, "taken-away", &page, &segment),
		      SHMB_INITIALISE);
	child_start(&creator, wait_and_see, &creating);
	eventually(library_stat(connection, "taken-away").waiting == 1);
	expect_ok(shmb_remove(connection, "taken-away", NULL));
	ck_assert_int_eq(child_hear(&creator), SHMB_INITIALISE);
	ck_assert_int_eq(child_wait(&creator), 0);
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(one_who_waits_and_dies_leaves_nothing)
{
	struct shmb_segment *segment;
	struct child child;

	expect_result(shmb_segment_open(connection, "taken-away", &page, &segment),
		      SHMB_INITIALISE);
	child_start(&child, wait_and_see, (void *)&page);
	eventually(library_stat(connection, "taken-away").waiting == 1);
	child_kill(&child);
	eventually(library_stat(connection, "taken-away").waiting == 0);
	ck_assert_uint_eq(library_status(connection).parked, 0);
	shmb_segment_detach(segment);
}
END_TEST

static int wait_as_user(struct child *self, void *data)
{
	struct shmb_segment_options options = page;

	become(*(const unsigned *)data);
	return wait_and_see(self, &options);
}

/* Whose turn it is may have lost what he was granted while he waited. */
START_TEST(one_who_may_not_any_more_is_refused_and_the_next_initialises)
{
	static const unsigned users[] = {UID_ALICE, UID_BOB};
	struct shmb_change change = {.kind = SHMB_CHANGE_GRANT,
				     .entry = {SHMB_SUBJECT_USER, SHMB_ACCESS_BOTH, 0}};
	struct shmb_segment_options options = page;
	struct child children[ARRAY_SIZE(users)];
	struct shmb_segment *segment;

	if (!is_root_or_says_skipped())
		return;
	options.backing = SHMB_BACKING_MEMFD;
	expect_result(shmb_segment_open(connection, "taken-away", &options, &segment),
		      SHMB_INITIALISE);
	for (unsigned i = 0; i < ARRAY_SIZE(users); i++) {
		change.entry.id = users[i];
		expect_ok(shmb_permit(connection, "taken-away", &change, NULL));
		child_start(&children[i], wait_as_user, (void *)&users[i]);
		eventually(library_stat(connection, "taken-away").waiting == i + 1);
	}
	change.kind = SHMB_CHANGE_REVOKE;
	change.entry.id = users[0];
	expect_ok(shmb_permit(connection, "taken-away", &change, NULL));
	shmb_segment_detach(segment);
	ck_assert_int_eq(child_hear(&children[0]), -EACCES);
	ck_assert_int_eq(child_hear(&children[1]), SHMB_INITIALISE);
	for (unsigned i = 0; i < ARRAY_SIZE(users); i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("initialisation");
	TCase *crowds = tcase_create("crowds");
	TCase *single = tcase_create("one by one");

	tcase_add_checked_fixture(crowds, start, stop);
	tcase_add_loop_test(crowds, of_a_hundred_at_once_one_initialises, 0, 5);
	tcase_add_loop_test(crowds, a_killed_initialiser_is_followed_by_the_next_with_fresh_memory,
			    0, 20);
	tcase_add_checked_fixture(single, start, stop);
	tcase_add_loop_test(single, an_initialiser_that_detaches_is_followed_by_the_next, 0, 2);
	tcase_add_test(single, each_waits_to_its_own_deadline);
	tcase_add_test(single, what_nobody_initialises_is_said_to_be_so);
	tcase_add_test(single, one_connection_waits_for_so_much_and_no_more);
	tcase_add_test(single, ready_is_said_by_the_initialiser_and_may_be_said_twice);
	tcase_add_test(single, ready_after_removal_is_refused);
	tcase_add_test(single, a_late_ready_is_refused);
	tcase_add_test(single, those_who_wait_are_told_when_the_object_is_removed);
	tcase_add_test(single, one_who_waits_and_dies_leaves_nothing);
	tcase_add_test(single, one_who_may_not_any_more_is_refused_and_the_next_initialises);
	suite_add_tcase(suite, crowds);
	suite_add_tcase(suite, single);
	return suite_run(suite);
}
