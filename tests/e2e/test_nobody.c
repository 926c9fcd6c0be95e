/*
 * Who is not served: by a user's own broker nobody else, and by none whoever has uid 65534, which
 * stands for nobody in particular. A group of that number is nobody's.
 */
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "configured.h"
#include "library.h"
#include "support/child.h"
#include "support/raw.h"
#include "support/says.h"
#include "support/suite.h"

#define NOBODY 65534

static struct broker broker;
static struct shmb_connection *root;

static void start(void)
{
	root = configured_start(&broker, "[Prefix team]\nCreate=*\nMode=0640\n");
}

static void stop(void)
{
	shmb_disconnect(root);
	broker_stop(&broker);
}

/* Somebody who is not served, and what he is told. */
struct stranger {
	uid_t uid;
	const char *told;
};

static int say_hello(struct child *self, void *data)
{
	const struct stranger *stranger = data;
	struct raw raw;

	(void)self;
	become(stranger->uid);
	raw_connect(&raw, broker.socket);
	ck_assert_int_eq(raw_hello(&raw), -EACCES);
	raw_says(&raw, stranger->told);
	raw_expect_end(&raw);
	return 0;
}

START_TEST(uid_65534_is_not_served)
{
	struct stranger nobody = {NOBODY,
				  "uid 65534 means a user that the broker cannot tell from others, "
				  "and is not served; map the user into the broker's user "
				  "namespace"};

	if (!is_root_or_says_skipped())
		return;
	child_run(say_hello, &nobody);
	ck_assert_uint_eq(library_status(root).members, 1);
}
END_TEST

/* Not even where the file system lets her in. */
START_TEST(a_users_own_broker_serves_nobody_else)
{
	struct stranger alice = {UID_ALICE,
				 "this is the per-user broker of uid 0, which does not serve uid "
				 "64501; use that user's own or the system's"};

	if (!is_root_or_says_skipped())
		return;
	broker_start(&broker, (const char *const[]){"--user", NULL});
	ck_assert_int_eq(chmod(broker.directory, 0755), 0);
	ck_assert_int_eq(chmod(broker.socket, 0666), 0);
	child_run(say_hello, &alice);
	broker_stop(&broker);
}
END_TEST

/* Many services have no other group. */
static int create_with_such_a_group(struct child *self, void *data)
{
	const struct shmb_question create = {.uid = UID_ALICE,
					     .gid = NOBODY,
					     .deed = SHMB_DEED_CREATE};
	const struct shmb_change opening = {.kind = SHMB_CHANGE_MODE, .mode = 0640};
	struct shmb_verdict verdict;
	struct shmb_segment_options options = page;
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	(void)self;
	(void)data;
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setresgid(NOBODY, NOBODY, NOBODY), 0);
	ck_assert_int_eq(setresuid(UID_ALICE, UID_ALICE, UID_ALICE), 0);
	connection = library_connect(&broker);
	options.mode = 0660;
	expect_refused(shmb_segment_open(connection, "grouped", &options, &segment), -EINVAL);
	says("; take another group (chgrp, --group), or a mode with the");
	says("stands for all groups that cannot be told apart, and so may");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "another group"));
	/* Also where the policy has the mode; and the question is answered as the deed is. */
	expect_refused(shmb_segment_open(connection, "team/grouped", &page, &segment), -EINVAL);
	expect_ok(shmb_explain(connection, "team/grouped", &create, &verdict));
	ck_assert(!verdict.allowed);
	ck_assert_ptr_nonnull(strstr(verdict.rule, "group 65534"));
	expect_ok(shmb_explain(connection, "own", &create, &verdict));
	ck_assert(verdict.allowed);
	options.mode = 0600;
	segment = library_create(connection, "own", &options);
	expect_refused(shmb_permit(connection, "own", &opening, NULL), -EINVAL);
	ck_assert_uint_eq(library_stat(connection, "own").mode, 0600);
	options.mode = 0666;
	shmb_segment_detach(library_create(connection, "everybodys", &options));
	/* To ask for it by name is a mistake in any case. */
	options.flags |= SHMB_GROUP;
	options.gid = NOBODY;
	expect_refused(shmb_segment_open(connection, "asked", &options, &segment), -EINVAL);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(group_65534_is_given_nothing_of_its_own)
{
	const unsigned nobodys[] = {NOBODY, (unsigned)-1};
	struct shmb_segment *segment;

	if (!is_root_or_says_skipped())
		return;
	child_run(create_with_such_a_group, NULL);
	segment = library_create(root, "roots", &page);
	for (size_t i = 0; i < ARRAY_SIZE(nobodys); i++) {
		struct shmb_change giving = {.kind = SHMB_CHANGE_GROUP, .gid = nobodys[i]};

		expect_refused(shmb_permit(root, "roots", &giving, NULL), -EINVAL);
		says(", which stands for nobody in particular; take another one");
	}
	ck_assert_uint_eq(library_stat(root, "roots").gid, getegid());
	shmb_segment_detach(segment);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nobody");
	TCase *tcase = tcase_create("nobody");
	TCase *own = tcase_create("a user's own broker");

	tcase_add_unchecked_fixture(tcase, configured_begin, configured_end);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, uid_65534_is_not_served);
	tcase_add_test(tcase, group_65534_is_given_nothing_of_its_own);
	tcase_add_test(own, a_users_own_broker_serves_nobody_else);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, own);
	return suite_run(suite);
}
