/*
 * What the broker tells of itself: objects one by one and in pages, the ledger of holders, totals;
 * and whom it tells.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

#define MANY 500

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

START_TEST(an_object_is_described_as_it_was_created)
{
	const struct shmb_segment_options options = {
		.size = 12345,
		.flags = SHMB_CREATE,
		.backing = SHMB_BACKING_MEMFD,
		.lifetime = SHMB_LIFETIME_USED,
		.linger_ms = 1500,
		.mode = 0640,
		.layout = "table/3",
	};
	struct shmb_segment *segment = library_create(connection, "a/b", &options);
	struct shmb_object object = library_stat(connection, "a/b");

	ck_assert_str_eq(object.name, "a/b");
	ck_assert_str_eq(object.layout, "table/3");
	ck_assert_str_eq(object.path, "");
	ck_assert_int_eq(object.kind, SHMB_KIND_SEGMENT);
	ck_assert_int_eq(object.backing, SHMB_BACKING_MEMFD);
	ck_assert_int_eq(object.lifetime, SHMB_LIFETIME_USED);
	ck_assert_int_eq(object.state, SHMB_STATE_READY);
	ck_assert_uint_eq(object.linger_ms, 1500);
	ck_assert_uint_eq(object.size, 12345);
	ck_assert_uint_eq(object.uid, geteuid());
	ck_assert_uint_eq(object.gid, getegid());
	ck_assert_uint_eq(object.mode, 0640);
	ck_assert_uint_eq(object.holders, 1);
	ck_assert_uint_eq(object.readers, 1);
	ck_assert_uint_eq(object.writers, 1);
	ck_assert_uint_eq(object.waiting, 0);
	ck_assert_uint_eq(object.key, 0);
	ck_assert_uint_lt(object.age_ms, PATIENCE_MS);
	shmb_segment_detach(segment);
	expect_ok(shmb_remove(connection, "a/b", NULL));
	expect_refused(shmb_stat(connection, "a/b", &object), -ENOENT);
	expect_refused(shmb_stat(connection, "a//b", &object), -EINVAL);
}
END_TEST

START_TEST(the_default_is_private_and_used)
{
	struct shmb_segment *segment = library_create(connection, "plain", &page);
	struct shmb_object object = library_stat(connection, "plain");

	ck_assert_uint_eq(object.mode, 0600);
	ck_assert_int_eq(object.lifetime, SHMB_LIFETIME_USED);
	ck_assert_uint_eq(object.linger_ms, 0);
	ck_assert_str_eq(object.layout, "");
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(totals_follow_what_there_is)
{
	struct shmb_segment_options options = page;
	struct shmb_fifo_options fifo_options = {.flags = SHMB_CREATE};
	struct shmb_totals status = library_status(connection);
	struct shmb_segment *sysv;
	struct shmb_segment *memfd;
	struct shmb_fifo *fifo;

	ck_assert_uint_eq(status.pid, (unsigned)broker.pid);
	ck_assert_uint_eq(status.uid, geteuid());
	ck_assert_int_eq(status.per_user, 0);
	ck_assert_str_eq(status.version, SHMB_VERSION);
	ck_assert_str_eq(status.directory, broker.directory);
	ck_assert_uint_eq(status.members, 1);
	ck_assert_uint_eq(status.bytes, 0);
	options.backing = SHMB_BACKING_SYSV;
	sysv = library_create(connection, "sysv", &options);
	options.backing = SHMB_BACKING_MEMFD;
	options.size = 10000;
	memfd = library_create(connection, "memfd", &options);
	expect_ok(shmb_fifo_open(connection, "fifo", SHMB_FIFO_READ, &fifo_options, &fifo));
	status = library_status(connection);
	ck_assert_uint_eq(status.segments_sysv, 1);
	ck_assert_uint_eq(status.segments_memfd, 1);
	ck_assert_uint_eq(status.fifos, 1);
	ck_assert_uint_eq(status.bytes, 14096);
	ck_assert_uint_eq(status.holds, 3);
	shmb_segment_detach(sysv);
	shmb_segment_detach(memfd);
	shmb_fifo_close(fifo);
	eventually(library_status(connection).holds == 0);
	status = library_status(connection);
	eventually(library_status(connection).bytes == 0);
}
END_TEST

/* How many objects a walk through all pages finds; each has to be NAME and a number, in order. */
static unsigned walk(const char *prefix, const char *name)
{
	unsigned n = 0;
	uint64_t cursor = 0;

	do {
		struct shmb_object object;
		struct shmb_page *found;
		struct shmb_holder holder;

		expect_ok(shmb_list(connection, prefix, &cursor, &found));
		while (shmb_page_next_object(found, &object) == 0) {
			char expected[64];

			snprintf(expected, sizeof(expected), "%s%u", name, n++);
			ck_assert_str_eq(object.name, expected);
		}
		ck_assert_int_eq(shmb_page_next_object(found, &object), SHMB_EMPTY);
		ck_assert_int_eq(shmb_page_next_holder(found, &holder), -EINVAL);
		says("this page is of ");
		shmb_page_free(found);
	} while (cursor != 0);
	return n;
}

