/*
 * Who may do what, with real users and the kernel's own judgement: lists, changes of permission,
 * and new generations. Alice owns, Bob is somebody else; the test itself is root.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "library.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

static struct broker broker;
static struct shmb_connection *root;

static void start(void)
{
	broker_start(&broker, NULL);
	root = library_connect(&broker);
}

/* What Alice made was to be kept. */
static void remove_all(void)
{
	struct shmb_page *objects;
	struct shmb_object object;
	uint64_t cursor = 0;

	do {
		expect_ok(shmb_list(root, "", &cursor, &objects));
		while (shmb_page_next_object(objects, &object) == 0)
			if (object.lifetime == SHMB_LIFETIME_KEEP)
				expect_ok(shmb_remove(root, object.name, NULL));
		shmb_page_free(objects);
	} while (cursor);
}

static void stop(void)
{
	remove_all();
	shmb_disconnect(root);
	broker_stop(&broker);
}

/* What Alice makes: kept, so that her process may end. */
struct making {
	const char *name;
	struct shmb_segment_options options;
	bool is_fifo;
};

static int alice_makes(struct child *self, void *data)
{
	const struct making *making = data;
	struct shmb_connection *connection;

	(void)self;
	become(UID_ALICE);
	connection = library_connect(&broker);
	if (making->is_fifo) {
		struct shmb_fifo_options options = {.flags = SHMB_CREATE,
						    .lifetime = SHMB_LIFETIME_KEEP,
						    .mode = making->options.mode,
						    .acl = making->options.acl,
						    .acl_n = making->options.acl_n};
		struct shmb_fifo *fifo;

		expect_ok(
			shmb_fifo_open(connection, making->name, SHMB_FIFO_READ, &options, &fifo));
	} else {
		struct shmb_segment *segment =
			library_create(connection, making->name, &making->options);

		strcpy(shmb_segment_data(segment), "alice");
	}
	shmb_disconnect(connection);
	return 0;
}

static void make(const char *name, enum shmb_backing backing, unsigned mode,
		 const struct shmb_acl_entry *acl, unsigned acl_n)
{
	struct making making = {.name = name,
				.options = {.size = 4096,
					    .flags = SHMB_CREATE,
					    .backing = backing,
					    .lifetime = SHMB_LIFETIME_KEEP,
					    .mode = mode,
					    .acl = acl,
					    .acl_n = acl_n}};

	child_run(alice_makes, &making);
}

static void make_fifo(const char *name, unsigned mode)
{
	struct making making = {.name = name, .options = {.mode = mode}, .is_fifo = true};

	child_run(alice_makes, &making);
}

/* An attempt of UID to open NAME, in a process of its own. */
struct attempt {
	unsigned uid;
	const char *name;
	unsigned flags;
	int expected;
};

static int try_open(struct child *self, void *data)
{
	const struct attempt *attempt = data;
	struct shmb_segment_options options = {.flags = attempt->flags};
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	(void)self;
	become(attempt->uid);
	connection = library_connect(&broker);
	if (attempt->expected < 0) {
		expect_refused(shmb_segment_open(connection, attempt->name, &options, &segment),
			       attempt->expected);
		says(", which does not grant uid ");
	} else {
		expect_result(shmb_segment_open(connection, attempt->name, &options, &segment),
			      attempt->expected);
		if (attempt->expected == 0)
			ck_assert_str_eq(shmb_segment_data(segment), "alice");
	}
	shmb_disconnect(connection);
	return 0;
}

static void expect_open(unsigned uid, const char *name, unsigned flags, int expected)
{
	struct attempt attempt = {uid, name, flags, expected};

	child_run(try_open, &attempt);
}

static void permit(const char *name, struct shmb_change change)
{
	expect_ok(shmb_permit(root, name, &change, NULL));
}

static struct shmb_change grant_to_bob(enum shmb_access access)
{
	return (struct shmb_change){.kind = SHMB_CHANGE_GRANT,
				    .entry = {SHMB_SUBJECT_USER, access, UID_BOB}};
}

static const struct shmb_change revoke_from_bob = {.kind = SHMB_CHANGE_REVOKE,
						   .entry = {.subject = SHMB_SUBJECT_USER,
							     .id = UID_BOB}};

