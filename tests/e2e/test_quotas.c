/*
 * Quotas at work: what is over a limit is refused with the limit and with what uses it up, and can
 * be had again once that is given up.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include "base/attr.h"
#include "configured.h"
#include "library.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

static struct broker broker;
static struct shmb_connection *root;

#define LIMITED                                                                                    \
	"[Quota u:64501]\n"                                                                        \
	"Bytes=64K\n"                                                                              \
	"Objects=3\n"                                                                              \
	"SysvSegments=1\n"                                                                         \
	"AclEntries=2\n"                                                                           \
	"Connections=4\n"                                                                          \
	"Parked=2\n"                                                                               \
	"Watches=2\n"                                                                              \
	"Holds=5\n"

static struct shmb_segment_options sized(uint64_t size, enum shmb_backing backing)
{
	struct shmb_segment_options options = page;

	options.size = size;
	options.backing = backing;
	options.mode = 0666;
	return options;
}

static void expect_over(int r, const char *resource, const char *user_of_it)
{
	ck_assert_msg(r == -EDQUOT, "%d: %s", r, shmb_last_error());
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), resource));
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "[Quota u:64501]"));
	if (user_of_it)
		ck_assert_ptr_nonnull(strstr(shmb_last_error(), user_of_it));
}

static int use_up_bytes(struct child *self, void *data)
{
	struct shmb_segment_options small = sized(16384, SHMB_BACKING_MEMFD);
	struct shmb_segment_options large = sized(65536, SHMB_BACKING_MEMFD);
	struct shmb_connection *connection;
	struct shmb_segment *first, *second;

	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	first = library_create(connection, "first", &small);
	expect_over(shmb_segment_open(connection, "second", &large, &second), "bytes", "\"first\"");
	ck_assert(!library_exists(connection, "second"));
	shmb_segment_detach(first);
	eventually(!library_exists(connection, "first"));
	second = library_create(connection, "second", &large);
	expect_over(shmb_segment_open(connection, "first", &small, &first), "65536",
		    "held by test, pid");
	/* A removed memfd that is still mapped still costs. */
	expect_ok(shmb_remove(connection, "second", NULL));
	expect_over(shmb_segment_open(connection, "first", &small, &first), "bytes", NULL);
	shmb_segment_detach(second);
	first = library_create(connection, "first", &small);
	shmb_segment_detach(first);
	shmb_disconnect(connection);
	return 0;
}

/* Under auto memfd is as good; a segment that is attached costs its slot also when it is removed.
 */
static int use_up_sysv(struct child *self, void *data)
{
	struct shmb_segment_options sysv = sized(4096, SHMB_BACKING_SYSV);
	struct shmb_segment_options either = sized(4096, SHMB_BACKING_AUTO);
	struct shmb_connection *connection;
	struct shmb_segment *first, *second;
	struct shmb_segment_facts facts;
	void *attached;

	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	first = library_create(connection, "first", &sysv);
	expect_over(shmb_segment_open(connection, "second", &sysv, &second), "System V segments",
		    "\"first\"");
	second = library_create(connection, "second", &either);
	shmb_segment_info(second, &facts);
	ck_assert_int_eq(facts.backing, SHMB_BACKING_MEMFD);
	shmb_segment_detach(second);
	shmb_segment_info(first, &facts);
	attached = shmat((int)facts.shmid, NULL, 0);
	ck_assert_ptr_ne(attached, (void *)-1);
	expect_ok(shmb_remove(connection, "first", NULL));
	shmb_segment_detach(first);
	expect_over(shmb_segment_open(connection, "third", &sysv, &second), "System V segments",
		    NULL);
	ck_assert_int_eq(shmdt(attached), 0);
	eventually(shmb_segment_open(connection, "third", &sysv, &second) == SHMB_INITIALISE);
	shmb_segment_detach(second);
	shmb_disconnect(connection);
	return 0;
}

