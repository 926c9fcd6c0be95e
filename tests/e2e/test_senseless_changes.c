/*
 * Changes of permission that cannot be: each is refused in words of its own, and nothing has
 * changed.
 */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "library.h"
#include "support/says.h"
#include "support/suite.h"

static struct broker broker;
static struct shmb_connection *root;

static void start(void)
{
	broker_start(&broker, NULL);
	root = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(root);
	broker_stop(&broker);
}

START_TEST(what_makes_no_sense_is_refused_and_changes_nothing)
{
	struct shmb_acl_entry many[SHMB_ACL_MAX + 1];
	struct shmb_segment *segment = library_create(root, "p/bad", &page), *none;
	struct shmb_segment_options options = page;
	const struct {
		struct shmb_change change;
		int expected;
		const char *why;
	} bad[] = {
		{{.kind = 0}, -EINVAL, "is none of mode (1), group (2), grant (3) and revoke (4)"},
		{{.kind = 5}, -EINVAL, "is none of mode (1), group (2), grant (3) and revoke (4)"},
		{{.kind = SHMB_CHANGE_MODE, .mode = 01000},
		 -EINVAL,
		 "\"p/bad\" cannot have the mode 01000: it "},
		{{.kind = SHMB_CHANGE_MODE, .mode = 0x10000},
		 -EINVAL,
		 "has bits that are no permissions"},
		{{.kind = SHMB_CHANGE_MODE, .mode = 0200},
		 -EINVAL,
		 "\"p/bad\" cannot have the mode 0200: it "},
		{{.kind = SHMB_CHANGE_GRANT, .entry = {0, 1, 5}},
		 -EINVAL,
		 "is neither for a user (1) nor for a group (2)"},
		{{.kind = SHMB_CHANGE_GRANT, .entry = {SHMB_SUBJECT_USER, 0, 5}},
		 -EINVAL,
		 "grants neither r nor rw; revoke it where nothing is to be granted"},
		{{.kind = SHMB_CHANGE_GRANT, .entry = {SHMB_SUBJECT_USER, 2, 5}},
		 -EINVAL,
		 "cannot grant write without read: memory that can be written can be read"},
		{{.kind = SHMB_CHANGE_GRANT, .entry = {SHMB_SUBJECT_USER, 1, 65534}},
		 -EINVAL,
		 "is for an id that stands for nobody in particular"},
		{{.kind = SHMB_CHANGE_GRANT, .entry = {SHMB_SUBJECT_USER, 1, geteuid()}},
		 -EINVAL,
		 "is for the owner"},
		{{.kind = SHMB_CHANGE_GRANT, .entry = {SHMB_SUBJECT_GROUP, 1, getegid()}},
		 -EINVAL,
		 "is for the object's own group, whose access is in the mode; use chmod"},
		{{.kind = SHMB_CHANGE_REVOKE, .entry = {SHMB_SUBJECT_USER, 1, 5}},
		 -ENOENT,
		 "has no entry u:5"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		expect_refused(shmb_permit(root, "p/bad", &bad[i].change, NULL), bad[i].expected);
		says(bad[i].why);
	}
	expect_refused(shmb_permit(root, "p/none", &bad[0].change, NULL), -ENOENT);
	expect_refused(shmb_replace(root, "p/none", NULL, NULL), -ENOENT);
	expect_refused(shmb_replace(root, "../x", NULL, NULL), -EINVAL);
	for (unsigned i = 0; i <= SHMB_ACL_MAX; i++)
		many[i] = (struct shmb_acl_entry){SHMB_SUBJECT_USER, SHMB_ACCESS_READ, 5000 + i};
	options.acl = many;
	options.acl_n = SHMB_ACL_MAX + 1;
	expect_refused(shmb_segment_open(root, "p/many", &options, &none), -EINVAL);
	says("\" cannot have 33 entries, only 32; put users into groups");
	options.acl_n = 2;
	many[1] = many[0];
	expect_refused(shmb_segment_open(root, "p/many", &options, &none), -EINVAL);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "twice"));
	ck_assert(!library_exists(root, "p/many"));
	ck_assert_uint_eq(library_stat(root, "p/bad").acl_n, 0);
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(a_list_holds_as_many_as_it_may_and_not_one_more)
{
	struct shmb_change grant = {.kind = SHMB_CHANGE_GRANT,
				    .entry = {SHMB_SUBJECT_GROUP, SHMB_ACCESS_READ, 7000}};
	struct shmb_segment_options options = page;
	struct shmb_segment *segment;

	options.backing = SHMB_BACKING_MEMFD;
	segment = library_create(root, "p/full", &options);
	for (unsigned i = 0; i < SHMB_ACL_MAX; i++, grant.entry.id++)
		expect_ok(shmb_permit(root, "p/full", &grant, NULL));
	expect_refused(shmb_permit(root, "p/full", &grant, NULL), -ENOSPC);
	says(" entries, which is as many as may be; revoke one, or put");
	ck_assert_uint_eq(library_stat(root, "p/full").acl_n, SHMB_ACL_MAX);
	grant.entry.id = 7010;
	grant.entry.access = SHMB_ACCESS_BOTH;
	expect_ok(shmb_permit(root, "p/full", &grant, NULL)); /* one that is there may change */
	grant.kind = SHMB_CHANGE_REVOKE;
	expect_ok(shmb_permit(root, "p/full", &grant, NULL));
	ck_assert_uint_eq(library_stat(root, "p/full").acl_n, SHMB_ACL_MAX - 1);
	shmb_segment_detach(segment);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("senseless_changes");
	TCase *tcase = tcase_create("changes");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, what_makes_no_sense_is_refused_and_changes_nothing);
	tcase_add_test(tcase, a_list_holds_as_many_as_it_may_and_not_one_more);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