START_TEST(an_entry_grants_one_user_and_revoking_ends_that)
{
	if (!is_root_or_says_skipped())
		return;
	make("p/one", SHMB_BACKING_MEMFD, 0600, NULL, 0);
	expect_open(UID_BOB, "p/one", SHMB_READ, -EACCES);
	permit("p/one", grant_to_bob(SHMB_ACCESS_READ));
	expect_open(UID_BOB, "p/one", SHMB_READ, 0);
	expect_open(UID_BOB, "p/one", 0, -EACCES);
	permit("p/one", grant_to_bob(SHMB_ACCESS_BOTH));
	expect_open(UID_BOB, "p/one", 0, 0);
	permit("p/one", revoke_from_bob);
	expect_open(UID_BOB, "p/one", SHMB_READ, -EACCES);
	expect_refused(shmb_permit(root, "p/one", &revoke_from_bob, NULL), -ENOENT);
}
END_TEST

START_TEST(an_entry_for_a_group_grants_its_members)
{
	/* Users of these tests are alone in a group of their number. */
	struct shmb_change grant = {.kind = SHMB_CHANGE_GRANT,
				    .entry = {SHMB_SUBJECT_GROUP, SHMB_ACCESS_READ, UID_BOB}};

	if (!is_root_or_says_skipped())
		return;
	make("p/group", SHMB_BACKING_MEMFD, 0600, NULL, 0);
	permit("p/group", grant);
	expect_open(UID_BOB, "p/group", SHMB_READ, 0);
	expect_open(UID_BOB, "p/group", 0, -EACCES);
}
END_TEST

START_TEST(a_list_can_be_there_from_the_start_and_is_shown)
{
	static const struct shmb_acl_entry list[] = {
		{SHMB_SUBJECT_USER, SHMB_ACCESS_READ, UID_BOB},
		{SHMB_SUBJECT_GROUP, SHMB_ACCESS_BOTH, 4242},
	};
	struct shmb_object object;

	if (!is_root_or_says_skipped())
		return;
	make("p/list", SHMB_BACKING_AUTO, 0600, list, 2);
	expect_open(UID_BOB, "p/list", SHMB_READ, 0);
	object = library_stat(root, "p/list");
	ck_assert_uint_eq(object.backing, SHMB_BACKING_MEMFD); /* which can say it */
	ck_assert_uint_eq(object.acl_n, 2);
	ck_assert_mem_eq(object.acl, list, sizeof(list));
}
END_TEST

/* The kernel itself lets a group in by System V alone where that says the list exactly. */
START_TEST(sysv_says_a_list_of_one_group)
{
	struct shmb_change for_reading = {.kind = SHMB_CHANGE_MODE, .mode = 0444};
	struct shmb_change grant = {.kind = SHMB_CHANGE_GRANT,
				    .entry = {SHMB_SUBJECT_GROUP, SHMB_ACCESS_BOTH, UID_BOB}};
	struct shmid_ds now;
	int id;

	if (!is_root_or_says_skipped())
		return;
	make("p/sysv", SHMB_BACKING_SYSV, 0666, NULL, 0);
	permit("p/sysv", grant);
	permit("p/sysv", for_reading); /* the owner and the others alike */
	id = (int)library_stat(root, "p/sysv").shmid;
	ck_assert_int_eq(shmctl(id, IPC_STAT, &now), 0);
	ck_assert_uint_eq(now.shm_perm.gid, UID_BOB);
	ck_assert_uint_eq(now.shm_perm.mode & 0777u, 0664);
	expect_open(UID_BOB, "p/sysv", 0, 0);
	expect_open(UID_ALICE, "p/sysv", 0, -EACCES);
	expect_open(UID_ALICE, "p/sysv", SHMB_READ, 0);
}
END_TEST

