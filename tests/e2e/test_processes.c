/*
 * What becomes of a connection when its process forks or runs another program, and what becomes of
 * the ledger when a forked child keeps the socket of a parent that was killed.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/suite.h"

static struct broker broker;
static struct shmb_connection *connection;
static struct shmb_segment *segment;
static struct shmb_fifo *fifo;

static void start(void)
{
	struct shmb_fifo_options creating = {.flags = SHMB_CREATE};

	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	segment = library_create(connection, "parents", &page);
	strcpy(shmb_segment_data(segment), "parent");
	expect_ok(shmb_fifo_open(connection, "parents-fifo", SHMB_FIFO_READ, &creating, &fifo));
}

/* Whatever the children did, the parent's things are as they were. */
static void stop(void)
{
	struct shmb_event event;

	ck_assert_str_eq(shmb_segment_data(segment), "parent");
	ck_assert_uint_eq(library_stat(connection, "parents").holders, 1);
	ck_assert_int_eq(shmb_next_event(connection, &event), SHMB_EMPTY);
	shmb_segment_detach(segment);
	shmb_fifo_close(fifo);
	shmb_disconnect(connection);
	broker_stop(&broker);
}

static int use_inherited(struct child *self, void *data)
{
	struct shmb_object object;
	struct shmb_segment *other = NULL;
	struct shmb_request *request = NULL;
	struct shmb_totals status;
	struct shmb_event event;
	uint64_t cursor = 0;
	struct shmb_page *found = NULL;
	char byte = 0;
	size_t got;

	(void)self;
	(void)data;
	expect_refused(shmb_stat(connection, "parents", &object), -EOWNERDEAD);
	expect_refused(shmb_status(connection, &status), -EOWNERDEAD);
	expect_refused(shmb_remove(connection, "parents", NULL), -EOWNERDEAD);
	expect_refused(shmb_list(connection, NULL, &cursor, &found), -EOWNERDEAD);
	expect_refused(shmb_who(connection, NULL, &cursor, &found), -EOWNERDEAD);
	expect_refused(shmb_segment_open(connection, "other", &page, &other), -EOWNERDEAD);
	expect_refused(shmb_segment_ready(segment), -EOWNERDEAD);
	expect_refused(shmb_stat_submit(connection, "parents", NULL, NULL, &request), -EOWNERDEAD);
	expect_refused(shmb_dispatch(connection), -EOWNERDEAD);
	ck_assert_int_ne(shmb_next_event(connection, &event), 0);
	expect_refused(shmb_fifo_read(fifo, &byte, 1, 0, &got), -EOWNERDEAD);
	ck_assert_ptr_null(shmb_segment_data(segment));
	ck_assert_ptr_null(other);
	ck_assert_ptr_null(request);
	return 0;
}

START_TEST(in_a_forked_child_every_call_says_whose_it_is)
{
	child_run(use_inherited, NULL);
}
END_TEST

static int end_inherited(struct child *self, void *data)
{
	int fds = proc_count_fds(getpid());

	(void)self;
	(void)data;
	shmb_segment_detach(segment);
	shmb_fifo_close(fifo);
	shmb_disconnect(connection);
	ck_assert_int_lt(proc_count_fds(getpid()), fds);
	return 0;
}

START_TEST(a_forked_child_ends_its_copy_alone)
{
	child_run(end_inherited, NULL);
	stays_for(100, library_exists(connection, "parents"));
}
END_TEST

static int touch_inherited(struct child *self, void *data)
{
	(void)self;
	(void)signal(SIGSEGV, SIG_DFL);
	return *(volatile char *)data;
}

START_TEST(the_memory_is_not_mapped_in_a_forked_child)
{
	struct child child;

	child_start(&child, touch_inherited, shmb_segment_data(segment));
	ck_assert_int_eq(child_wait(&child), -SIGSEGV);
}
END_TEST

static int connect_anew(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_segment *same = library_open(own, "parents", NULL);
	struct shmb_segment *other = library_create(own, "childs", &page);

	(void)self;
	(void)data;
	ck_assert_str_eq(shmb_segment_data(same), "parent");
	ck_assert_uint_eq(library_stat(own, "parents").holders, 2);
	shmb_segment_detach(same);
	shmb_segment_detach(other);
	shmb_disconnect(own);
	return 0;
}

START_TEST(a_forked_child_that_connects_anew_is_another_member)
{
	child_run(connect_anew, NULL);
	eventually(library_stat(connection, "parents").holders == 1);
}
END_TEST