static int use_up_objects_and_entries(struct child *self, void *data)
{
	struct shmb_segment_options options = sized(1, SHMB_BACKING_MEMFD);
	struct shmb_change grant = {.kind = SHMB_CHANGE_GRANT,
				    .entry = {SHMB_SUBJECT_USER, SHMB_ACCESS_READ, 7}};
	struct shmb_fifo_options piped = {.flags = SHMB_CREATE};
	struct shmb_connection *connection;
	struct shmb_segment *segment;
	struct shmb_fifo *fifo;

	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	(void)library_create(connection, "one", &options);
	(void)library_create(connection, "two", &options);
	expect_ok(shmb_fifo_open(connection, "three", SHMB_FIFO_READ, &piped, &fifo));
	expect_over(shmb_segment_open(connection, "four", &options, &segment), "objects",
		    "\"one\"");
	expect_over(shmb_fifo_open(connection, "four", SHMB_FIFO_READ, &piped, &fifo), "objects",
		    NULL);
	expect_ok(shmb_permit(connection, "one", &grant, NULL));
	expect_ok(shmb_permit(connection, "two", &grant, NULL));
	expect_over(shmb_permit(connection, "three", &grant, NULL), "ACL entries", "\"one\"");
	ck_assert_uint_eq(library_stat(connection, "three").acl_n, 0);
	grant.kind = SHMB_CHANGE_REVOKE;
	expect_ok(shmb_permit(connection, "one", &grant, NULL));
	grant.kind = SHMB_CHANGE_GRANT;
	expect_ok(shmb_permit(connection, "three", &grant, NULL));
	shmb_disconnect(connection);
	return 0;
}

/* One connection too many is refused. Returns whether it was told who has the others. */
static bool is_refused_and_told_who(const struct shmb_connect_options *options)
{
	struct shmb_connection *more;

	expect_over(shmb_connect(options, &more), "connections", NULL);
	says("takes no more of this user's: ");
	return strstr(shmb_last_error(), "; most by test_quotas, pid ") &&
	       strstr(shmb_last_error(), " (4)");
}

/* To find out who has them is dear, and at the door it is done now and then, not for each. */
static int use_up_connections(struct child *self, void *data)
{
	struct shmb_connect_options options = {.socket = broker.socket, .no_start = true};
	struct shmb_connection *own[4], *more;

	(void)self;
	(void)data;
	become(UID_ALICE);
	for (int i = 0; i < 4; i++)
		expect_ok(shmb_connect(&options, &own[i]));
	eventually(is_refused_and_told_who(&options));
	eventually(!is_refused_and_told_who(&options));
	shmb_disconnect(own[0]);
	eventually(shmb_connect(&options, &more) == 0);
	shmb_disconnect(more);
	for (int i = 1; i < 4; i++)
		shmb_disconnect(own[i]);
	return 0;
}

static int use_up_parked(struct child *self, void *data)
{
	struct shmb_segment_options options = sized(1, SHMB_BACKING_MEMFD);
	struct shmb_connection *connection;
	struct shmb_request *requests[3];
	struct shmb_segment *fresh, *segment;

	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	expect_result(shmb_segment_open(connection, "slow", &options, &fresh), SHMB_INITIALISE);
	for (int i = 0; i < 3; i++)
		expect_ok(shmb_segment_open_submit(connection, "slow", &options, NULL, NULL,
						   &requests[i]));
	library_await(connection, requests[2]);
	expect_over(shmb_segment_open_finish(requests[2], &segment), "parked requests",
		    "most by test, pid ");
	expect_ok(shmb_segment_ready(fresh));
	for (int i = 0; i < 2; i++) {
		library_await(connection, requests[i]);
		expect_ok(shmb_segment_open_finish(requests[i], &segment));
		shmb_segment_detach(segment);
	}
	shmb_segment_detach(fresh);
	shmb_disconnect(connection);
	return 0;
}

static int use_up_watches(struct child *self, void *data)
{
	struct shmb_connection *connection;
	struct shmb_watch *watches[3];

	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	expect_ok(shmb_watch_begin(connection, "a", &watches[0]));
	expect_ok(shmb_watch_begin(connection, "b", &watches[1]));
	expect_over(shmb_watch_begin(connection, "c", &watches[2]), "watches",
		    "most by test, pid ");
	shmb_watch_end(watches[0]);
	expect_ok(shmb_watch_begin(connection, "c", &watches[2]));
	shmb_watch_end(watches[1]);
	shmb_watch_end(watches[2]);
	shmb_disconnect(connection);
	return 0;
}

