/*
 * The policy of a configuration at work: who may create what, what an object gets when nobody says,
 * and what a reload does, also one of a faulty file.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/suite.h"

static char directory[] = "/tmp/shmbroker-policy-XXXXXX";
static char config[64];

static struct broker broker;
static struct shmb_connection *root;

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(config, sizeof(config), "%s/shmbrokerd.conf", directory);
}

static void remove_directory(void)
{
	(void)unlink(config);
	(void)rmdir(directory);
}

static void write_config(const char *text)
{
	FILE *file = fopen(config, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void start(const char *text)
{
	const char *const options[] = {"--config", config, NULL};

	write_config(text);
	broker_start(&broker, options);
	root = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(root);
	broker_stop(&broker);
}

/* Somebody creates NAME, in a process of its own. */
struct attempt {
	unsigned uid;
	const char *name;
	int expected;
};

static int try_create(struct child *self, void *data)
{
	const struct attempt *attempt = data;
	struct shmb_connection *connection;
	struct shmb_segment *segment;

	(void)self;
	become(attempt->uid);
	connection = library_connect(&broker);
	expect_result(shmb_segment_open(connection, attempt->name, &page, &segment),
		      attempt->expected);
	if (attempt->expected == -EACCES)
		ck_assert_ptr_nonnull(strstr(shmb_last_error(), "shmbrokerd.conf:"));
	shmb_disconnect(connection);
	return 0;
}

static void expect_create(unsigned uid, const char *name, int expected)
{
	struct attempt attempt = {uid, name, expected};

	child_run(try_create, &attempt);
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
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "Backings="));
	expect_refused(shmb_fifo_open(root, "sensors/open/pipe", SHMB_FIFO_READ, &piped, &fifo),
		       -EPERM);
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

static void reload(const char *text, const char *said)
{
	write_config(text);
	ck_assert_int_eq(kill(broker.pid, SIGHUP), 0);
	eventually(broker_said(&broker, said));
}

START_TEST(a_reload_changes_the_policy_and_a_faulty_one_does_not)
{
	if (!is_root_or_says_skipped())
		return;
	start("");
	expect_create(UID_BOB, "later/one", SHMB_INITIALISE);
	reload("[Prefix later]\nCreate=u:64501\n", "configuration reloaded");
	expect_create(UID_BOB, "later/two", -EACCES);
	expect_create(UID_ALICE, "later/two", SHMB_INITIALISE);
	reload("[Prefix later]\nCreate=*\nColour=red\n", "the one before stays");
	ck_assert(broker_said(&broker, "shmbrokerd.conf:3: "));
	expect_create(UID_BOB, "later/three", -EACCES);
	stop();
}
END_TEST

/* There is no policy before the first, and what is built in might be wider than what was meant. */
START_TEST(a_faulty_configuration_is_no_start)
{
	const char *const options[] = {"--config", config, NULL};
	int status = 0;

	write_config("[Prefix a/../b]\nCreate=*\n");
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

/* Quotas: what is over a limit is refused with the limit and what uses it up, and comes back. */
#define LIMITED                                                                                    \
	"[Quota u:64501]\n"                                                                        \
	"Bytes=64K\n"                                                                              \
	"Objects=3\n"                                                                              \
	"SysvSegments=1\n"                                                                         \
	"AclEntries=2\n"                                                                           \
	"Connections=4\n"                                                                          \
	"Parked=2\n"

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
	expect_over(shmb_replace(connection, "one", NULL, NULL), "objects", NULL);
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

static int use_up_connections(struct child *self, void *data)
{
	struct shmb_connect_options options = {.socket = broker.socket, .no_start = true};
	struct shmb_connection *own[4], *more;

	(void)self;
	(void)data;
	become(UID_ALICE);
	for (int i = 0; i < 4; i++)
		expect_ok(shmb_connect(&options, &own[i]));
	expect_over(shmb_connect(&options, &more), "connections", NULL);
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
	expect_over(shmb_segment_open_finish(requests[2], &segment), "parked requests", NULL);
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

START_TEST(what_is_over_a_limit_is_refused_and_can_be_had_again)
{
	static child_fn *const users[] = {use_up_bytes, use_up_sysv, use_up_objects_and_entries,
					  use_up_connections, use_up_parked};

	if (!is_root_or_says_skipped())
		return;
	start(LIMITED);
	child_run(users[_i], NULL);
	/* Nothing stays charged: it can all be used up once more. */
	eventually(library_status(root).members == 1 && library_status(root).bytes == 0);
	child_run(users[_i], NULL);
	expect_create(UID_BOB, "bobs", SHMB_INITIALISE);
	/* The administrator reads of it with the limit, and with the holders. */
	ck_assert(_i >= 3 || broker_said(&broker, "[Quota u:64501]"));
	ck_assert(_i != 0 || broker_said(&broker, "held by test, pid"));
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tcase = tcase_create("policy");

	tcase_add_unchecked_fixture(tcase, make_directory, remove_directory);
	tcase_add_test(tcase, a_claimed_prefix_is_for_those_it_lists);
	tcase_add_test(tcase, what_the_client_leaves_open_is_as_the_policy_has_it);
	tcase_add_test(tcase, a_backing_that_the_policy_does_not_allow_is_not_had);
	tcase_add_test(tcase, a_reload_changes_the_policy_and_a_faulty_one_does_not);
	tcase_add_test(tcase, a_faulty_configuration_is_no_start);
	tcase_add_test(tcase, a_private_group_lets_system_v_say_a_single_user);
	tcase_add_loop_test(tcase, what_is_over_a_limit_is_refused_and_can_be_had_again, 0, 5);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
