/*
 * Objects and their users when the broker is killed, restarted, or stopped and started.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "serviced.h"
#include "support/child.h"
#include "support/raw.h"
#include "support/says.h"
#include "support/suite.h"
#include "support/sysv.h"
#include "wire/vocabulary.h"

#define SEGMENTS 100 /* of each backing */
#define FIFOS    20

static struct manager manager;
static struct broker broker;
static struct shmb_connection *connection;

static const int ends[] = {SIGKILL, SIGTERM};

static void start(void)
{
	serviced_start(&broker, &manager, NULL);
	connection = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(connection);
	serviced_stop(&broker);
}

static const char *numbered(const char *what, unsigned i)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s/%u", what, i);
	return name;
}

static struct shmb_segment *create(const char *name, enum shmb_backing backing,
				   enum shmb_lifetime lifetime)
{
	const struct shmb_segment_options options = {.size = 4096,
						     .flags = SHMB_CREATE,
						     .backing = backing,
						     .lifetime = lifetime};

	return library_create(connection, name, &options);
}

static unsigned n_objects(void)
{
	struct shmb_totals totals = library_status(connection);

	return totals.segments_sysv + totals.segments_memfd + totals.fifos;
}

static void remove_all(const char *what, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		expect_ok(shmb_remove(connection, numbered(what, i), NULL));
}

/* Kept ones, which nobody holds while no broker runs. */

static void make_segments(const char *what, enum shmb_backing backing)
{
	for (unsigned i = 0; i < SEGMENTS; i++) {
		struct shmb_segment *segment =
			create(numbered(what, i), backing, SHMB_LIFETIME_KEEP);

		snprintf(shmb_segment_data(segment), 64, "%s %u", what, i);
		shmb_segment_detach(segment);
	}
}

static void expect_segments(const char *what)
{
	char text[64];

	for (unsigned i = 0; i < SEGMENTS; i++) {
		struct shmb_segment *segment = library_open(connection, numbered(what, i), NULL);

		snprintf(text, sizeof(text), "%s %u", what, i);
		ck_assert_str_eq(shmb_segment_data(segment), text);
		shmb_segment_detach(segment);
	}
}

static void make_fifos(void)
{
	const struct shmb_fifo_options options = {.flags = SHMB_CREATE,
						  .lifetime = SHMB_LIFETIME_KEEP};

	for (unsigned i = 0; i < FIFOS; i++) {
		struct shmb_fifo *fifo;

		expect_result(shmb_fifo_open(connection, numbered("fifo", i), SHMB_FIFO_WRITE,
					     &options, &fifo),
			      SHMB_NO_READER);
		expect_ok(shmb_fifo_write(fifo, numbered("fifo", i),
					  strlen(numbered("fifo", i)) + 1, 0));
		shmb_fifo_close(fifo);
	}
}

static void expect_fifos(void)
{
	for (unsigned i = 0; i < FIFOS; i++) {
		struct shmb_fifo *fifo;
		char text[64];
		size_t size;

		expect_ok(shmb_fifo_open(connection, numbered("fifo", i), SHMB_FIFO_READ, NULL,
					 &fifo));
		expect_ok(shmb_fifo_read(fifo, text, sizeof(text), 0, &size));
		ck_assert_str_eq(text, numbered("fifo", i));
		shmb_fifo_close(fifo);
	}
}

START_TEST(everything_is_there_again_with_its_bytes)
{
	make_segments("sysv", SHMB_BACKING_SYSV);
	make_segments("memfd", SHMB_BACKING_MEMFD);
	make_fifos();
	serviced_restart(&broker, ends[_i]);
	ck_assert_uint_eq(n_objects(), 2 * SEGMENTS + FIFOS);
	expect_segments("sysv");
	expect_segments("memfd");
	expect_fifos();
	ck_assert(!broker_said(&broker, "lost"));
	remove_all("sysv", SEGMENTS);
	remove_all("memfd", SEGMENTS);
	remove_all("fifo", FIFOS);
}
END_TEST

/* A stop, unlike a restart, costs what only the manager's descriptors kept alive. */
START_TEST(after_a_stop_what_is_lost_is_said_by_name)
{
	make_segments("sysv", SHMB_BACKING_SYSV);
	make_segments("memfd", SHMB_BACKING_MEMFD);
	make_fifos();
	serviced_end(&broker, SIGTERM);
	manager_empty(&manager);
	serviced_start_again(&broker);
	ck_assert_uint_eq(n_objects(), SEGMENTS);
	expect_segments("sysv");
	ck_assert(broker_said(&broker, "\"memfd/99\" (a memfd of uid"));
	ck_assert(broker_said(&broker, "\"fifo/19\" (a fifo of uid"));
	ck_assert(broker_said(&broker, "100 objects of the broker before are there again: 100 "));
	ck_assert(broker_said(&broker, "120 objects of the broker before are lost"));
	ck_assert_int_eq(broker_fifos(&broker), 0);
	remove_all("sysv", SEGMENTS);
}
END_TEST