static int use_up_holds(struct child *self, void *data)
{
	const struct shmb_segment_options reading = {.flags = SHMB_READ};
	struct shmb_connection *connection;
	struct shmb_segment *held[5], *more;

	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	held[0] = library_create(connection, "held", NULL);
	for (int i = 1; i < 5; i++)
		held[i] = library_open(connection, "held", &reading);
	expect_over(shmb_segment_open(connection, "held", &reading, &more), "entries of the ledger",
		    "most by test, pid ");
	for (int i = 0; i < 5; i++)
		shmb_segment_detach(held[i]);
	shmb_disconnect(connection);
	return 0;
}

/* The memory of an initialiser that gave up is not for the next one, and still attached. */
static int use_up_renewals(struct child *self, void *data)
{
	struct shmb_segment_options sysv = sized(4096, SHMB_BACKING_SYSV);
	struct shmb_connection *connection;
	struct shmb_segment_facts facts;
	struct shmb_segment *segment;
	void *attached;

	(void)self;
	(void)data;
	become(UID_ALICE);
	sysv.lifetime = SHMB_LIFETIME_KEEP;
	connection = library_connect(&broker);
	expect_result(shmb_segment_open(connection, "renewed", &sysv, &segment), SHMB_INITIALISE);
	shmb_segment_info(segment, &facts);
	attached = shmat((int)facts.shmid, NULL, 0);
	ck_assert_ptr_ne(attached, (void *)-1);
	shmb_segment_detach(segment);
	expect_over(shmb_segment_open(connection, "renewed", &sysv, &segment),
		    "System V segments, and its limit is 1", "\"renewed\" (1, held by nobody)");
	ck_assert_int_eq(shmdt(attached), 0);
	expect_result(shmb_segment_open(connection, "renewed", &sysv, &segment), SHMB_INITIALISE);
	shmb_segment_detach(segment);
	expect_ok(shmb_remove(connection, "renewed", NULL));
	shmb_disconnect(connection);
	return 0;
}

/* Who uses up what, and what is written down of it. */
static const struct {
	child_fn *use_up;
	const char *said;
} users[] = {
	{use_up_bytes, "; used by \"first\" (16384, held by test, pid "},
	{use_up_sysv, "; used by \"first\" (1, held by test, pid "},
	{use_up_objects_and_entries, "), \"three\" (1, held by test, pid "},
	{use_up_connections, "; used by test_quotas, pid "},
	{use_up_parked, "; used by test, pid "},
	{use_up_watches, "; used by test, pid "},
	{use_up_holds, "; used by test, pid "},
	{use_up_renewals, "; used by \"renewed\" (1, held by nobody)"},
};

START_TEST(what_is_over_a_limit_is_refused_and_can_be_had_again)
{
	if (!is_root_or_says_skipped())
		return;
	root = configured_start(&broker, LIMITED);
	child_run(users[_i].use_up, NULL);
	/* Nothing stays charged: it can all be used up once more. */
	eventually(library_status(root).members == 1 && library_status(root).bytes == 0);
	child_run(users[_i].use_up, NULL);
	configured_expect_create(&broker, UID_BOB, "bobs", SHMB_INITIALISE);
	/* The administrator reads of it with the limit, and with all who have it. */
	ck_assert(broker_said(&broker, "[Quota u:64501]"));
	ck_assert_msg(broker_said(&broker, users[_i].said), "not said: %s", users[_i].said);
	ck_assert(users[_i].use_up != use_up_connections ||
		  broker_said(&broker, "CONNECT denied to a program (pid "));
	shmb_disconnect(root);
	broker_stop(&broker);
}
END_TEST

#define MANY 4200 /* more than are looked at for one refusal */

/* Beyond the limit of open files nobody can have so many. Returns false, having said so. */
static bool can_have_many(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max > MANY + 200)
		return true;
	fprintf(stderr, "SKIPPED: %d open files are needed, and fewer allowed (ulimit -Hn)\n",
		MANY + 200);
	return false;
}

