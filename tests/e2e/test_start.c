/*
 * The broker that nobody started: a program that finds none starts the one of its user, a hundred
 * programs that find none at the same instant start one, and it ends when nobody needs it.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/suite.h"

#define CROWD 100

static struct broker broker;

static void start(void)
{
	if (!broker_on_demand(&broker))
		exit(EXIT_SUCCESS); /* which has been said */
}

static void stop(void)
{
	broker_forget(&broker);
}

/* Connect as a program without any wishes does. */
static struct shmb_connection *connect_plainly(void)
{
	struct shmb_connection *connection = NULL;

	expect_ok(shmb_connect(NULL, &connection));
	return connection;
}

static pid_t broker_of(struct shmb_connection *connection)
{
	return (pid_t)library_status(connection).pid;
}

static void end_and_expect_nothing(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	eventually(!proc_is_alive(pid));
	ck_assert_int_ne(access(broker.socket, F_OK), 0);
}

/* A daemon that is the real one and has this option too. */
static void add_daemon_option(const char *option)
{
	char path[128];
	FILE *script;

	snprintf(path, sizeof(path), "%s/daemon", broker.home);
	script = fopen(path, "we");
	ck_assert_ptr_nonnull(script);
	fprintf(script, "#!/bin/sh\nexec '%s' \"$@\" %s\n", getenv("SHMBROKER_DAEMON"), option);
	ck_assert_int_eq(fchmod(fileno(script), 0700), 0);
	fclose(script);
	ck_assert_int_eq(setenv("SHMBROKER_DAEMON", path, 1), 0);
}

/* Programs whose time is over while the broker is on its way leave one that others find. */
START_TEST(impatient_starters_lock_nobody_out)
{
	struct shmb_connect_options impatient = {.timeout_ms = 1};
	struct shmb_connection *connection;
	pid_t pid;

	for (int i = 0; i < 5; i++)
		if (shmb_connect(&impatient, &connection) == 0)
			shmb_disconnect(connection);
	connection = connect_plainly();
	pid = broker_of(connection);
	shmb_disconnect(connection);
	end_and_expect_nothing(pid);
}
END_TEST

START_TEST(an_odd_umask_of_the_first_program_harms_nobody)
{
	mode_t before = umask(0177);
	struct shmb_connection *connection = connect_plainly();
	pid_t pid = broker_of(connection);
	char path[160];
	struct stat st;

	(void)umask(before);
	snprintf(path, sizeof(path), "%s/shmbroker", getenv("XDG_RUNTIME_DIR"));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	shmb_disconnect(connection);
	connection = connect_plainly();
	ck_assert_int_eq(broker_of(connection), pid);
	shmb_disconnect(connection);
	end_and_expect_nothing(pid);
}
END_TEST

