/*
 * The audit log, with a registry in front, a journal's socket behind, and a clock that the test
 * moves.
 */
#include "audit.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "objects/object.h"
#include "support/suite.h"

#define OWN 50 /* of DENIED, for each user */

static char directory[64];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static struct event_base *base;
static struct registry registry;
static struct audit audit;
static int journal = -1;

static const struct audit_settings settings = {.journal = address.sun_path, .to_journal = true};

static time_t ahead_s;

/* For the whole program, the event loop among it: a definition here comes before libc's. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ret);

	if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)
		ret->tv_sec += ahead_s;
	return r;
}

static void pass(time_t seconds)
{
	ahead_s += seconds;
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static void start(void)
{
	struct registry_settings empty = {.broker = {geteuid(), getegid(), true},
					  .fifo_directory = directory};

	strcpy(directory, "/tmp/shmbroker-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/journal", directory);
	journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(journal, (const struct sockaddr *)&address, sizeof(address)), 0);
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	ck_assert_int_eq(registry_init(&registry, base, &empty), 0);
	audit_init(&audit, &registry, &settings);
}

static void stop(void)
{
	registry_fini(&registry);
	audit_fini(&audit);
	event_base_free(base);
	journal = fd_close(journal);
	(void)unlink(address.sun_path);
	(void)rmdir(directory);
}

/* The next entry, or NULL when there is none. */
static const char *entry(void)
{
	static char text[16384];
	ssize_t size = recv(journal, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (size < 0)
		return NULL;
	text[size] = '\0';
	return text;
}

static void expect_field(const char *text, const char *line)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	ck_assert_msg(text && strstr(text, whole), "no \"%s\" in:\n%s", line, text ? text : "");
}

static void expect_none(void)
{
	const char *text = entry();

	ck_assert_msg(!text, "one more entry: %s", text);
}

static struct credentials denied = {.uid = 64501, .pid = 7};

static const struct denial usual_denial = {.credentials = &denied,
					   .program = "prog",
					   .operation = "OPEN",
					   .name = "a/b",
					   .reason = "\"a/b\" is not yours",
					   .status = -EACCES};

static void deny(uid_t uid)
{
	denied.uid = uid;
	registry_deny(&registry, &usual_denial);
}

/* N times; the entries are read, so that the socket never fills. */
static void deny_often(uid_t uid, unsigned n)
{
	while (n-- > 0) {
		deny(uid);
		while (entry())
			;
	}
}

START_TEST(a_denial_is_an_entry)
{
	const char *text;

	deny(64501);
	text = entry();
	expect_field(text, "SHMBROKER_EVENT=denied");
	expect_field(text, "SHMBROKER_UID=64501");
	expect_field(text, "SHMBROKER_PID=7");
	expect_field(text, "SHMBROKER_PROGRAM=prog");
	expect_field(text, "SHMBROKER_OPERATION=OPEN");
	expect_field(text, "SHMBROKER_NAME=a/b");
	expect_field(text, "SHMBROKER_ERRNO=13");
	expect_field(text, "MESSAGE=OPEN denied to prog (pid 7, uid 64501): \"a/b\" is not yours");
	expect_none();
}
END_TEST

/* Alice's, for Bob among others. */
static struct object *make_object(void)
{
	static const struct wire_acl_entry list[] = {{WIRE_SUBJECT_USER, WIRE_ACCESS_BOTH, 64502},
						     {WIRE_SUBJECT_GROUP, WIRE_ACCESS_READ, 50}};
	const struct credentials owner = {.uid = 64501, .gid = 64501};
	const struct object_plan plan = {.name = "a/b",
					 .layout = "",
					 .kind = WIRE_KIND_SEGMENT,
					 .backing = WIRE_BACKING_MEMFD,
					 .lifetime = WIRE_LIFETIME_USED,
					 .size = 4096,
					 .generation = 1,
					 .permission = {.uid = owner.uid,
							.gid = owner.gid,
							.mode = 0640,
							.n_acl = 2,
							.acl = list},
					 .owner = &owner};
	struct object *object;

	ck_assert_int_eq(object_new(&registry, &plan, NULL, &object, NULL), 0);
	return object;
}