/* Used ones, while they are in use. */
START_TEST(who_holds_something_holds_it_still)
{
	struct shmb_segment *sysv = create("sysv", SHMB_BACKING_SYSV, SHMB_LIFETIME_USED);
	struct shmb_segment *memfd = create("memfd", SHMB_BACKING_MEMFD, SHMB_LIFETIME_USED);

	strcpy(shmb_segment_data(sysv), "by key");
	strcpy(shmb_segment_data(memfd), "by descriptor");
	serviced_restart(&broker, ends[_i]);
	ck_assert_uint_eq(library_stat(connection, "sysv").holders, 1);
	ck_assert_uint_eq(library_stat(connection, "memfd").holders, 1);
	ck_assert_str_eq(shmb_segment_data(sysv), "by key");
	ck_assert_str_eq(shmb_segment_data(memfd), "by descriptor");
	shmb_segment_detach(sysv);
	shmb_segment_detach(memfd);
	eventually(n_objects() == 0);
}
END_TEST

START_TEST(what_nobody_comes_back_for_ends)
{
	struct shmb_connection *other;
	struct shmb_segment *held;

	stop();
	serviced_start(&broker, &manager, (const char *const[]){"--grace", "300ms", NULL});
	connection = library_connect(&broker);
	other = connection;
	shmb_segment_detach(create("kept", SHMB_BACKING_MEMFD, SHMB_LIFETIME_KEEP));
	held = create("used", SHMB_BACKING_MEMFD, SHMB_LIFETIME_USED);
	connection = NULL; /* which does not come back before it is asked to */
	serviced_restart(&broker, SIGKILL);
	connection = library_connect(&broker);
	ck_assert(library_exists(connection, "used"));
	eventually(!library_exists(connection, "used"));
	expect_ok(shmb_remove(connection, "kept", NULL));
	shmb_segment_detach(held);
	shmb_disconnect(other);
}
END_TEST

/* The memory that somebody is initialising stays his, and the others go on waiting. */
START_TEST(an_initialiser_goes_on)
{
	const struct shmb_segment_options options = {.size = 4096,
						     .flags = SHMB_CREATE,
						     .backing = _i % 2 ? SHMB_BACKING_SYSV
								       : SHMB_BACKING_MEMFD};
	struct shmb_connection *other = library_connect(&broker);
	struct shmb_request *waiting;
	struct shmb_segment *mine, *theirs;

	expect_result(shmb_segment_open(connection, "slow", &options, &mine), SHMB_INITIALISE);
	strcpy(shmb_segment_data(mine), "half");
	expect_ok(shmb_segment_open_submit(other, "slow", NULL, NULL, NULL, &waiting));
	eventually(library_status(connection).parked == 1);
	serviced_restart(&broker, ends[_i / 2]);
	eventually(shmb_dispatch(other) == 0 && library_status(connection).parked == 1);
	ck_assert(!shmb_request_is_done(waiting));
	strcat(shmb_segment_data(mine), " and half");
	expect_ok(shmb_segment_ready(mine));
	library_await(other, waiting);
	expect_ok(shmb_segment_open_finish(waiting, &theirs));
	ck_assert_str_eq(shmb_segment_data(theirs), "half and half");
	shmb_segment_detach(theirs);
	shmb_segment_detach(mine);
	shmb_disconnect(other);
	eventually(n_objects() == 0);
}
END_TEST

/* One that does not come back is waited for as long as members may be away. */
START_TEST(an_initialiser_that_is_gone_makes_room_for_the_next)
{
	struct shmb_connection *gone;
	struct shmb_segment *theirs, *mine;

	stop();
	serviced_start(&broker, &manager, (const char *const[]){"--grace", "300ms", NULL});
	gone = library_connect(&broker);
	expect_result(shmb_segment_open(gone, "slow", &page, &theirs), SHMB_INITIALISE);
	strcpy(shmb_segment_data(theirs), "half");
	serviced_restart(&broker, SIGKILL);
	connection = library_connect(&broker);
	expect_result(shmb_segment_open(connection, "slow", &page, &mine), SHMB_INITIALISE);
	ck_assert_str_eq(shmb_segment_data(mine), "");
	ck_assert_uint_eq(library_stat(connection, "slow").generation, 2);
	expect_ok(shmb_segment_ready(mine));
	shmb_segment_detach(mine);
	shmb_segment_detach(theirs);
	shmb_disconnect(gone);
}
END_TEST

static int own_something(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_segment *segment;

	(void)data;
	expect_result(shmb_segment_open(own, "owned",
					&(struct shmb_segment_options){.size = 4096,
								       .flags = SHMB_CREATE,
								       .lifetime =
									       SHMB_LIFETIME_OWNER},
					&segment),
		      SHMB_INITIALISE);
	expect_ok(shmb_segment_ready(segment));
	child_say(self, 1);
	(void)child_hear(self);
	return 0;
}

/* Its owner dies while no broker runs, or afterwards without having come back. */
START_TEST(what_ends_with_its_owner_does)
{
	struct child child;

	child_start(&child, own_something, NULL);
	(void)child_hear(&child);
	serviced_end(&broker, SIGKILL);
	if (_i == 0)
		child_kill(&child);
	serviced_start_again(&broker);
	ck_assert_int_eq(library_exists(connection, "owned"), _i == 1);
	if (_i == 1)
		child_kill(&child);
	eventually(!library_exists(connection, "owned"));
}
END_TEST