START_TEST(the_first_program_just_works)
{
	struct shmb_connection *first = connect_plainly();
	struct shmb_connection *second = connect_plainly();
	pid_t pid = broker_of(first);
	struct shmb_segment *segment = library_create(first, "first", &page);
	struct shmb_segment *same = library_open(second, "first", NULL);
	struct shmb_broker_facts info;
	struct stat st;

	expect_ok(shmb_broker_info(first, &info));
	ck_assert(info.per_user);
	ck_assert_int_eq(broker_of(second), pid);
	strcpy(shmb_segment_data(segment), "works");
	ck_assert_str_eq(shmb_segment_data(same), "works");
	ck_assert_int_eq(stat(broker.directory, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(stat(broker.socket, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	shmb_segment_detach(segment);
	shmb_segment_detach(same);
	shmb_disconnect(first);
	shmb_disconnect(second);
	end_and_expect_nothing(pid);
}
END_TEST

/* The broker is nobody's child and has none of the starter's descriptors. */
START_TEST(the_broker_is_detached_from_its_starter)
{
	int spare = open("/etc/passwd", O_RDONLY); /* not closed on exec */
	struct shmb_connection *connection = connect_plainly();
	pid_t pid = broker_of(connection);
	char path[64];
	char target[512];

	ck_assert_int_ge(spare, 0);
	ck_assert_int_ne(getsid(pid), getsid(0));
	for (int fd = 0; fd < 64; fd++) {
		ssize_t size;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		size = readlink(path, target, sizeof(target) - 1);
		if (size < 0)
			continue;
		target[size] = '\0';
		ck_assert_str_ne(target, "/etc/passwd");
	}
	shmb_disconnect(connection);
	end_and_expect_nothing(pid);
}
END_TEST

static int connect_at_once(struct child *self, void *data)
{
	struct shmb_connection *connection;

	(void)data;
	child_say(self, 0);
	(void)child_hear(self);
	connection = connect_plainly();
	child_say(self, broker_of(connection));
	(void)child_hear(self);
	shmb_disconnect(connection);
	return 0;
}

/* Whether TEXT stands in the log of the brokers that were started on demand. */
static bool log_has(const char *text)
{
	char path[128];
	char line[512];
	bool found = false;
	FILE *log;

	snprintf(path, sizeof(path), "%s/broker.log", broker.directory);
	log = fopen(path, "re");
	ck_assert_ptr_nonnull(log);
	while (!found && fgets(line, sizeof(line), log))
		found = strstr(line, text) != NULL;
	fclose(log);
	return found;
}

START_TEST(a_hundred_at_the_same_instant_get_one_broker)
{
	static struct child crowd[CROWD];
	pid_t pid = 0;

	for (size_t i = 0; i < CROWD; i++)
		child_start(&crowd[i], connect_at_once, NULL);
	for (size_t i = 0; i < CROWD; i++)
		ck_assert_int_eq(child_hear(&crowd[i]), 0);
	for (size_t i = 0; i < CROWD; i++)
		child_say(&crowd[i], 0);
	for (size_t i = 0; i < CROWD; i++) {
		pid_t other = (pid_t)child_hear(&crowd[i]);

		if (!pid)
			pid = other;
		ck_assert_int_eq(other, pid);
	}
	/* Not even for a moment was there another. */
	ck_assert(log_has("listening at"));
	ck_assert(!log_has("another"));
	for (size_t i = 0; i < CROWD; i++)
		child_say(&crowd[i], 0);
	for (size_t i = 0; i < CROWD; i++)
		ck_assert_int_eq(child_wait(&crowd[i]), 0);
	end_and_expect_nothing(pid);
}
END_TEST

START_TEST(a_stale_socket_is_replaced)
{
	struct shmb_connection *connection = connect_plainly();
	pid_t first = broker_of(connection);
	pid_t second;

	ck_assert_int_eq(kill(first, SIGKILL), 0);
	eventually(!proc_is_alive(first));
	shmb_disconnect(connection);
	ck_assert_int_eq(access(broker.socket, F_OK), 0);
	connection = connect_plainly();
	second = broker_of(connection);
	ck_assert_int_ne(second, first);
	shmb_disconnect(connection);
	end_and_expect_nothing(second);
}
END_TEST

START_TEST(it_ends_when_it_is_idle_and_empty)
{
	struct shmb_segment_options kept = {.size = 4096,
					    .flags = SHMB_CREATE,
					    .lifetime = SHMB_LIFETIME_KEEP};
	struct shmb_connection *connection;
	pid_t pid;

	add_daemon_option("--idle-exit 100ms");
	connection = connect_plainly();
	pid = broker_of(connection);
	stays_for(400, proc_is_alive(pid)); /* somebody is connected */
	shmb_segment_detach(library_create(connection, "kept", &kept));
	shmb_disconnect(connection);
	stays_for(400, proc_is_alive(pid)); /* something is kept */
	connection = connect_plainly();
	ck_assert_int_eq(broker_of(connection), pid);
	expect_ok(shmb_remove(connection, "kept", NULL));
	shmb_disconnect(connection);
	eventually(!proc_is_alive(pid));
	ck_assert_int_ne(access(broker.socket, F_OK), 0);
}
END_TEST

/* Whoever comes at the moment of its end gets it or the next one, never an error. */
START_TEST(coming_and_ending_do_not_collide)
{
	add_daemon_option("--idle-exit 1ms");
	for (int round = 0; round < 200; round++) {
		struct shmb_connection *connection = connect_plainly();

		shmb_segment_detach(library_create(connection, "brief", &page));
		shmb_disconnect(connection);
	}
	eventually(access(broker.socket, F_OK) != 0);
}
END_TEST

START_TEST(where_none_can_be_started_the_reason_is_said)
{
	static const char *const daemons[] = {"/nonexistent/shmbrokerd", "/bin/false",
					      "/etc/passwd"};
	const struct shmb_connect_options soon = {.timeout_ms = 2000};
	struct shmb_connection *connection = NULL;
	int fds = proc_count_fds(getpid());
	int r;

	ck_assert_int_eq(setenv("SHMBROKER_DAEMON", daemons[_i], 1), 0);
	r = shmb_connect(&soon, &connection);
	ck_assert_int_lt(r, 0);
	ck_assert_msg(strstr(shmb_last_error(), broker.directory) ||
			      strstr(shmb_last_error(), daemons[_i]),
		      "no help: %s", shmb_last_error());
	ck_assert_ptr_null(connection);
	ck_assert_int_eq(proc_count_fds(getpid()), fds);
	/* Nothing is in the way of the next one. */
	ck_assert_int_eq(setenv("SHMBROKER_DAEMON", SHMB_TEST_DAEMON, 1), 0);
	connection = connect_plainly();
	r = broker_of(connection);
	shmb_disconnect(connection);
	end_and_expect_nothing(r);
}
END_TEST

START_TEST(one_that_must_not_start_does_not)
{
	const struct shmb_connect_options options = {.no_start = true};
	struct shmb_connection *connection = NULL;

	expect_refused(shmb_connect(&options, &connection), -ENOENT);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), broker.socket));
	ck_assert_int_ne(access(broker.socket, F_OK), 0);
	/* A socket that was named is somebody else's to serve. */
	ck_assert_int_eq(setenv("SHMBROKER_SOCKET", broker.socket, 1), 0);
	expect_refused(shmb_connect(NULL, &connection), -ENOENT);
	ck_assert_ptr_null(connection);
}
END_TEST

START_TEST(a_directory_that_is_not_ours_is_refused)
{
	struct shmb_connection *connection = NULL;
	char elsewhere[128];

	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", broker.home);
	ck_assert_int_eq(mkdir(elsewhere, 0700), 0);
	ck_assert_int_eq(symlink(elsewhere, broker.directory), 0);
	ck_assert_int_lt(shmb_connect(NULL, &connection), 0);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), broker.directory));
	ck_assert_ptr_null(connection);
	ck_assert_int_eq(rmdir(elsewhere), 0); /* nothing was put there */
}
END_TEST