static const char *permit(struct object *object, const struct permission_change *change)
{
	const struct credentials owner = {.uid = 64501, .gid = 64501};
	struct sysv_grant grant = {0};

	ck_assert_int_eq(object_permit(object, &object->permission, &grant, change, &owner), 0);
	return entry();
}

START_TEST(who_may_what_is_told_with_what_is_created)
{
	const char *text;

	(void)make_object();
	text = entry();
	expect_field(text, "SHMBROKER_EVENT=created");
	expect_field(text, "SHMBROKER_MODE=0640");
	expect_field(text, "SHMBROKER_GID=64501");
	expect_field(text, "SHMBROKER_ACL=u:64502:rw,g:50:r");
}
END_TEST

START_TEST(a_change_of_permission_says_to_whom)
{
	static const struct permission_change grant = {WIRE_CHANGE_GRANT,
						       {WIRE_SUBJECT_USER, WIRE_ACCESS_BOTH,
							64502}};
	static const struct permission_change revoke = {WIRE_CHANGE_REVOKE,
							{WIRE_SUBJECT_GROUP, WIRE_ACCESS_READ, 51}};
	static const struct permission_change mode = {.kind = WIRE_CHANGE_MODE};
	static const struct permission_change group = {.kind = WIRE_CHANGE_GROUP};
	struct object *object = make_object();
	const char *text = entry();

	text = permit(object, &grant);
	expect_field(text, "SHMBROKER_EVENT=permitted");
	expect_field(text, "SHMBROKER_NAME=a/b");
	expect_field(text, "SHMBROKER_CHANGE=grant");
	expect_field(text, "SHMBROKER_SUBJECT=u");
	expect_field(text, "SHMBROKER_ID=64502");
	expect_field(text, "SHMBROKER_ACCESS=rw");
	expect_field(text, "SHMBROKER_MODE=0640");
	expect_field(text, "SHMBROKER_GID=64501");
	expect_field(text, "SHMBROKER_ACL=u:64502:rw,g:50:r");
	expect_field(text, "MESSAGE=\"a/b\" permitted anew: u:64502:rw granted");
	text = permit(object, &revoke);
	expect_field(text, "SHMBROKER_CHANGE=revoke");
	expect_field(text, "MESSAGE=\"a/b\" permitted anew: g:51:r revoked");
	text = permit(object, &mode);
	expect_field(text, "SHMBROKER_CHANGE=mode");
	expect_field(text, "MESSAGE=\"a/b\" permitted anew: mode 0640");
	ck_assert_ptr_null(strstr(text, "SHMBROKER_SUBJECT"));
	text = permit(object, &group);
	expect_field(text, "SHMBROKER_CHANGE=group");
	expect_field(text, "MESSAGE=\"a/b\" permitted anew: group 64501");
}
END_TEST

START_TEST(who_is_denied_often_hides_nobody)
{
	deny_often(64501, 1000);
	deny(64501);
	expect_none();
	deny(64502);
	expect_field(entry(), "SHMBROKER_UID=64502");
}
END_TEST

static unsigned n_holders; /* of what is overdrawn, each with a number of its own */
static unsigned n_named;

static void name_holders(struct overdraft *overdraft, overdraft_put_fn *put, void *data)
{
	char piece[64];

	(void)overdraft;
	for (n_named = 0; n_named < n_holders; n_named++) {
		snprintf(piece, sizeof(piece), "%sprog-%05u, pid 7 (1)", n_named ? ", " : "",
			 n_named);
		if (!put(data, piece))
			return;
	}
}

static void overdraw(uid_t uid, enum resource resource)
{
	const struct credentials payer = {.uid = uid};
	struct overdraft overdraft = {.payer = &payer,
				      .name = "a/b",
				      .words = "uid 64501 has 9, and its limit is 9",
				      .used = 9,
				      .limit = 9,
				      .resource = resource,
				      .name_holders = name_holders};

	registry_overdraw(&registry, &overdraft);
}

