/*
 * New generations: what they take over from the old, who may have them, and what can be done from
 * another IPC namespace.
 */
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

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

static const struct shmb_segment_options kept = {.size = 4096,
						 .flags = SHMB_CREATE,
						 .mode = 0666,
						 .lifetime = SHMB_LIFETIME_KEEP};

static int alice_makes_and_may_not_make_anew(struct child *self, void *data)
{
	const struct shmb_replace_options larger = {.size = 8192};
	struct shmb_connection *connection;

	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	shmb_segment_detach(library_create(connection, "later/x", &kept));
	child_say(self, 1);
	ck_assert_int_eq(child_hear(self), 2);
	expect_refused(shmb_replace(connection, "later/x", &larger, NULL), -EACCES);
	says("\" may not be created by uid ");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "[Prefix later] Create="));
	ck_assert_uint_eq(library_stat(connection, "later/x").size, 4096);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(a_new_generation_is_a_creation_to_the_policy)
{
	struct child alice;

	if (!is_root_or_says_skipped())
		return;
	start("");
	child_start(&alice, alice_makes_and_may_not_make_anew, NULL);
	ck_assert_int_eq(child_hear(&alice), 1);
	configured_reload(&broker, "[Prefix later]\nCreate=u:root\n", "configuration reloaded");
	child_say(&alice, 2);
	ck_assert_int_eq(child_wait(&alice), 0);
	expect_ok(shmb_replace(root, "later/x", NULL, NULL));
	expect_ok(shmb_remove(root, "later/x", NULL));
	stop();
}
END_TEST

START_TEST(what_had_a_key_has_one_again)
{
	const struct shmb_replace_options as_memfd = {.backing = SHMB_BACKING_MEMFD};
	struct shmb_segment_options with_key = kept;
	struct shmb_object before, after;

	/* Under auto this would be a memfd, were it not for the key. */
	start("[Defaults]\nBacking=memfd\n");
	with_key.flags |= SHMB_KEY;
	shmb_segment_detach(library_create(root, "keyed", &with_key));
	before = library_stat(root, "keyed");
	expect_ok(shmb_replace(root, "keyed", NULL, NULL));
	after = library_stat(root, "keyed");
	ck_assert_uint_eq(after.backing, SHMB_BACKING_SYSV);
	ck_assert_uint_ne(after.key, 0);
	ck_assert_uint_ne(after.key, before.key);
	/* Whoever asks for a memfd wants it without. */
	expect_ok(shmb_replace(root, "keyed", &as_memfd, NULL));
	ck_assert_uint_eq(library_stat(root, "keyed").backing, SHMB_BACKING_MEMFD);
	expect_ok(shmb_replace(root, "keyed", NULL, NULL));
	ck_assert_uint_eq(library_stat(root, "keyed").backing, SHMB_BACKING_MEMFD);
	expect_ok(shmb_remove(root, "keyed", NULL));
	stop();
}
END_TEST

static int alice_makes_one_of_each(struct child *self, void *data)
{
	struct shmb_segment_options options = kept;
	struct shmb_connection *connection;

	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	options.backing = SHMB_BACKING_SYSV;
	shmb_segment_detach(library_create(connection, "sysv", &options));
	options.backing = SHMB_BACKING_MEMFD;
	shmb_segment_detach(library_create(connection, "memfd", &options));
	shmb_disconnect(connection);
	return 0;
}

/* System V reaches nobody here, and yet can be taken away from those whom it reaches. */
static int alice_revokes_from_elsewhere(struct child *self, void *data)
{
	const struct shmb_change closing = {.kind = SHMB_CHANGE_MODE, .mode = 0444};
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	(void)self;
	ck_assert_int_eq(unshare(CLONE_NEWIPC), 0);
	become(UID_ALICE);
	connection = library_connect(&broker);
	expect_refused(shmb_segment_open(connection, data, NULL, &segment), -ENOTSUP);
	says("\"sysv\" is a System V segment, and this process is in another IPC namespace than "
	     "the broker; create it with memfd, or share the namespace");
	expect_ok(shmb_permit(connection, data, &closing, NULL));
	expect_refused(shmb_replace(connection, "memfd",
				    &(struct shmb_replace_options){.backing = SHMB_BACKING_SYSV},
				    NULL),
		       -ENOTSUP);
	says("ask for memfd, or another mode or group");
	shmb_disconnect(connection);
	return 0;
}

static int alice_replaces_from_elsewhere(struct child *self, void *data)
{
	struct shmb_connection *connection;

	(void)self;
	ck_assert_int_eq(unshare(CLONE_NEWIPC), 0);
	become(UID_ALICE);
	connection = library_connect(&broker);
	expect_ok(shmb_replace(connection, data, NULL, NULL));
	shmb_disconnect(connection);
	return 0;
}

START_TEST(what_system_v_grants_is_revoked_from_any_ipc_namespace)
{
	static char name[] = "sysv";
	struct shmid_ds now;

	if (!is_root_or_says_skipped())
		return;
	start("");
	child_run(alice_makes_one_of_each, NULL);
	child_run(alice_revokes_from_elsewhere, name);
	ck_assert_int_eq(shmctl((int)library_stat(root, name).shmid, IPC_STAT, &now), 0);
	ck_assert_uint_eq(now.shm_perm.mode & 0777u, 0644); /* the owner's bits are the broker's */
	expect_ok(shmb_permit(root, name,
			      &(struct shmb_change){.kind = SHMB_CHANGE_MODE, .mode = 0666}, NULL));
	child_run(alice_replaces_from_elsewhere, name);
	ck_assert_uint_eq(library_stat(root, name).generation, 2);
	ck_assert_uint_eq(library_stat(root, name).backing, SHMB_BACKING_SYSV);
	expect_ok(shmb_remove(root, name, NULL));
	expect_ok(shmb_remove(root, "memfd", NULL));
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("replacing");
	TCase *tcase = tcase_create("replacing");

	tcase_add_unchecked_fixture(tcase, configured_begin, configured_end);
	tcase_add_test(tcase, a_new_generation_is_a_creation_to_the_policy);
	tcase_add_test(tcase, what_had_a_key_has_one_again);
	tcase_add_test(tcase, what_system_v_grants_is_revoked_from_any_ipc_namespace);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
