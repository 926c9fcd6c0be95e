/*
 * Who pays for what, and until when: limits that fall below what is in use, objects that others
 * hold on to, memory that is made anew, and new generations.
 */
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>

#include "configured.h"
#include "library.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

static struct broker broker;
static struct shmb_connection *root;

static void start(const char *text)
{
	root = configured_start(&broker, text);
}

static void stop(void)
{
	shmb_disconnect(root);
	broker_stop(&broker);
}

static struct shmb_segment_options sized(uint64_t size, enum shmb_backing backing)
{
	struct shmb_segment_options options = page;

	options.size = size;
	options.backing = backing;
	options.mode = 0666;
	return options;
}

/* What Alice has is hers, whatever the limits have become; only more is refused. */
static int outlive_a_lowered_limit(struct child *self, void *data)
{
	struct shmb_segment_options options = sized(4096, SHMB_BACKING_SYSV);
	struct shmb_acl_entry readers[] = {{SHMB_SUBJECT_GROUP, SHMB_ACCESS_READ, 7},
					   {SHMB_SUBJECT_GROUP, SHMB_ACCESS_READ, 8}};
	struct shmb_change grant = {.kind = SHMB_CHANGE_GRANT,
				    .entry = {SHMB_SUBJECT_GROUP, SHMB_ACCESS_READ, 9}};
	struct shmb_connection *connection;
	struct shmb_segment *segment, *more;

	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	segment = library_create(connection, "sysv", &options);
	options = sized(4096, SHMB_BACKING_MEMFD);
	options.acl = readers;
	options.acl_n = 2;
	segment = library_create(connection, "listed", &options);
	child_say(self, 1);
	ck_assert_int_eq(child_hear(self), 2);
	strcpy(shmb_segment_data(segment), "still hers");
	options.acl_n = 0;
	options.size = 1;
	/* Of entries there are more than there may be: whoever asks for none is not concerned. */
	shmb_segment_detach(library_create(connection, "more", &options));
	expect_refused(shmb_permit(connection, "listed", &grant, NULL), -EDQUOT);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "ACL entries"));
	options = sized(4096, SHMB_BACKING_SYSV);
	expect_refused(shmb_segment_open(connection, "more", &options, &more), -EDQUOT);
	grant.kind = SHMB_CHANGE_REVOKE;
	grant.entry.id = 7;
	expect_ok(shmb_permit(connection, "listed", &grant, NULL));
	shmb_disconnect(connection);
	return 0;
}

START_TEST(what_is_in_use_when_a_limit_is_lowered_stays)
{
	struct child alice;

	if (!is_root_or_says_skipped())
		return;
	start("[Quota]\nAclEntries=5\n");
	child_start(&alice, outlive_a_lowered_limit, NULL);
	ck_assert_int_eq(child_hear(&alice), 1);
	configured_reload(&broker, "[Quota]\nAclEntries=1\nSysvSegments=0\nHolds=4\nParked=0\n",
			  "configuration reloaded");
	child_say(&alice, 2);
	ck_assert_int_eq(child_wait(&alice), 0);
	stop();
}
END_TEST

/* Opens each generation that Alice makes, and keeps it. */
static int keep_everything(struct child *self, void *data)
{
	const struct shmb_segment_options for_reading = {.flags = SHMB_READ};
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	(void)data;
	become(UID_BOB);
	connection = library_connect(&broker);
	while (child_hear(self) == 1) {
		segment = library_open(connection, "public", &for_reading);
		ck_assert_ptr_nonnull(segment);
		child_say(self, 1);
	}
	shmb_disconnect(connection);
	return 0;
}

static int make_and_remove(struct child *self, void *data)
{
	struct shmb_segment_options options = sized(4096, SHMB_BACKING_MEMFD);
	struct shmb_acl_entry reader = {SHMB_SUBJECT_USER, SHMB_ACCESS_READ, UID_BOB};
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	(void)data;
	become(UID_ALICE);
	options.mode = 0600;
	options.acl = &reader;
	options.acl_n = 1;
	connection = library_connect(&broker);
	for (int i = 0; i < 6; i++) {
		segment = library_create(connection, "public", &options);
		child_say(self, 1);
		ck_assert_int_eq(child_hear(self), 1);
		shmb_segment_detach(segment);
		expect_ok(shmb_remove(connection, "public", NULL));
	}
	/* The memory stays hers while Bob has it. */
	options.size = 8 * 4096;
	expect_refused(shmb_segment_open(connection, "public", &options, &segment), -EDQUOT);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "bytes"));
	child_say(self, 2);
	ck_assert_int_eq(child_hear(self), 2);
	eventually(shmb_segment_open(connection, "public", &options, &segment) == SHMB_INITIALISE);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(who_keeps_what_was_removed_pays_for_the_entry)
{
	struct child alice, bob;

	if (!is_root_or_says_skipped())
		return;
	start("[Quota u:64501]\nObjects=2\nAclEntries=2\nBytes=32K\n");
	child_start(&alice, make_and_remove, NULL);
	child_start(&bob, keep_everything, NULL);
	while (child_hear(&alice) == 1) {
		child_say(&bob, 1);
		child_say(&alice, child_hear(&bob));
	}
	child_say(&bob, 0);
	ck_assert_int_eq(child_wait(&bob), 0);
	child_say(&alice, 2);
	ck_assert_int_eq(child_wait(&alice), 0);
	stop();
}
END_TEST