START_TEST(an_overdraft_is_an_entry_with_all_its_holders)
{
	const char *text;

	n_holders = 2;
	overdraw(64501, RESOURCE_BYTES);
	text = entry();
	expect_field(text, "SHMBROKER_EVENT=overdrawn");
	expect_field(text, "SHMBROKER_UID=64501");
	expect_field(text, "SHMBROKER_RESOURCE=Bytes");
	expect_field(text, "SHMBROKER_LIMIT=9");
	expect_field(text, "SHMBROKER_USED=9");
	expect_field(text, "SHMBROKER_NAME=a/b");
	expect_field(text, "SHMBROKER_PART=1");
	expect_field(text, "SHMBROKER_HOLDERS=prog-00000, pid 7 (1), prog-00001, pid 7 (1)");
	expect_field(text, "MESSAGE=\"a/b\" cannot be had: uid 64501 has 9, and its limit is 9; "
			   "used by prog-00000, pid 7 (1), prog-00001, pid 7 (1)");
	expect_none();
	n_holders = 0;
	overdraw(64501, RESOURCE_OBJECTS);
	text = entry();
	expect_field(text, "SHMBROKER_HOLDERS=");
	expect_field(text, "MESSAGE=\"a/b\" cannot be had: uid 64501 has 9, and its limit is 9");
	expect_none();
}
END_TEST

/* Whoever is over a limit asks again and again; who has it is a long story. */
START_TEST(an_overdraft_is_told_once_for_each_user_and_resource)
{
	n_holders = 1;
	for (int i = 0; i < 10; i++)
		overdraw(64501, RESOURCE_BYTES);
	expect_field(entry(), "SHMBROKER_RESOURCE=Bytes");
	expect_none();
	overdraw(64501, RESOURCE_HOLDS);
	expect_field(entry(), "SHMBROKER_RESOURCE=Holds");
	overdraw(64502, RESOURCE_BYTES);
	expect_field(entry(), "SHMBROKER_UID=64502");
	pass(11);
	overdraw(64501, RESOURCE_BYTES);
	expect_field(entry(), "SHMBROKER_RESOURCE=Bytes");
	expect_none();
}
END_TEST

/* A hundred lie in the fields of each entry. None is left out, and none comes twice. */
START_TEST(holders_that_do_not_fit_into_an_entry_go_into_the_next)
{
	unsigned n_parts = 0, next = 0;
	const char *text;

	n_holders = 700;
	overdraw(64501, RESOURCE_CONNECTIONS);
	ck_assert_uint_eq(n_named, n_holders);
	while ((text = entry())) {
		char expected[64];
		const char *at = strstr(text, "\nSHMBROKER_HOLDERS=prog-");

		snprintf(expected, sizeof(expected), "SHMBROKER_PART=%u", ++n_parts);
		expect_field(text, expected);
		ck_assert_ptr_nonnull(at);
		ck_assert_ptr_nonnull(strstr(text, "\nMESSAGE="));
		for (; (at = strstr(at, "prog-")) && at < strstr(text, "\nMESSAGE="); at++, next++)
			ck_assert_int_eq(atoi(at + strlen("prog-")), (int)next);
	}
	ck_assert_uint_eq(next, n_holders);
	ck_assert_uint_gt(n_parts, 2);
}
END_TEST

START_TEST(more_holders_than_may_be_written_are_not_asked_for)
{
	close(journal); /* nobody reads what goes to stderr then */
	journal = -1;
	ck_assert_int_eq(dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO),
			 STDERR_FILENO);
	n_holders = 1000000;
	overdraw(64501, RESOURCE_CONNECTIONS);
	ck_assert_uint_lt(n_named, 256 * 3000 / strlen("prog-00000, pid 7 (1)"));
	ck_assert_uint_gt(n_named, 20000);
	ck_assert_uint_eq(audit.rate.n_left_out, 1);
}
END_TEST

/* Whoever can connect can be turned away as often as he likes. */
START_TEST(who_is_turned_away_is_denied_and_does_not_hide_other_denials)
{
	static const struct denial at_door = {.credentials = &denied,
					      .program = "",
					      .operation = "CONNECT",
					      .name = "",
					      .reason = "the broker takes no more",
					      .status = -EDQUOT,
					      .at_door = true};
	unsigned n_written = 0;
	const char *text;

	registry_deny(&registry, &at_door);
	text = entry();
	expect_field(text, "SHMBROKER_EVENT=denied");
	expect_field(text, "SHMBROKER_OPERATION=CONNECT");
	expect_field(text, "SHMBROKER_UID=64501");
	expect_field(text, "SHMBROKER_PID=7");
	expect_field(text, "SHMBROKER_ERRNO=122");
	expect_field(text, "MESSAGE=CONNECT denied to a program (pid 7, uid 64501): the broker "
			   "takes no more");
	ck_assert_ptr_null(strstr(text, "SHMBROKER_NAME"));
	ck_assert_ptr_null(strstr(text, "SHMBROKER_PROGRAM"));
	for (int i = 0; i < 1000; i++) {
		registry_deny(&registry, &at_door);
		n_written += entry() != NULL;
	}
	ck_assert_uint_lt(n_written, OWN);
	deny(64501);
	expect_field(entry(), "SHMBROKER_OPERATION=OPEN");
}
END_TEST