/* Also of those that have ended. */
START_TEST(ids_do_not_come_back)
{
	uint64_t last = 0;

	for (int i = 0; i < 5; i++) {
		struct shmb_segment *segment =
			create("short", SHMB_BACKING_MEMFD, SHMB_LIFETIME_USED);

		ck_assert_uint_gt(library_stat(connection, "short").id, last);
		last = library_stat(connection, "short").id;
		shmb_segment_detach(segment);
		eventually(!library_exists(connection, "short"));
		serviced_restart(&broker, ends[i % 2]);
	}
}
END_TEST

/* What was granted is granted, and no more. */
static int open_as_bob(struct child *self, void *data)
{
	const struct shmb_segment_options reading = {.flags = SHMB_READ};
	struct shmb_connection *own;
	struct shmb_segment *segment;

	(void)self;
	become(UID_BOB);
	own = library_connect(&broker);
	expect_ok(shmb_segment_open(own, "granted", &reading, &segment));
	shmb_segment_detach(segment);
	expect_refused(shmb_segment_open(own, "granted", NULL, &segment), -EACCES);
	expect_refused(shmb_segment_open(own, "revoked", &reading, &segment), -EACCES);
	shmb_disconnect(own);
	(void)data;
	return 0;
}

static void permit_bob(const char *name, enum shmb_change_kind kind)
{
	const struct shmb_change change = {.kind = kind,
					   .entry = {SHMB_SUBJECT_USER, SHMB_ACCESS_READ, UID_BOB}};

	expect_ok(shmb_permit(connection, name, &change, NULL));
}

START_TEST(permissions_are_what_they_were)
{
	if (!is_root_or_says_skipped())
		return;
	shmb_segment_detach(create("granted", SHMB_BACKING_MEMFD, SHMB_LIFETIME_KEEP));
	shmb_segment_detach(create("revoked", SHMB_BACKING_MEMFD, SHMB_LIFETIME_KEEP));
	permit_bob("granted", SHMB_CHANGE_GRANT);
	permit_bob("revoked", SHMB_CHANGE_GRANT);
	permit_bob("revoked", SHMB_CHANGE_REVOKE);
	serviced_restart(&broker, ends[_i]);
	child_run(open_as_bob, NULL);
	expect_ok(shmb_remove(connection, "granted", NULL));
	expect_ok(shmb_remove(connection, "revoked", NULL));
}
END_TEST

static uint64_t own_id(void)
{
	struct shmb_broker_facts facts;

	(void)library_status(connection);
	expect_ok(shmb_broker_info(connection, &facts));
	return facts.member;
}

/* Also one that has nothing, where there is nothing. */
START_TEST(a_member_is_who_it_was)
{
	uint64_t id = own_id();

	ck_assert_uint_eq(n_objects(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		serviced_restart(&broker, ends[i]);
		ck_assert_uint_eq(own_id(), id);
	}
}
END_TEST

/* One that says nothing to the broker that comes after the one it knew. */
START_TEST(what_nobody_goes_on_to_initialise_is_said_to_be_so)
{
	static const struct shmb_segment_options reading = {.flags = SHMB_READ, .timeout_ms = 100};
	struct wire_open_request request = raw_open_request("begun");
	struct shmb_segment *opened;
	struct raw author;

	request.lifetime = WIRE_LIFETIME_KEEP;
	raw_join(&author, broker.socket);
	ck_assert_int_eq(raw_ask(&author, WIRE_OPEN, &request, NULL, NULL),
			 WIRE_OUTCOME_INITIALISE);
	serviced_restart(&broker, SIGKILL);
	expect_refused(shmb_segment_open(connection, "begun", &reading, &opened), -ETIMEDOUT);
	says("\"begun\" was being initialised when the broker was started again, and whoever does "
	     "it has not come back yet; ask again later");
	raw_close(&author);
	expect_ok(shmb_remove(connection, "begun", NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("restart");
	TCase *tcase = tcase_create("restart");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, everything_is_there_again_with_its_bytes, 0, 2);
	tcase_add_test(tcase, after_a_stop_what_is_lost_is_said_by_name);
	tcase_add_loop_test(tcase, who_holds_something_holds_it_still, 0, 2);
	tcase_add_test(tcase, what_nobody_comes_back_for_ends);
	tcase_add_loop_test(tcase, an_initialiser_goes_on, 0, 4);
	tcase_add_test(tcase, an_initialiser_that_is_gone_makes_room_for_the_next);
	tcase_add_loop_test(tcase, what_ends_with_its_owner_does, 0, 2);
	tcase_add_test(tcase, ids_do_not_come_back);
	tcase_add_loop_test(tcase, permissions_are_what_they_were, 0, 2);
	tcase_add_test(tcase, a_member_is_who_it_was);
	tcase_add_test(tcase, what_nobody_goes_on_to_initialise_is_said_to_be_so);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