/* A new generation is charged beside the old, and needs no more than the old gives back. */
static int replace_at_the_limit(struct child *self, void *data)
{
	const struct shmb_replace_options larger = {.size = 12288};
	const struct shmb_fifo_options piped = {.flags = SHMB_CREATE};
	const enum shmb_backing backing = *(const enum shmb_backing *)data;
	struct shmb_segment_options options = sized(8192, backing);
	struct shmb_acl_entry reader = {SHMB_SUBJECT_GROUP, SHMB_ACCESS_BOTH, UID_BOB};
	struct shmb_connection *connection;
	struct shmb_segment *segment;
	struct shmb_fifo *fifo;

	(void)self;
	become(UID_ALICE);
	options.lifetime = SHMB_LIFETIME_KEEP;
	options.acl = &reader;
	options.acl_n = backing == SHMB_BACKING_MEMFD;
	connection = library_connect(&broker);
	segment = library_create(connection, "only", &options);
	/* What is held stays when it is replaced, and costs. */
	expect_refused(shmb_replace(connection, "only", NULL, NULL), -EDQUOT);
	shmb_segment_detach(segment);
	for (int i = 0; i < 3; i++)
		expect_ok(shmb_replace(connection, "only", NULL, NULL));
	expect_refused(shmb_replace(connection, "only", &larger, NULL), -EDQUOT);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "bytes"));
	ck_assert_uint_eq(library_stat(connection, "only").generation, 4);
	ck_assert_uint_eq(library_stat(connection, "only").acl_n, options.acl_n);
	expect_ok(shmb_remove(connection, "only", NULL));
	expect_ok(shmb_fifo_open(connection, "only", SHMB_FIFO_READ, &piped, &fifo));
	expect_ok(shmb_replace(connection, "only", NULL, NULL));
	shmb_disconnect(connection);
	return 0;
}

START_TEST(a_new_generation_is_had_for_what_the_old_gives_back)
{
	enum shmb_backing backing = _i ? SHMB_BACKING_SYSV : SHMB_BACKING_MEMFD;

	if (!is_root_or_says_skipped())
		return;
	start("[Quota u:64501]\nObjects=1\nBytes=8K\nAclEntries=1\nSysvSegments=1\n");
	child_run(replace_at_the_limit, &backing);
	stop();
}
END_TEST

/* Begin to initialise "anew", attach it past the ledger, and leave. Returns what opening gives. */
static int spoil(struct shmb_connection *connection)
{
	struct shmb_segment_options options = sized(4096, SHMB_BACKING_SYSV);
	struct shmb_segment_facts facts;
	struct shmb_segment *segment;
	int r;

	options.lifetime = SHMB_LIFETIME_KEEP;
	r = shmb_segment_open(connection, "anew", &options, &segment);
	if (r < 0)
		return r;
	shmb_segment_info(segment, &facts);
	ck_assert_ptr_ne(shmat((int)facts.shmid, NULL, 0), (void *)-1);
	shmb_segment_detach(segment);
	return r;
}

#define TEAM 64510 /* a group that Alice is in, and her objects are not given to */

/* The owner, who stays attached, and then somebody else. */
struct renewal {
	const char *config;
	int alices; /* generations that she gets */
	int bob;    /* what he gets then */
};

static int alice_spoils(struct child *self, void *data)
{
	const gid_t team = TEAM;
	const struct renewal *renewal = data;
	struct shmb_connection *connection;

	ck_assert_int_eq(setgroups(1, &team), 0);
	ck_assert_int_eq(setresgid(UID_ALICE, UID_ALICE, UID_ALICE), 0);
	ck_assert_int_eq(setresuid(UID_ALICE, UID_ALICE, UID_ALICE), 0);
	connection = library_connect(&broker);
	for (int i = 0; i < renewal->alices; i++)
		expect_result(spoil(connection), SHMB_INITIALISE);
	if (renewal->bob < 0) {
		expect_refused(spoil(connection), -EDQUOT);
		says("\"anew\" cannot be opened: its memory has to be made anew while the old is "
		     "still attached, and of its owner's limit no room is left: ");
	}
	child_say(self, 1);
	ck_assert_int_eq(child_hear(self), 2);
	shmb_disconnect(connection);
	return 0;
}

static int bob_spoils(struct child *self, void *data)
{
	const struct renewal *renewal = data;
	struct shmb_connection *connection;

	(void)self;
	become(UID_BOB);
	connection = library_connect(&broker);
	expect_result(spoil(connection), renewal->bob);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(memory_that_is_made_anew_is_within_the_limit_of_the_owners_group)
{
	static struct renewal renewals[] = {
		{"[Quota g:64510]\nSysvSegments=1\n", 1, -EDQUOT},
		{"[Quota]\nSysvSegments=1\n[Quota g:64510]\nSysvSegments=3\n", 2, SHMB_INITIALISE},
		{"[Quota]\nBytes=4K\n[Quota g:64510]\nBytes=12K\n", 2, SHMB_INITIALISE},
	};
	struct child alice;

	if (!is_root_or_says_skipped())
		return;
	start(renewals[_i].config);
	child_start(&alice, alice_spoils, &renewals[_i]);
	ck_assert_int_eq(child_hear(&alice), 1);
	child_run(bob_spoils, &renewals[_i]);
	child_say(&alice, 2);
	ck_assert_int_eq(child_wait(&alice), 0);
	expect_ok(shmb_remove(root, "anew", NULL));
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("paying");
	TCase *tcase = tcase_create("paying");

	tcase_add_unchecked_fixture(tcase, configured_begin, configured_end);
	tcase_add_test(tcase, what_is_in_use_when_a_limit_is_lowered_stays);
	tcase_add_test(tcase, who_keeps_what_was_removed_pays_for_the_entry);
	tcase_add_loop_test(tcase, a_new_generation_is_had_for_what_the_old_gives_back, 0, 2);
	tcase_add_loop_test(tcase, memory_that_is_made_anew_is_within_the_limit_of_the_owners_group,
			    0, 3);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