START_TEST(many_objects_are_listed_once_each)
{
	struct shmb_segment_options options = page;
	char name[64];

	options.lifetime = SHMB_LIFETIME_OWNER;
	options.backing = SHMB_BACKING_MEMFD;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "some-rather-long-name/which-fills/the-page/%u", i);
		shmb_segment_detach(library_create(connection, name, &options));
	}
	shmb_segment_detach(library_create(connection, "other/0", &options));
	ck_assert_uint_eq(walk("some-", "some-rather-long-name/which-fills/the-page/"), MANY);
	ck_assert_uint_eq(walk("other", "other/"), 1);
	ck_assert_uint_eq(walk("none", "none"), 0);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "some-rather-long-name/which-fills/the-page/%u", i);
		expect_ok(shmb_remove(connection, name, NULL));
	}
	ck_assert_uint_eq(walk(NULL, "other/"), 1);
	ck_assert_uint_eq(walk("", "other/"), 1);
}
END_TEST

/* Objects that go while they are listed disturb nobody who lists. */
START_TEST(a_walk_survives_removals)
{
	struct shmb_segment_options options = page;
	unsigned n = 0;
	uint64_t cursor = 0;
	char name[210];

	options.lifetime = SHMB_LIFETIME_OWNER;
	options.backing = SHMB_BACKING_MEMFD;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%0190u", i);
		shmb_segment_detach(library_create(connection, name, &options));
	}
	do {
		struct shmb_object object;
		struct shmb_page *found;

		expect_ok(shmb_list(connection, NULL, &cursor, &found));
		while (shmb_page_next_object(found, &object) == 0) {
			n++;
			expect_ok(shmb_remove(connection, object.name, NULL));
		}
		shmb_page_free(found);
	} while (cursor != 0);
	ck_assert_uint_eq(n, 100);
}
END_TEST

static int hold_and_stay(struct child *self, void *data)
{
	const struct shmb_segment_options *options = data;
	struct shmb_connect_options named = {.socket = broker.socket, .program = "reader"};
	struct shmb_connection *own;
	struct shmb_segment *segment;

	expect_ok(shmb_connect(&named, &own));
	segment = library_open(own, "held", options);
	child_say(self, 1);
	(void)child_hear(self);
	shmb_segment_detach(segment);
	shmb_disconnect(own);
	return 0;
}

/* The holders of NAME in one page. Returns how many. */
static size_t holders_of(const char *name, struct shmb_holder *holders, size_t n)
{
	struct shmb_page *found;
	struct shmb_object object;
	uint64_t cursor = 0;
	size_t count = 0;

	expect_ok(shmb_who(connection, name, &cursor, &found));
	ck_assert_uint_eq(cursor, 0);
	while (count < n && shmb_page_next_holder(found, &holders[count]) == 0)
		count++;
	ck_assert_int_eq(shmb_page_next_object(found, &object), -EINVAL);
	shmb_page_free(found);
	return count;
}

START_TEST(the_ledger_knows_who_holds_what)
{
	static const struct shmb_segment_options reading = {.flags = SHMB_READ};
	struct shmb_segment *segment = library_create(connection, "held", &page);
	struct shmb_object object = library_stat(connection, "held");
	struct shmb_holder holders[4];
	struct child reader;

	child_start(&reader, hold_and_stay, (void *)&reading);
	ck_assert_int_eq(child_hear(&reader), 1);
	ck_assert_uint_eq(holders_of("held", holders, 4), 2);
	ck_assert_uint_eq(holders[0].object, object.id);
	ck_assert_uint_eq(holders[0].pid, (unsigned)getpid());
	ck_assert_uint_eq(holders[0].uid, geteuid());
	ck_assert_uint_eq(holders[0].access, 3);
	ck_assert_int_eq(holders[0].holding, SHMB_HOLDING_ATTACHED);
	ck_assert_str_eq(holders[0].program, "test");
	ck_assert_str_eq(holders[0].name, "held");
	ck_assert_uint_eq(holders[1].pid, (unsigned)reader.pid);
	ck_assert_uint_eq(holders[1].access, 1);
	ck_assert_str_eq(holders[1].program, "reader");
	ck_assert_uint_ne(holders[0].member, holders[1].member);
	ck_assert_uint_eq(holders_of(NULL, holders, 4), 2);
	object = library_stat(connection, "held");
	ck_assert_uint_eq(object.holders, 2);
	ck_assert_uint_eq(object.readers, 2);
	ck_assert_uint_eq(object.writers, 1);
	child_kill(&reader);
	eventually(holders_of("held", holders, 4) == 1);
	shmb_segment_detach(segment);
	eventually(holders_of(NULL, holders, 4) == 0);
}
END_TEST