START_TEST(a_second_broker_at_the_same_place_is_refused)
{
	const char *const argv[] = {SHMB_TEST_DAEMON, "--user", NULL};
	struct shmb_connection *connection = connect_plainly();
	pid_t pid = broker_of(connection);
	char output[1024];

	ck_assert_int_eq(child_command(argv, output, sizeof(output)), 1);
	ck_assert_msg(strstr(output, broker.directory) != NULL, "no help: %s", output);
	ck_assert_int_eq(broker_of(connection), pid);
	shmb_disconnect(connection);
	connection = connect_plainly();
	ck_assert_int_eq(broker_of(connection), pid);
	shmb_disconnect(connection);
	end_and_expect_nothing(pid);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("start");
	TCase *tcase = tcase_create("on demand");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, the_first_program_just_works);
	tcase_add_test(tcase, impatient_starters_lock_nobody_out);
	tcase_add_test(tcase, an_odd_umask_of_the_first_program_harms_nobody);
	tcase_add_test(tcase, the_broker_is_detached_from_its_starter);
	tcase_add_loop_test(tcase, a_hundred_at_the_same_instant_get_one_broker, 0, 5);
	tcase_add_test(tcase, a_stale_socket_is_replaced);
	tcase_add_test(tcase, it_ends_when_it_is_idle_and_empty);
	tcase_add_test(tcase, coming_and_ending_do_not_collide);
	tcase_add_loop_test(tcase, where_none_can_be_started_the_reason_is_said, 0, 3);
	tcase_add_test(tcase, one_that_must_not_start_does_not);
	tcase_add_test(tcase, a_directory_that_is_not_ours_is_refused);
	tcase_add_test(tcase, a_second_broker_at_the_same_place_is_refused);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