START_TEST(sysv_is_permitted_anew_where_it_can_say_it_and_refused_where_not)
{
	struct shmb_change open_it = {.kind = SHMB_CHANGE_MODE, .mode = 0666};
	struct shmb_change close_it = {.kind = SHMB_CHANGE_MODE, .mode = 0600};
	struct shmb_change grant = grant_to_bob(SHMB_ACCESS_READ);
	struct shmid_ds now;
	int id;

	if (!is_root_or_says_skipped())
		return;
	make("p/anew", SHMB_BACKING_SYSV, 0660, NULL, 0);
	id = (int)library_stat(root, "p/anew").shmid;
	expect_open(UID_BOB, "p/anew", SHMB_READ, -EACCES);
	permit("p/anew", open_it);
	ck_assert_int_eq(shmctl(id, IPC_STAT, &now), 0);
	ck_assert_uint_eq(now.shm_perm.mode & 0777u, 0666);
	expect_open(UID_BOB, "p/anew", 0, 0);
	expect_refused(shmb_permit(root, "p/anew", &close_it, NULL), -ENOTSUP);
	says("; replace it by a memfd first (shmctl replace --backing");
	says("its owner and its group may do different things, which");
	expect_refused(shmb_permit(root, "p/anew", &grant, NULL), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "memfd"));
	ck_assert_uint_eq(library_stat(root, "p/anew").mode, 0666);
	ck_assert_uint_eq(library_stat(root, "p/anew").acl_n, 0);
	ck_assert_int_eq(shmctl(id, IPC_STAT, &now), 0);
	ck_assert_uint_eq(now.shm_perm.mode & 0777u, 0666);
}
END_TEST

/* What a shell would do: open the path. */
static int open_path_as_bob(struct child *self, void *data)
{
	const char *path = data;
	int fd;

	become(UID_BOB);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	child_say(self, fd >= 0 ? 0 : -errno);
	ck_assert_int_eq(unlink(path), -1);
	return 0;
}

static int64_t bob_opens(const char *path)
{
	struct child bob;
	int64_t r;

	child_start(&bob, open_path_as_bob, (void *)path);
	r = child_hear(&bob);
	ck_assert_int_eq(child_wait(&bob), 0);
	return r;
}

START_TEST(a_fifo_is_granted_by_the_kernel_too)
{
	struct shmb_object object;

	if (!is_root_or_says_skipped())
		return;
	make_fifo("p/fifo", 0600);
	object = library_stat(root, "p/fifo");
	ck_assert_int_eq(bob_opens(object.path), -EACCES);
	permit("p/fifo", grant_to_bob(SHMB_ACCESS_READ));
	ck_assert_int_eq(bob_opens(object.path), 0);
	permit("p/fifo", grant_to_bob(SHMB_ACCESS_WRITE));
	ck_assert_int_eq(bob_opens(object.path), -EACCES);
	permit("p/fifo", revoke_from_bob);
	ck_assert_int_eq(bob_opens(object.path), -EACCES);
	permit("p/fifo", (struct shmb_change){.kind = SHMB_CHANGE_MODE, .mode = 0604});
	ck_assert_int_eq(bob_opens(object.path), 0);
}
END_TEST