static void make_many(struct shmb_connection *connection)
{
	struct shmb_segment_options options = sized(1, SHMB_BACKING_MEMFD);
	char name[32];

	options.lifetime = SHMB_LIFETIME_KEEP;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many/%u", i);
		shmb_segment_detach(library_create(connection, name, &options));
	}
}

/* All of it older. */
START_TEST(whatever_others_have_he_is_told_what_he_has)
{
	if (!is_root_or_says_skipped() || !can_have_many())
		return;
	root = configured_start(&broker, LIMITED);
	make_many(root);
	child_run(use_up_bytes, NULL);
	child_run(use_up_objects_and_entries, NULL);
	ck_assert(broker_said(&broker, "; used by \"first\" (16384, held by test, pid "));
	ck_assert(broker_said(&broker, "), \"three\" (1, held by test, pid "));
	shmb_disconnect(root);
	broker_stop(&broker);
}
END_TEST

static int use_up_many(struct child *self, void *data)
{
	struct shmb_segment_options options = sized(1, SHMB_BACKING_MEMFD);
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	make_many(connection);
	expect_over(shmb_segment_open(connection, "more", &options, &segment),
		    "4200 objects, and its limit is 4200", "; of the oldest most by \"many/");
	shmb_disconnect(connection);
	return 0;
}

START_TEST(who_has_more_than_can_be_looked_at_is_told_so)
{
	if (!is_root_or_says_skipped() || !can_have_many())
		return;
	root = configured_start(&broker, "[Quota u:64501]\nObjects=4200\n");
	child_run(use_up_many, NULL);
	ck_assert(broker_said(&broker, ", and others: only the 4096 oldest were looked at"));
	shmb_disconnect(root);
	broker_stop(&broker);
}
END_TEST

#define OWNED 400

/* Objects of its own below PREFIX, held and ending with it, as many as its user may have. */
static void own_all(struct shmb_connection *connection, const char *prefix)
{
	struct shmb_segment_options options = sized(1, SHMB_BACKING_MEMFD);
	char name[40];

	options.lifetime = SHMB_LIFETIME_OWNER;
	for (unsigned i = 0; i < OWNED; i++) {
		snprintf(name, sizeof(name), "%s/%u", prefix, i);
		(void)library_create(connection, name, &options);
	}
}

static int own_all_when_told(struct child *self, void *data)
{
	struct shmb_connection *connection;

	become(UID_ALICE);
	connection = library_connect(&broker);
	child_say(self, 0);
	(void)child_hear(self);
	own_all(connection, data);
	child_say(self, 1);
	(void)child_hear(self);
	return 0;
}

/* As where a program is started anew that has crashed. */
START_TEST(what_a_program_had_that_has_ended_can_be_had_at_once_by_the_next)
{
	static const char *const prefixes[] = {"same", "other", "same"};
	struct child children[ARRAY_SIZE(prefixes)];

	if (!is_root_or_says_skipped())
		return;
	root = configured_start(&broker, "[Quota u:64501]\nObjects=400\nHolds=400\n");
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		child_start(&children[i], own_all_when_told, (void *)prefixes[i]);
		ck_assert_int_eq(child_hear(&children[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		child_say(&children[i], 0);
		ck_assert_int_eq(child_hear(&children[i]), 1);
		child_kill(&children[i]);
	}
	eventually(library_status(root).bytes == 0 && library_status(root).holds == 0);
	shmb_disconnect(root);
	broker_stop(&broker);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("quotas");
	TCase *tcase = tcase_create("quotas");

	tcase_add_unchecked_fixture(tcase, configured_begin, configured_end);
	tcase_add_loop_test(tcase, what_is_over_a_limit_is_refused_and_can_be_had_again, 0,
			    ARRAY_SIZE(users));
	tcase_add_test(tcase, what_a_program_had_that_has_ended_can_be_had_at_once_by_the_next);
	tcase_add_test(tcase, whatever_others_have_he_is_told_what_he_has);
	tcase_add_test(tcase, who_has_more_than_can_be_looked_at_is_told_so);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