/* Nothing else happens: it is told by the timer. */
START_TEST(what_was_left_out_is_told_for_each_user_when_the_period_ends)
{
	const char *text;

	deny_often(64501, OWN + 17);
	deny_often(64502, OWN + 1);
	deny_often(64503, 1);
	pass(9);
	expect_none();
	pass(2);
	text = entry();
	expect_field(text, "SHMBROKER_EVENT=left-out");
	expect_field(text, "SHMBROKER_UID=64501");
	expect_field(text, "SHMBROKER_LEFT_OUT=17");
	expect_field(text, "MESSAGE=17 more entries about uid 64501 were left out: 17 denied");
	text = entry();
	expect_field(text, "SHMBROKER_UID=64502");
	expect_field(text, "SHMBROKER_LEFT_OUT=1");
	expect_none();
	pass(60);
	expect_none();
	deny(64501);
	expect_field(entry(), "SHMBROKER_EVENT=denied");
}
END_TEST

/* Where the loop was busy for long the entry that comes first finds it to do. */
START_TEST(what_was_left_out_is_told_before_the_first_of_the_next_period)
{
	deny_often(64501, OWN + 1);
	ahead_s += 11;
	deny(64501);
	expect_field(entry(), "SHMBROKER_EVENT=left-out");
	expect_field(entry(), "SHMBROKER_EVENT=denied");
	expect_none();
	pass(1);
	expect_none();
}
END_TEST

START_TEST(what_was_left_out_about_users_who_are_not_remembered_is_told_too)
{
	const char *text;

	for (uid_t uid = 1; uid <= 3; uid++)
		deny_often(uid, OWN + 2);
	for (uid_t uid = 1000; uid < 1000 + AUDIT_USERS_MAX; uid++)
		deny_often(uid, 1);
	pass(11);
	text = entry();
	expect_field(text, "SHMBROKER_LEFT_OUT=6");
	expect_field(text, "MESSAGE=6 more entries about other users were left out");
	ck_assert_ptr_null(strstr(text, "SHMBROKER_UID="));
	expect_none();
}
END_TEST

START_TEST(what_was_left_out_is_told_before_the_log_ends)
{
	deny_often(64501, OWN + 5);
	audit_fini(&audit);
	expect_field(entry(), "SHMBROKER_LEFT_OUT=5");
	expect_none();
	registry.observers = NULL;
	audit_init(&audit, &registry, &settings);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("audit");
	TCase *tests = tcase_create("audit");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, a_denial_is_an_entry);
	tcase_add_test(tests, who_may_what_is_told_with_what_is_created);
	tcase_add_test(tests, a_change_of_permission_says_to_whom);
	tcase_add_test(tests, who_is_denied_often_hides_nobody);
	tcase_add_test(tests, an_overdraft_is_an_entry_with_all_its_holders);
	tcase_add_test(tests, an_overdraft_is_told_once_for_each_user_and_resource);
	tcase_add_test(tests, holders_that_do_not_fit_into_an_entry_go_into_the_next);
	tcase_add_test(tests, more_holders_than_may_be_written_are_not_asked_for);
	tcase_add_test(tests, who_is_turned_away_is_denied_and_does_not_hide_other_denials);
	tcase_add_test(tests, what_was_left_out_is_told_for_each_user_when_the_period_ends);
	tcase_add_test(tests, what_was_left_out_is_told_before_the_first_of_the_next_period);
	tcase_add_test(tests, what_was_left_out_about_users_who_are_not_remembered_is_told_too);
	tcase_add_test(tests, what_was_left_out_is_told_before_the_log_ends);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
