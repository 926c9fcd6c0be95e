/*
 * The policy of a configuration at work: who may create what, what an object gets when nobody says,
 * and what a reload does, also one of a faulty file.
 */
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void expect_create(unsigned uid, const char *name, int expected)
{
	configured_expect_create(&broker, uid, name, expected);
}

#define CLAIMED                                                                                    \
	"[Prefix sensors]\n"                                                                       \
	"Create=u:64501\n"                                                                         \
	"Mode=0664\n"                                                                              \
	"Lifetime=used:1h\n"                                                                       \
	"[Prefix sensors/open]\n"                                                                  \
	"Create=*\n"                                                                               \
	"Backings=memfd\n"                                                                         \
	"Backing=memfd\n"

START_TEST(a_claimed_prefix_is_for_those_it_lists)
{
	if (!is_root_or_says_skipped())
		return;
	start(CLAIMED);
	expect_create(UID_ALICE, "sensors/one", SHMB_INITIALISE);
	expect_create(UID_BOB, "sensors/two", -EACCES);
	expect_create(UID_BOB, "sensors", -EACCES);
	expect_create(UID_BOB, "sensors/open/three", SHMB_INITIALISE);
	expect_create(UID_BOB, "sensorsandmore", SHMB_INITIALISE);
	expect_create(UID_BOB, "elsewhere", SHMB_INITIALISE);
	expect_create(0, "sensors/root", SHMB_INITIALISE);
	ck_assert(broker_said(&broker, "OPEN denied to test"));
	stop();
}
END_TEST

START_TEST(what_the_client_leaves_open_is_as_the_policy_has_it)
{
	struct shmb_segment_options own = page;
	struct shmb_segment *by_policy, *by_client;
	struct shmb_object object;

	own.mode = 0600;
	own.lifetime = SHMB_LIFETIME_OWNER;
	start(CLAIMED);
	by_policy = library_create(root, "sensors/default", &page);
	object = library_stat(root, "sensors/default");
	ck_assert_uint_eq(object.mode, 0664);
	ck_assert_int_eq(object.lifetime, SHMB_LIFETIME_USED);
	ck_assert_uint_eq(object.linger_ms, 3600 * 1000);
	by_client = library_create(root, "sensors/own", &own);
	object = library_stat(root, "sensors/own");
	ck_assert_uint_eq(object.mode, 0600);
	ck_assert_int_eq(object.lifetime, SHMB_LIFETIME_OWNER);
	shmb_segment_detach(by_policy);
	shmb_segment_detach(by_client);
	stop();
}
END_TEST

START_TEST(a_backing_that_the_policy_does_not_allow_is_not_had)
{
	const struct shmb_fifo_options piped = {.flags = SHMB_CREATE};
	struct shmb_fifo *fifo;
	const struct shmb_replace_options by_sysv = {.backing = SHMB_BACKING_SYSV};
	struct shmb_segment_options options = page;
	struct shmb_segment *segment;
	struct shmb_segment_facts facts;

	start(CLAIMED);
	segment = library_create(root, "sensors/open/auto", &page);
	shmb_segment_info(segment, &facts);
	ck_assert_int_eq(facts.backing, SHMB_BACKING_MEMFD);
	shmb_segment_detach(segment);
	options.backing = SHMB_BACKING_SYSV;
	expect_refused(shmb_segment_open(root, "sensors/open/sysv", &options, &segment), -EPERM);
	says("); ask for one that is allowed there, or take another name");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "Backings="));
	expect_refused(shmb_fifo_open(root, "sensors/open/pipe", SHMB_FIFO_READ, &piped, &fifo),
		       -EPERM);
	says("\" cannot be a FIFO (");
	/* A new generation is no way around it. */
	segment = library_create(root, "sensors/open/again", &page);
	expect_refused(shmb_replace(root, "sensors/open/again", &by_sysv, NULL), -EPERM);
	ck_assert_uint_eq(library_stat(root, "sensors/open/again").generation, 1);
	shmb_segment_detach(segment);
	options.backing = SHMB_BACKING_AUTO;
	options.flags |= SHMB_KEY;
	expect_refused(shmb_segment_open(root, "sensors/open/key", &options, &segment), -EPERM);
	stop();
}
END_TEST

#define NARROWED                                                                                   \
	"[Defaults]\n"                                                                             \
	"Backings=\n"                                                                              \
	"[Prefix piped]\n"                                                                         \
	"Backings=fifo\n"                                                                          \
	"[Prefix sysv]\n"                                                                          \
	"Backings=sysv\n"

/* An empty list leaves nothing, and auto is no way around a list. What is not allowed is not
 * advised either. */