START_TEST(a_program_that_is_run_has_no_descriptor_of_the_broker)
{
	static const char *const argv[] = {"ls", "-l", "/proc/self/fd", NULL};
	char output[8192];

	ck_assert_int_eq(child_command(argv, output, sizeof(output)), 0);
	ck_assert_ptr_nonnull(strstr(output, "/proc/")); /* it has looked */
	ck_assert_msg(!strstr(output, "memfd:") && !strstr(output, "SYSV") &&
			      !strstr(output, "socket:") && !strstr(output, "eventfd") &&
			      !strstr(output, "eventpoll") && !strstr(output, broker.fifos),
		      "inherited:\n%s", output);
}
END_TEST

/* A grandchild of the test cannot ask to die with it: it ends when this pipe does. */
static int leash[2];

static void stay_until_let_go(void)
{
	char byte;

	close(leash[1]);
	(void)!read(leash[0], &byte, 1);
	_exit(EXIT_SUCCESS);
}

/* Has "held", forks a child that keeps every descriptor, and is then killed. */
static int fork_and_be_killed(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	pid_t keeper;

	(void)data;
	(void)library_create(own, "held", &page);
	keeper = fork();
	ck_assert_int_ge(keeper, 0);
	if (keeper == 0)
		stay_until_let_go();
	close(leash[1]);
	child_say(self, keeper);
	(void)child_hear(self);
	return 0;
}

static void expect_death_though_the_socket_lives(void)
{
	struct child parent;
	pid_t keeper;

	ck_assert_int_eq(pipe(leash), 0);
	child_start(&parent, fork_and_be_killed, NULL);
	keeper = (pid_t)child_hear(&parent);
	ck_assert(library_exists(connection, "held"));
	child_kill(&parent);
	eventually(!library_exists(connection, "held"));
	ck_assert(proc_is_alive(keeper));
	close(leash[1]);
}

START_TEST(a_killed_parent_is_dead_though_its_child_keeps_the_socket)
{
	expect_death_though_the_socket_lives();
}
END_TEST

/* The same where the kernel cannot give the pidfd of a socket's peer, and it is opened by pid. */
START_TEST(a_pidfd_opened_by_pid_does_the_same)
{
	stop();
	ck_assert_int_eq(setenv("SHMBROKERD_PIDFD_BY_PID", "1", 1), 0);
	start();
	expect_death_though_the_socket_lives();
}
END_TEST

static int stay_stopped(struct child *self, void *data)
{
	struct shmb_connection *own = library_connect(&broker);

	(void)data;
	(void)library_create(own, "held", &page);
	child_say(self, 1);
	(void)child_hear(self);
	shmb_disconnect(own);
	return 0;
}

START_TEST(a_stopped_process_is_alive)
{
	struct child child;

	child_start(&child, stay_stopped, NULL);
	ck_assert_int_eq(child_hear(&child), 1);
	ck_assert_int_eq(kill(child.pid, SIGSTOP), 0);
	eventually(proc_state(child.pid) == 'T');
	stays_for(300, library_exists(connection, "held"));
	ck_assert_int_eq(kill(child.pid, SIGCONT), 0);
	child_say(&child, 1);
	ck_assert_int_eq(child_wait(&child), 0);
	eventually(!library_exists(connection, "held"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("processes");
	TCase *forks = tcase_create("fork and exec");
	TCase *deaths = tcase_create("deaths");

	tcase_add_checked_fixture(forks, start, stop);
	tcase_add_test(forks, in_a_forked_child_every_call_says_whose_it_is);
	tcase_add_test(forks, a_forked_child_ends_its_copy_alone);
	tcase_add_test(forks, the_memory_is_not_mapped_in_a_forked_child);
	tcase_add_test(forks, a_forked_child_that_connects_anew_is_another_member);
	tcase_add_test(forks, a_program_that_is_run_has_no_descriptor_of_the_broker);
	tcase_add_checked_fixture(deaths, start, stop);
	tcase_add_test(deaths, a_killed_parent_is_dead_though_its_child_keeps_the_socket);
	tcase_add_test(deaths, a_pidfd_opened_by_pid_does_the_same);
	tcase_add_test(deaths, a_stopped_process_is_alive);
	suite_add_tcase(suite, forks);
	suite_add_tcase(suite, deaths);
	return suite_run(suite);
}