static int bob_changes_what_is_alices(struct child *self, void *data)
{
	struct shmb_change grant = grant_to_bob(SHMB_ACCESS_BOTH);
	struct shmb_connection *connection;

	(void)self;
	(void)data;
	become(UID_BOB);
	connection = library_connect(&broker);
	expect_refused(shmb_permit(connection, "p/hers", &grant, NULL), -EPERM);
	expect_refused(shmb_replace(connection, "p/hers", NULL, NULL), -EPERM);
	expect_refused(shmb_remove(connection, "p/hers", NULL), -EPERM);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(only_the_owner_changes)
{
	static const struct shmb_acl_entry list[] = {
		{SHMB_SUBJECT_USER, SHMB_ACCESS_BOTH, UID_BOB}};

	if (!is_root_or_says_skipped())
		return;
	make("p/hers", SHMB_BACKING_MEMFD, 0666, list, 1);
	child_run(bob_changes_what_is_alices, NULL);
	ck_assert_uint_eq(library_stat(root, "p/hers").generation, 1);
}
END_TEST

static int alice_changes_groups(struct child *self, void *data)
{
	struct shmb_change own = {.kind = SHMB_CHANGE_GROUP, .gid = UID_ALICE};
	struct shmb_change foreign = {.kind = SHMB_CHANGE_GROUP, .gid = UID_BOB};
	struct shmb_segment_options options = {.size = 1,
					       .flags = SHMB_CREATE | SHMB_GROUP,
					       .gid = UID_BOB};
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	(void)self;
	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	expect_ok(shmb_permit(connection, "p/chgrp", &own, NULL));
	expect_refused(shmb_permit(connection, "p/chgrp", &foreign, NULL), -EPERM);
	says(": you are not in it; take one of yours, or grant it an");
	expect_refused(shmb_segment_open(connection, "p/foreign", &options, &segment), -EPERM);
	options.gid = UID_ALICE;
	expect_result(shmb_segment_open(connection, "p/own", &options, &segment), SHMB_INITIALISE);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(groups_are_given_to_members_only_and_root_may_all)
{
	struct shmb_change grant = {.kind = SHMB_CHANGE_GRANT,
				    .entry = {SHMB_SUBJECT_GROUP, SHMB_ACCESS_READ, 4242}};
	struct shmb_change to_bob = {.kind = SHMB_CHANGE_GROUP, .gid = UID_BOB};
	struct shmb_change to_granted = {.kind = SHMB_CHANGE_GROUP, .gid = 4242};

	if (!is_root_or_says_skipped())
		return;
	make("p/chgrp", SHMB_BACKING_MEMFD, 0640, NULL, 0);
	child_run(alice_changes_groups, NULL);
	permit("p/chgrp", to_bob);
	expect_open(UID_BOB, "p/chgrp", SHMB_READ, 0);
	permit("p/chgrp", grant);
	expect_refused(shmb_permit(root, "p/chgrp", &to_granted, NULL), -EEXIST);
	says(", which has an entry of its own; revoke that first");
}
END_TEST

/* Who did what, and who was not allowed to. */
START_TEST(what_is_granted_denied_and_changed_is_written_down)
{
	static const struct shmb_change for_reading = {.kind = SHMB_CHANGE_MODE, .mode = 0444};

	if (!is_root_or_says_skipped())
		return;
	make("p/audit", SHMB_BACKING_MEMFD, 0600, NULL, 0);
	expect_open(UID_BOB, "p/audit", SHMB_READ, -EACCES);
	permit("p/audit", grant_to_bob(SHMB_ACCESS_READ));
	expect_open(UID_BOB, "p/audit", SHMB_READ, 0);
	permit("p/audit", revoke_from_bob);
	permit("p/audit", for_reading);
	expect_ok(shmb_remove(root, "p/audit", NULL));
	ck_assert(broker_said(&broker, "\"p/audit\" created by test (pid "));
	ck_assert(broker_said(&broker, "OPEN denied to test (pid "));
	ck_assert(broker_said(&broker, "\"p/audit\" permitted anew by test"));
	ck_assert(broker_said(&broker, "uid 0): u:64502:r granted"));
	ck_assert(broker_said(&broker, "uid 0): u:64502:r revoked"));
	ck_assert(broker_said(&broker, "uid 0): mode 0444"));
	ck_assert(broker_said(&broker, "\"p/audit\" granted r to test"));
	ck_assert(broker_said(&broker, "\"p/audit\" removed by test"));
}
END_TEST

#define STORM 80 /* more denials than the log takes of one user */

static int denied_again_and_again(struct child *self, void *data)
{
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	(void)self;
	become(UID_BOB);
	connection = library_connect(&broker);
	for (int i = 0; i < STORM; i++)
		expect_refused(shmb_segment_open(connection, data, NULL, &segment), -EACCES);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(a_storm_of_denials_does_not_hide_those_of_another_user)
{
	if (!is_root_or_says_skipped())
		return;
	make("p/audit", SHMB_BACKING_MEMFD, 0600, NULL, 0);
	child_run(denied_again_and_again, (void *)"p/audit");
	expect_open(64503, "p/audit", SHMB_READ, -EACCES);
	ck_assert(broker_said(&broker, "does not grant uid 64503"));
	/* At the end of the period, or of the broker. */
	ck_assert_int_eq(broker_end(&broker, SIGTERM), 0);
	ck_assert(broker_said(&broker, "30 more entries about uid 64502 were left out: 30 denied"));
	broker_start_again(&broker, NULL);
	shmb_disconnect(root);
	root = library_connect(&broker);
}
END_TEST

/* Bob holds it, says so, and keeps what he has mapped whatever happens to the name. */
static int bob_holds(struct child *self, void *data)
{
	struct shmb_connection *connection;
	struct shmb_segment *segment;
	struct shmb_event event;

	become(UID_BOB);
	connection = library_connect(&broker);
	segment = library_open(connection, data, NULL);
	child_say(self, 1);
	event = library_event(connection);
	ck_assert_int_eq(event.type, SHMB_EVENT_REMOVED);
	ck_assert_int_eq(event.ending, SHMB_ENDING_REPLACED);
	ck_assert_uint_eq(event.generation, 1);
	ck_assert_str_eq(shmb_segment_data(segment), "alice");
	expect_refused(shmb_segment_open(connection, data, NULL, &segment), -EACCES);
	child_say(self, 2);
	ck_assert_int_eq(child_hear(self), 3);
	ck_assert_str_eq(shmb_segment_data(segment), "alice");
	shmb_disconnect(connection);
	return 0;
}

START_TEST(a_new_generation_takes_away_what_a_revocation_cannot)
{
	struct shmb_replace_options larger = {.size = 8192};
	struct shmb_replacement replacement;
	struct shmb_object before, after;
	struct shmb_segment *segment;
	uint32_t beyond = 99;
	struct child bob;

	if (!is_root_or_says_skipped())
		return;
	make("p/gen", SHMB_BACKING_MEMFD, 0600, NULL, 0);
	permit("p/gen", grant_to_bob(SHMB_ACCESS_BOTH));
	child_start(&bob, bob_holds, (void *)"p/gen");
	ck_assert_int_eq(child_hear(&bob), 1);
	expect_ok(shmb_permit(root, "p/gen", &revoke_from_bob, &beyond));
	ck_assert_uint_eq(beyond, 1);
	before = library_stat(root, "p/gen");
	expect_ok(shmb_replace(root, "p/gen", &larger, &replacement));
	ck_assert_uint_eq(replacement.generation, 2);
	ck_assert_uint_eq(replacement.holders, 1);
	ck_assert_uint_ne(replacement.id, before.id);
	ck_assert_int_eq(child_hear(&bob), 2);
	after = library_stat(root, "p/gen");
	ck_assert_uint_eq(after.id, replacement.id);
	ck_assert_uint_eq(after.generation, 2);
	ck_assert_uint_eq(after.size, 8192);
	ck_assert_uint_eq(after.uid, UID_ALICE);
	ck_assert_uint_eq(after.mode, 0600);
	ck_assert_int_eq(after.lifetime, SHMB_LIFETIME_KEEP);
	ck_assert_int_eq(after.state, SHMB_STATE_FRESH);
	expect_result(shmb_segment_open(root, "p/gen", NULL, &segment), SHMB_INITIALISE);
	ck_assert_int_eq(((char *)shmb_segment_data(segment))[0], 0);
	strcpy(shmb_segment_data(segment), "secret");
	expect_ok(shmb_segment_ready(segment));
	child_say(&bob, 3);
	ck_assert_int_eq(child_wait(&bob), 0);
	shmb_segment_detach(segment);
}
END_TEST

START_TEST(a_replaced_fifo_has_the_same_path_and_nothing_of_the_old)
{
	struct shmb_replace_options sized = {.size = 1};
	struct shmb_fifo_options options = {.lifetime = SHMB_LIFETIME_KEEP, .flags = SHMB_CREATE};
	struct shmb_fifo *old, *reader, *writer;
	char buffer[8];
	size_t size;

	expect_result(shmb_fifo_open(root, "p/pipe", SHMB_FIFO_WRITE, &options, &old),
		      SHMB_NO_READER);
	expect_ok(shmb_fifo_write(old, "old", 3, 0));
	expect_refused(shmb_replace(root, "p/pipe", &sized, NULL), -EINVAL);
	expect_ok(shmb_replace(root, "p/pipe", NULL, NULL));
	ck_assert_int_eq(broker_fifos(&broker), 1);
	expect_ok(shmb_fifo_open(root, "p/pipe", SHMB_FIFO_READ, NULL, &reader));
	expect_ok(shmb_fifo_open(root, "p/pipe", SHMB_FIFO_WRITE, NULL, &writer));
	ck_assert_str_eq(shmb_fifo_path(reader), shmb_fifo_path(old));
	ck_assert_uint_ne(shmb_fifo_id(reader), shmb_fifo_id(old));
	expect_ok(shmb_fifo_write(writer, "new", 3, 0));
	expect_ok(shmb_fifo_read(reader, buffer, sizeof(buffer), 1000, &size));
	ck_assert_uint_eq(size, 3);
	ck_assert_int_eq(memcmp(buffer, "new", 3), 0);
	shmb_fifo_close(old);
	shmb_fifo_close(reader);
	shmb_fifo_close(writer);
	expect_ok(shmb_remove(root, "p/pipe", NULL));
	ck_assert_int_eq(broker_fifos(&broker), 0);
}
END_TEST

/* Who waits for the initialiser gets the job with the new generation. */
START_TEST(openers_that_wait_are_served_by_the_new_generation)
{
	struct shmb_request *request = NULL;
	struct shmb_segment *old, *next;

	expect_result(shmb_segment_open(root, "p/wait", &page, &old), SHMB_INITIALISE);
	expect_ok(shmb_segment_open_submit(root, "p/wait", &page, NULL, NULL, &request));
	expect_ok(shmb_replace(root, "p/wait", NULL, NULL));
	library_await(root, request);
	expect_result(shmb_segment_open_finish(request, &next), SHMB_INITIALISE);
	expect_refused(shmb_segment_ready(old), -EIDRM);
	says("\" was removed before it was ready; open it again");
	expect_ok(shmb_segment_ready(next));
	shmb_segment_detach(old);
	shmb_segment_detach(next);
}
END_TEST

static int bob_waits(struct child *self, void *data)
{
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	become(UID_BOB);
	connection = library_connect(&broker);
	child_say(self, 1);
	expect_refused(shmb_segment_open(connection, data, NULL, &segment), -EACCES);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(an_opener_that_waits_is_denied_when_its_grant_has_gone)
{
	static char name[] = "p/late";
	const struct shmb_change closing = {.kind = SHMB_CHANGE_MODE, .mode = 0600};
	struct shmb_segment_options open = page;
	struct shmb_segment *segment;
	struct child bob;

	if (!is_root_or_says_skipped())
		return;
	open.mode = 0666;
	expect_result(shmb_segment_open(root, name, &open, &segment), SHMB_INITIALISE);
	child_start(&bob, bob_waits, name);
	child_hear(&bob);
	eventually(library_stat(root, name).waiting == 1);
	expect_ok(shmb_permit(root, name, &closing, NULL));
	expect_ok(shmb_segment_ready(segment));
	ck_assert_int_eq(child_wait(&bob), 0);
	eventually(broker_said(&broker, "OPEN denied to test (pid "));
	shmb_segment_detach(segment);
}
END_TEST

/* A `used` object without a holder would be gone before anybody could open it. */
START_TEST(a_replaced_object_waits_for_its_first_holder)
{
	struct shmb_segment *old = library_create(root, "p/used", &page), *next;

	expect_ok(shmb_replace(root, "p/used", NULL, NULL));
	shmb_segment_detach(old);
	ck_assert(library_exists(root, "p/used"));
	ck_assert(library_exists(root, "p/used"));
	expect_result(shmb_segment_open(root, "p/used", &page, &next), SHMB_INITIALISE);
	shmb_segment_detach(next);
	eventually(!library_exists(root, "p/used"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("permissions");
	TCase *lists = tcase_create("lists"), *generations = tcase_create("generations");

	tcase_add_checked_fixture(lists, start, stop);
	tcase_add_test(lists, an_entry_grants_one_user_and_revoking_ends_that);
	tcase_add_test(lists, an_entry_for_a_group_grants_its_members);
	tcase_add_test(lists, a_list_can_be_there_from_the_start_and_is_shown);
	tcase_add_test(lists, sysv_says_a_list_of_one_group);
	tcase_add_test(lists, sysv_is_permitted_anew_where_it_can_say_it_and_refused_where_not);
	tcase_add_test(lists, a_fifo_is_granted_by_the_kernel_too);
	tcase_add_test(lists, only_the_owner_changes);
	tcase_add_test(lists, what_is_granted_denied_and_changed_is_written_down);
	tcase_add_test(lists, a_storm_of_denials_does_not_hide_those_of_another_user);
	tcase_add_test(lists, groups_are_given_to_members_only_and_root_may_all);
	tcase_add_checked_fixture(generations, start, stop);
	tcase_add_test(generations, a_new_generation_takes_away_what_a_revocation_cannot);
	tcase_add_test(generations, a_replaced_fifo_has_the_same_path_and_nothing_of_the_old);
	tcase_add_test(generations, openers_that_wait_are_served_by_the_new_generation);
	tcase_add_test(generations, an_opener_that_waits_is_denied_when_its_grant_has_gone);
	tcase_add_test(generations, a_replaced_object_waits_for_its_first_holder);
	suite_add_tcase(suite, lists);
	suite_add_tcase(suite, generations);
	return suite_run(suite);
}