START_TEST(what_a_list_of_backings_leaves_out_is_not_had)
{
	static const enum shmb_backing wishes[] = {SHMB_BACKING_AUTO, SHMB_BACKING_SYSV,
						   SHMB_BACKING_MEMFD};
	const struct shmb_fifo_options piped = {.flags = SHMB_CREATE};
	struct shmb_segment_options options = page;
	struct shmb_segment *segment;
	struct shmb_fifo *fifo;

	start(NARROWED);
	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
		options.backing = wishes[i];
		expect_refused(shmb_segment_open(root, "any", &options, &segment), -EPERM);
		ck_assert_ptr_nonnull(strstr(shmb_last_error(), "[Defaults] Backings="));
		expect_refused(shmb_segment_open(root, "piped/any", &options, &segment), -EPERM);
		ck_assert_ptr_nonnull(strstr(shmb_last_error(), "[Prefix piped] Backings="));
	}
	expect_refused(shmb_fifo_open(root, "any", SHMB_FIFO_READ, &piped, &fifo), -EPERM);
	expect_ok(shmb_fifo_open(root, "piped/any", SHMB_FIFO_READ, &piped, &fifo));
	shmb_fifo_close(fifo);
	options =
		(struct shmb_segment_options){.size = 1,
					      .flags = SHMB_CREATE | SHMB_GROUP,
					      .gid = getegid(),
					      .mode = 0640,
					      .acl = &(struct shmb_acl_entry){SHMB_SUBJECT_USER,
									      SHMB_ACCESS_READ, 7},
					      .acl_n = 1};
	expect_refused(shmb_segment_open(root, "sysv/any", &options, &segment), -ENOTSUP);
	says("its access control list names single users or several");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "memfd is not allowed there"));
	stop();
}
END_TEST

/* In an IPC namespace of this test, which has room for none. */
START_TEST(where_system_v_is_full_no_memfd_is_advised_that_may_not_be)
{
	struct shmb_segment *segment;
	FILE *limit;

	if (!is_root_or_says_skipped())
		return;
	ck_assert_int_eq(unshare(CLONE_NEWIPC), 0);
	start(NARROWED);
	limit = fopen("/proc/sys/kernel/shmmni", "we");
	ck_assert_ptr_nonnull(limit);
	ck_assert_int_gt(fputs("0", limit), 0);
	ck_assert_int_eq(fclose(limit), 0);
	expect_refused(shmb_segment_open(root, "sysv/any", &page, &segment), -ENOSPC);
	says("; see \"ipcs -lm\" and \"ipcs -um\"; no memfd is allowed there");
	stop();
}
END_TEST

START_TEST(a_reload_changes_the_policy_and_a_faulty_one_does_not)
{
	if (!is_root_or_says_skipped())
		return;
	start("");
	expect_create(UID_BOB, "later/one", SHMB_INITIALISE);
	configured_reload(&broker, "[Prefix later]\nCreate=u:64501\n", "configuration reloaded");
	expect_create(UID_BOB, "later/two", -EACCES);
	expect_create(UID_ALICE, "later/two", SHMB_INITIALISE);
	configured_reload(&broker, "[Prefix later]\nCreate=*\nColour=red\n",
			  "the one before stays");
	ck_assert(broker_said(&broker, "shmbrokerd.conf:3: "));
	expect_create(UID_BOB, "later/three", -EACCES);
	stop();
}
END_TEST

/* There is no policy before the first, and what is built in might be wider than what was meant. */
START_TEST(a_faulty_configuration_is_no_start)
{
	const char *const options[] = {"--config", configured_file(), NULL};
	int status = 0;

	configured_write("[Prefix a/../b]\nCreate=*\n");
	ck_assert(!broker_try_start(&broker, options, &status));
	ck_assert_int_eq(status, EXIT_FAILURE);
	ck_assert(broker_said(&broker, "shmbrokerd.conf:1: "));
	ck_assert(broker_said(&broker, "the configuration was not taken"));
	broker_forget(&broker);
}
END_TEST

/* The owner of a group that is his alone can be said by System V. */
static int create_private(struct child *self, void *data)
{
	struct shmb_segment_options options = page;
	struct shmb_connection *connection;
	struct shmb_segment *segment;
	struct shmb_object object;

	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	options.backing = SHMB_BACKING_SYSV;
	options.mode = 0600;
	segment = library_create(connection, "mine", &options);
	object = library_stat(connection, "mine");
	ck_assert_uint_eq(object.mode, 0600);
	strcpy(shmb_segment_data(segment), "written");
	shmb_disconnect(connection);
	return 0;
}

START_TEST(a_private_group_lets_system_v_say_a_single_user)
{
	if (!is_root_or_says_skipped())
		return;
	start("[Broker]\nPrivateGroups=64501:64501\n");
	child_run(create_private, NULL);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tcase = tcase_create("policy");

	tcase_add_unchecked_fixture(tcase, configured_begin, configured_end);
	tcase_add_test(tcase, a_claimed_prefix_is_for_those_it_lists);
	tcase_add_test(tcase, what_the_client_leaves_open_is_as_the_policy_has_it);
	tcase_add_test(tcase, a_backing_that_the_policy_does_not_allow_is_not_had);
	tcase_add_test(tcase, what_a_list_of_backings_leaves_out_is_not_had);
	tcase_add_test(tcase, where_system_v_is_full_no_memfd_is_advised_that_may_not_be);
	tcase_add_test(tcase, a_reload_changes_the_policy_and_a_faulty_one_does_not);
	tcase_add_test(tcase, a_faulty_configuration_is_no_start);
	tcase_add_test(tcase, a_private_group_lets_system_v_say_a_single_user);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
