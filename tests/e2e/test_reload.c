/*
 * Reloading: at any time, whoever asks for what meanwhile, and however long it takes.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "configured.h"
#include "library.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

#define RELOADS 20
#define CLIENTS 3

#define NAMED_MAX 20 /* lines of one kind that a reload writes (objects/exactness.c) */

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

static void ask_for_reload(const char *text)
{
	configured_write(text);
	ck_assert_int_eq(kill(broker.pid, SIGHUP), 0);
}

/* Whether UID could create NAME, as root is told. */
static bool may_create(unsigned uid, const char *name)
{
	const struct shmb_question question = {.uid = uid, .gid = uid, .deed = SHMB_DEED_CREATE};
	struct shmb_verdict verdict;

	expect_ok(shmb_explain(root, name, &question, &verdict));
	return verdict.allowed;
}

/* The file that ends the work. */
static const char *enough(void)
{
	static char path[80];

	snprintf(path, sizeof(path), "%s/enough", broker.home);
	return path;
}

/* Creates, opens and gives up, again and again. */
static int work(struct child *self, void *data)
{
	const unsigned *uid = data;
	struct shmb_connection *connection;
	int64_t n = 0;
	char name[48];

	become(*uid);
	connection = library_connect(&broker);
	child_say(self, 0);
	for (; access(enough(), F_OK) < 0; n++) {
		struct shmb_segment *made, *again;

		snprintf(name, sizeof(name), "work/%u/%ld", *uid, (long)n);
		made = library_create(connection, name, &page);
		again = library_open(connection, name, NULL);
		shmb_segment_detach(made);
		shmb_segment_detach(again);
	}
	child_say(self, n);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(a_reload_disturbs_nobody)
{
	static const unsigned users[CLIENTS] = {UID_ALICE, UID_BOB, 64503};
	struct child children[CLIENTS];

	if (!is_root_or_says_skipped())
		return;
	start("");
	for (size_t i = 0; i < CLIENTS; i++) {
		child_start(&children[i], work, (void *)&users[i]);
		ck_assert_int_eq(child_hear(&children[i]), 0);
	}
	for (int i = 0; i < RELOADS; i++) {
		bool is_open = i % 2;

		ask_for_reload(is_open ? "[Prefix work]\nCreate=*\n"
				       : "[Prefix work]\nCreate=*\n[Prefix other]\n");
		eventually(may_create(UID_BOB, "other") == is_open);
	}
	fd_close(open(enough(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	for (size_t i = 0; i < CLIENTS; i++) {
		ck_assert_int_gt(child_hear(&children[i]), 0);
		ck_assert_int_eq(child_wait(&children[i]), 0);
	}
	stop();
}
END_TEST

/* Whether the broker has PATH open. */
static bool has_open(pid_t pid, const char *path)
{
	char directory[64], link[128], target[256];
	bool found = false;
	struct dirent *entry;
	DIR *descriptors;

	snprintf(directory, sizeof(directory), "/proc/%d/fd", (int)pid);
	descriptors = opendir(directory);
	while (descriptors && !found && (entry = readdir(descriptors))) {
		ssize_t size;

		snprintf(link, sizeof(link), "%s/%.16s", directory, entry->d_name);
		size = readlink(link, target, sizeof(target) - 1);
		if (size < 0)
			continue;
		target[size] = '\0';
		found = strcmp(target, path) == 0;
	}
	if (descriptors)
		closedir(descriptors);
	return found;
}

/* Held up at its lock, where it has not set up its signals yet. */
START_TEST(who_asks_while_the_broker_starts_is_served_then)
{
	const char *const options[] = {"--config", configured_file(), NULL};
	char path[128];
	int lock;

	start("");
	shmb_disconnect(root);
	ck_assert_int_eq(broker_end(&broker, SIGTERM), 0);
	snprintf(path, sizeof(path), "%s/lock", broker.directory);
	lock = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(lock, 0);
	ck_assert_int_eq(flock(lock, LOCK_EX), 0);
	broker_launch_again(&broker, options);
	eventually(has_open(broker.pid, path));
	ask_for_reload("[Prefix late]\n");
	fd_close(lock);
	broker_await(&broker);
	root = library_connect(&broker);
	eventually(broker_said(&broker, "configuration reloaded"));
	ck_assert(!may_create(UID_BOB, "late"));
	stop();
}
END_TEST

/* The owner's own group says what he may do, as long as nobody else is in it. */
static int make_private_segments(struct child *self, void *data)
{
	struct shmb_segment_options options = page;
	struct shmb_connection *connection;
	char name[32];

	become(UID_ALICE);
	connection = library_connect(&broker);
	options.backing = SHMB_BACKING_SYSV;
	options.mode = 0600;
	for (int i = 0; i < *(const int *)data; i++) {
		snprintf(name, sizeof(name), "private/%d", i);
		(void)library_create(connection, name, &options);
	}
	options.mode = 0660;
	(void)library_create(connection, "shared", &options);
	child_say(self, 1);
	ck_assert_int_eq(child_hear(self), 2);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(what_grants_too_much_after_a_reload_is_named)
{
	int n = NAMED_MAX + 2;
	struct child alice;

	if (!is_root_or_says_skipped())
		return;
	start("[Broker]\nPrivateGroups=64501:64501\n");
	child_start(&alice, make_private_segments, &n);
	ck_assert_int_eq(child_hear(&alice), 1);
	configured_reload(&broker, "[Broker]\nPrivateGroups=64501:64501\n[Prefix a]\n",
			  "configuration reloaded");
	ck_assert(!broker_said(&broker, "grants more"));
	configured_reload(&broker, "", "and 2 more System V segments");
	ck_assert(broker_said(&broker, "shmctl replace private/0 --backing memfd"));
	ck_assert(broker_said(&broker, "PrivateGroups="));
	ck_assert(!broker_said(&broker, "\"shared\": System V segment"));
	child_say(&alice, 2);
	ck_assert_int_eq(child_wait(&alice), 0);
	stop();
}
END_TEST

/* This test's own database of groups, in a mount namespace of its own. */
static bool has_groups(const char *text)
{
	static char path[] = "/tmp/shmbroker-groups-XXXXXX";
	static bool is_mounted;
	int fd = is_mounted ? open("/etc/group", O_WRONLY | O_TRUNC | O_CLOEXEC) : mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, 0644), 0);
	fd_close(fd);
	if (!is_mounted) {
		is_mounted = unshare(CLONE_NEWNS) == 0 &&
			     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			     mount(path, "/etc/group", NULL, MS_BIND, NULL) == 0;
		(void)unlink(path);
	}
	return is_mounted;
}

/* They grant a group less than everybody. */
static const struct shmb_fifo_options narrow = {.flags = SHMB_CREATE, .mode = 0604};

/* More than are named one by one. */
static void make_narrow_fifos(struct shmb_connection *connection)
{
	struct shmb_fifo *fifo;
	char name[32];

	for (unsigned i = 0; i < NAMED_MAX + 2; i++) {
		snprintf(name, sizeof(name), "narrow/%u", i);
		expect_ok(shmb_fifo_open(connection, name, SHMB_FIFO_READ, &narrow, &fifo));
	}
}

static int make_shared_objects(struct child *self, void *data)
{
	const struct shmb_fifo_options piped = {.flags = SHMB_CREATE, .mode = 0644};
	struct shmb_segment_options options = page;
	struct shmb_connection *connection;
	struct shmb_fifo *fifo;

	(void)data;
	become(UID_ALICE);
	connection = library_connect(&broker);
	options.backing = SHMB_BACKING_SYSV;
	options.mode = 0660;
	(void)library_create(connection, "shared", &options);
	expect_ok(shmb_fifo_open(connection, "pipe", SHMB_FIFO_READ, &piped, &fifo));
	make_narrow_fifos(connection);
	child_say(self, 1);
	ck_assert_int_eq(child_hear(self), 2);
	expect_refused(shmb_segment_open(connection, "later", &options,
					 &(struct shmb_segment *){0}),
		       -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "the broker's own group has members"));
	expect_refused(shmb_fifo_open(connection, "narrow", SHMB_FIFO_READ, &narrow, &fifo),
		       -ENOTSUP);
	says("\"narrow\" cannot be a FIFO with mode 0604 and its list: the broker's own group has");
	says("; give every group at least what the others have");
	shmb_disconnect(connection);
	return 0;
}

/* As a member of the broker's group, by a shell. */
static int read_path_in_brokers_group(struct child *self, void *data)
{
	gid_t group = getegid();
	int fd;

	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setresgid(group, group, group), 0);
	ck_assert_int_eq(setresuid(UID_BOB, UID_BOB, UID_BOB), 0);
	fd = open(data, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	child_say(self, fd < 0 ? -errno : 0);
	fd_close(fd);
	return 0;
}

static int64_t member_reads(const char *path)
{
	struct child member;
	int64_t r;

	child_start(&member, read_path_in_brokers_group, (void *)path);
	r = child_hear(&member);
	ck_assert_int_eq(child_wait(&member), 0);
	return r;
}

START_TEST(members_of_the_brokers_group_are_looked_for_again)
{
	struct shmb_object pipe;
	struct child alice;

	if (!is_root_or_says_skipped())
		return;
	if (getegid() != 0 || !has_groups("root:x:0:\n")) {
		fprintf(stderr, "SKIPPED: /etc/group cannot be another one for this test\n");
		return;
	}
	start("");
	child_start(&alice, make_shared_objects, NULL);
	ck_assert_int_eq(child_hear(&alice), 1);
	pipe = library_stat(root, "pipe");
	ck_assert_int_eq(member_reads(pipe.path), -EACCES); /* there should be none */
	ck_assert(has_groups("root:x:0:bob\n"));
	configured_reload(&broker, "", "configuration reloaded");
	ck_assert(broker_said(&broker, "\"shared\": System V segment"));
	ck_assert(broker_said(&broker, "the broker's own group has members"));
	ck_assert_int_eq(member_reads(pipe.path), 0);
	ck_assert(broker_said(&broker, "\"narrow/19\": its FIFO grants something else"));
	ck_assert(!broker_said(&broker, "\"narrow/20\": its FIFO"));
	eventually(broker_said(&broker, "and 2 more FIFOs grant something else"));
	child_say(&alice, 2);
	ck_assert_int_eq(child_wait(&alice), 0);
	stop();
}
END_TEST

#ifdef SHMB_TEST_SLOW_NAMES
/* It hangs as long as the first of these files is there; the second comes when it is asked. */
static char gate[80], asked[96];

/* MANAGER is that of the broker; NULL for none. */
static void start_with_slow_names(struct manager *manager)
{
	const char *const options[] = {"--config", configured_file(), NULL};
	const struct broker_terms terms = {.options = options, .manager = manager};

	configured_write("");
	broker_start_under(&broker, &terms);
	ck_assert_int_eq(broker_end(&broker, SIGTERM), 0);
	snprintf(gate, sizeof(gate), "%s/gate", broker.home);
	snprintf(asked, sizeof(asked), "%s.asked", gate);
	fd_close(open(gate, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	ck_assert_int_eq(setenv("SHMB_SLOW_NAMES", gate, 1), 0);
	/* In two: a space would end a path in LD_PRELOAD. */
	ck_assert_int_eq(setenv("LD_PRELOAD", SHMB_TEST_SLOW_NAMES, 1), 0);
	ck_assert_int_eq(setenv("LD_LIBRARY_PATH", SHMB_TEST_SLOW_NAMES_DIRECTORY, 1), 0);
	broker_start_again(&broker, options);
	root = library_connect(&broker);
}

START_TEST(a_name_service_that_hangs_stops_nobody)
{
	struct shmb_segment *segment;

	if (!is_root_or_says_skipped())
		return;
	start_with_slow_names(NULL);
	ask_for_reload("[Prefix mine]\nCreate=u:slow\n");
	eventually(access(asked, F_OK) == 0);
	/* It hangs, and the policy of before holds. */
	segment = library_create(root, "meanwhile", &page);
	ck_assert(may_create(UID_BOB, "mine"));
	/* What is asked for meanwhile is done when it is over. (Shorter than what was read before,
	 * of the same file.) */
	ask_for_reload("[Prefix more]\n");
	shmb_segment_detach(segment);
	stays_for(50, may_create(UID_BOB, "mine") && may_create(UID_BOB, "more"));
	ck_assert(!broker_said(&broker, "configuration reloaded"));
	ck_assert_int_eq(unlink(gate), 0);
	eventually(!may_create(UID_BOB, "more"));
	ck_assert(may_create(UID_BOB, "mine"));
	stop();
}
END_TEST

static bool history_is(struct manager *manager, const char *expected)
{
	char history[MANAGER_HISTORY_MAX];

	manager_history(manager, history);
	return strcmp(history, expected) == 0;
}

START_TEST(what_was_asked_for_meanwhile_is_done_before_the_reload_is_over)
{
	static struct manager manager;

	if (!is_root_or_says_skipped())
		return;
	start_with_slow_names(&manager);
	ask_for_reload("[Prefix mine]\nCreate=u:slow\n");
	eventually(access(asked, F_OK) == 0);
	ask_for_reload("[Prefix more]\n");
	/* Started twice, and asked twice. */
	eventually(history_is(&manager, "rrll"));
	ck_assert_int_eq(unlink(gate), 0);
	eventually(!may_create(UID_BOB, "more"));
	ck_assert(history_is(&manager, "rrllr"));
	stop();
}
END_TEST

START_TEST(a_broker_ends_while_a_name_service_hangs)
{
	start_with_slow_names(NULL);
	ask_for_reload("[Prefix mine]\nCreate=u:slow\n");
	eventually(access(asked, F_OK) == 0);
	stop();
}
END_TEST
#endif

int main(void)
{
	Suite *suite = suite_create("reload");
	TCase *tcase = tcase_create("reload");

	tcase_add_unchecked_fixture(tcase, configured_begin, configured_end);
	tcase_add_test(tcase, a_reload_disturbs_nobody);
	tcase_add_test(tcase, who_asks_while_the_broker_starts_is_served_then);
	tcase_add_test(tcase, what_grants_too_much_after_a_reload_is_named);
	tcase_add_test(tcase, members_of_the_brokers_group_are_looked_for_again);
#ifdef SHMB_TEST_SLOW_NAMES
	tcase_add_test(tcase, a_name_service_that_hangs_stops_nobody);
	tcase_add_test(tcase, what_was_asked_for_meanwhile_is_done_before_the_reload_is_over);
	tcase_add_test(tcase, a_broker_ends_while_a_name_service_hangs);
#endif
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