START_TEST(those_who_initialise_and_those_who_wait_are_told_apart)
{
	static const struct shmb_segment_options opening = {.flags = 0};
	struct shmb_holder holders[4];
	struct shmb_segment *segment;
	struct child waiting;

	expect_result(shmb_segment_open(connection, "held", &page, &segment), SHMB_INITIALISE);
	ck_assert_uint_eq(holders_of("held", holders, 4), 1);
	ck_assert_int_eq(holders[0].holding, SHMB_HOLDING_INITIALISING);
	child_start(&waiting, hold_and_stay, (void *)&opening);
	eventually(holders_of("held", holders, 4) == 2);
	ck_assert_int_eq(holders[1].holding, SHMB_HOLDING_WAITING);
	ck_assert_uint_eq(holders[1].pid, (unsigned)waiting.pid);
	ck_assert_uint_eq(library_status(connection).parked, 1);
	expect_ok(shmb_segment_ready(segment));
	ck_assert_int_eq(child_hear(&waiting), 1);
	ck_assert_uint_eq(holders_of("held", holders, 4), 2);
	ck_assert_int_eq(holders[1].holding, SHMB_HOLDING_ATTACHED);
	child_say(&waiting, 1);
	ck_assert_int_eq(child_wait(&waiting), 0);
	shmb_segment_detach(segment);
}
END_TEST

/* Alice sees what she may open, and not that the rest exists. */
static int look_as_alice(struct child *self, void *data)
{
	struct shmb_object object;
	struct shmb_holder holder;

	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	ck_assert_uint_eq(walk(NULL, "public/"), 1);
	ck_assert_uint_eq(holders_of(NULL, &holder, 1), 1);
	ck_assert_str_eq(holder.name, "public/0");
	ck_assert_int_lt(shmb_stat(connection, "private/0", &object), 0);
	ck_assert_int_eq(shmb_stat(connection, "public/0", &object), 0);
	/* Totals are for everybody. */
	ck_assert_uint_eq(library_status(connection).holds, 2);
	return 0;
}

START_TEST(others_see_what_they_may_open)
{
	struct shmb_segment_options options = page;
	struct shmb_segment *private;
	struct shmb_segment *public;

	if (!is_root_or_says_skipped())
		return;
	private = library_create(connection, "private/0", &options);
	options.mode = 0644;
	public = library_create(connection, "public/0", &options);
	child_run(look_as_alice, NULL);
	shmb_segment_detach(private);
	shmb_segment_detach(public);
}
END_TEST

START_TEST(the_broker_says_who_it_is)
{
	struct shmb_broker_facts info;

	expect_ok(shmb_broker_info(connection, &info));
	ck_assert_str_eq(info.version, SHMB_VERSION);
	ck_assert_uint_eq(info.uid, geteuid());
	ck_assert_uint_eq(info.protocol, 1);
	ck_assert(!info.per_user);
	ck_assert(info.sysv);
	ck_assert_uint_ne(info.member, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ledger");
	TCase *tcase = tcase_create("what is told");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, an_object_is_described_as_it_was_created);
	tcase_add_test(tcase, the_default_is_private_and_used);
	tcase_add_test(tcase, totals_follow_what_there_is);
	tcase_add_test(tcase, many_objects_are_listed_once_each);
	tcase_add_test(tcase, a_walk_survives_removals);
	tcase_add_test(tcase, the_ledger_knows_who_holds_what);
	tcase_add_test(tcase, those_who_initialise_and_those_who_wait_are_told_apart);
	tcase_add_test(tcase, others_see_what_they_may_open);
	tcase_add_test(tcase, the_broker_says_who_it_is);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
