/*
 * Shared variables of libraries and programs that were compiled and linked in many ways: each way
 * gives whole pages that nothing else lies in, or is refused with the reason and left as it was.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"
#include "vars/loaded.h"

enum word { ATTACHED, GO };

#define NAME "lib/subject"

static struct broker broker;
static char builds[] = SHMB_TEST_VARS_GOOD;
static const char *good[64];
static int n_good;

static const struct shmb_segment_options backings[] = {{.backing = SHMB_BACKING_SYSV},
						       {.backing = SHMB_BACKING_MEMFD}};

static void start(void)
{
	broker_start(&broker, NULL);
}

static void stop(void)
{
	broker_stop(&broker);
}

static void expect_image(const struct subject *subject)
{
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER);
	ck_assert_int_eq(*subject->zeroed, 0);
	ck_assert_str_eq(subject->text, SUBJECT_TEXT);
	ck_assert_int_eq(*subject->other, SUBJECT_OTHER);
}

/* What versions rely on: the order is that of the source, whoever optimises. */
static void expect_order(const struct subject *subject)
{
	ck_assert((char *)subject->counter < (char *)subject->zeroed);
	ck_assert((char *)subject->zeroed < subject->text);
}

struct visit {
	const char *build;
	const struct shmb_segment_options *options;
};

/* The second process, which is forked before the first attaches: it changes everything, also what
 * is its own. */
static int visit(struct child *self, void *data)
{
	const struct visit *visit = data;
	struct loaded loaded = loaded_open(visit->build);
	const struct subject *subject = loaded.subject;
	struct shmb_connection *connection = library_connect(&broker);

	ck_assert_int_eq(child_hear(self), GO);
	expect_image(subject);
	expect_ok(subject->attach(connection, NAME, "1", visit->options));
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 1);
	subject->count(10);
	*subject->zeroed = -1;
	strcpy(subject->text, "changed");
	*subject->other = 8;
	strcpy(subject->neighbour, "mine");
	strcpy(subject->zeroed_neighbour, "mine");
	child_say(self, ATTACHED);
	ck_assert_int_eq(child_hear(self), GO);
	shmb_disconnect(connection);
	loaded_close(&loaded);
	return 0;
}

START_TEST(every_build_shares_its_variables_and_nothing_else)
{
	struct visit to = {good[_i / 2], &backings[_i % 2]};
	struct shmb_connection *connection;
	const struct subject *subject;
	struct loaded loaded;
	struct child other;

	child_start(&other, visit, &to);
	loaded = loaded_open(to.build);
	subject = loaded.subject;
	expect_order(subject);
	connection = library_connect(&broker);
	expect_ok(subject->attach(connection, NAME, "1", to.options));
	expect_image(subject);
	subject->count(1);
	child_say(&other, GO);
	ck_assert_int_eq(child_hear(&other), ATTACHED);
	ck_assert_int_eq(*subject->counter, SUBJECT_COUNTER + 11);
	ck_assert_int_eq(*subject->zeroed, -1);
	ck_assert_str_eq(subject->text, "changed");
	ck_assert_int_eq(*subject->other, 8);
	ck_assert_str_eq(subject->neighbour, "data");
	ck_assert_str_eq(subject->zeroed_neighbour, "");
	child_say(&other, GO);
	ck_assert_int_eq(child_wait(&other), 0);
	shmb_disconnect(connection);
	loaded_close(&loaded);
}
END_TEST

/* BUILD is not there where its tools are not. */
static bool is_built_or_says_so(const char *build)
{
	char path[512];

	snprintf(path, sizeof(path), SHMB_TEST_VARS "%s.so", build);
	if (access(path, F_OK) == 0)
		return true;
	fprintf(stderr, "SKIPPED: there is no build %s\n", build);
	return false;
}

static const struct {
	const char *build;
	const char *what;
	const char *why;
} faulty[] = {
	/* clang-format off */
	{"exported", "subject_exported", "is exported, and a program may use a copy of its own instead"},
	{"exported-classic", "subject_exported", "is exported, and a program may use a copy of its own instead"},
	{"pointer", "subject_pointer", "begins with an address in it, which means nothing in another process"},
	{"pointer-packed", "subject_pointer", "begins with an address in it, which means nothing in another process"},
	{"pointer-stripped", "section shmb_shared", "begins with an address, which means nothing in another process"},
	{"stray", "whole pages", "that are to be shared do not fill whole pages, so that others lie beside them"},
	{"empty", "SHMB_SHARED", "has no variables to share; mark them with SHMB_SHARED"},
	/* clang-format on */
};

START_TEST(what_cannot_be_shared_is_refused_and_stays_as_it_was)
{
	struct shmb_connection *connection = library_connect(&broker);
	struct loaded loaded;

	if (!is_built_or_says_so(faulty[_i].build)) {
		shmb_disconnect(connection);
		return;
	}
	loaded = loaded_open(faulty[_i].build);
	expect_refused(loaded.subject->attach(connection, NAME, "1", NULL), -EINVAL);
	says(faulty[_i].what);
	says(faulty[_i].why);
	ck_assert_msg(strstr(shmb_last_error(), faulty[_i].build) != NULL,
		      "the module is not named: %s", shmb_last_error());
	expect_image(loaded.subject);
	ck_assert(!library_exists(connection, NAME ".1"));
	shmb_disconnect(connection);
	loaded_close(&loaded);
}
END_TEST

/* Rebuilt with one variable more: the size in pages is the same. */
START_TEST(another_build_with_other_variables_needs_another_version)
{
	struct shmb_connection *connection = library_connect(&broker);
	struct loaded old = loaded_open("gcc-bfd");
	struct loaded new = loaded_open("grown");
	struct shmb_vars_facts facts;
	size_t size;

	expect_ok(old.subject->attach(connection, NAME, "1", NULL));
	expect_ok(old.subject->info(&facts));
	size = facts.size;
	expect_refused(new.subject->attach(connection, NAME, "1", NULL), -ESTALE);
	ck_assert_msg(strstr(shmb_last_error(), "other variables") != NULL, "%s",
		      shmb_last_error());
	expect_image(new.subject);
	expect_ok(new.subject->attach(connection, NAME, "2", NULL));
	expect_ok(new.subject->info(&facts));
	ck_assert_uint_eq(facts.size, size);
	new.subject->count(5);
	expect_image(old.subject);
	shmb_disconnect(connection);
	loaded_close(&new);
	loaded_close(&old);
}
END_TEST

/* Two modules in one process: each has its own variables, whatever they are called. */
START_TEST(modules_of_one_process_do_not_meet)
{
	struct shmb_connection *connection = library_connect(&broker);
	struct loaded one = loaded_open("gcc-bfd");
	struct loaded two = loaded_open("gcc-bfd-gc");

	expect_ok(one.subject->attach(connection, "lib/one", "1", NULL));
	expect_ok(two.subject->attach(connection, "lib/two", "1", NULL));
	one.subject->count(1);
	two.subject->count(2);
	ck_assert_int_eq(*one.subject->counter, SUBJECT_COUNTER + 1);
	ck_assert_int_eq(*two.subject->counter, SUBJECT_COUNTER + 2);
	expect_ok(one.subject->detach());
	two.subject->count(2);
	ck_assert_int_eq(*two.subject->counter, SUBJECT_COUNTER + 4);
	shmb_disconnect(connection);
	loaded_close(&two);
	loaded_close(&one);
}
END_TEST

struct run {
	pid_t pid;
	int input; /* its end ends the program */
};

/* Start the program of KIND, and read what it says after it has counted to N. */
static long run_program(struct run *run, const char *kind, const char *n)
{
	char path[512];
	char said[32] = "";
	size_t size = 0;
	int in[2], out[2];

	snprintf(path, sizeof(path), SHMB_TEST_PROGRAMS "%s", kind);
	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	run->pid = fork();
	ck_assert_int_ge(run->pid, 0);
	if (run->pid == 0) {
		(void)setenv("SHMBROKER_SOCKET", broker.socket, 1);
		(void)dup2(in[0], STDIN_FILENO);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)execl(path, kind, "program/counter", n, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	run->input = in[1];
	while (size < sizeof(said) - 1 && !strchr(said, '\n')) {
		ssize_t got = read(out[0], said + size, sizeof(said) - 1 - size);

		ck_assert_msg(got > 0, "the program %s says nothing", kind);
		size += (size_t)got;
	}
	close(out[0]);
	return strtol(said, NULL, 10);
}

static void end_program(const struct run *run)
{
	int status;

	close(run->input);
	ck_assert_int_eq(waitpid(run->pid, &status, 0), run->pid);
	ck_assert_int_eq(status, 0);
}

static const char *const programs[] = {"pie", "fixed", "static"};

/* Two processes of the same program, at other addresses when it can be. */
START_TEST(a_program_shares_its_variables_with_itself)
{
	struct run one, two;

	ck_assert_int_eq(run_program(&one, programs[_i], "5"), SUBJECT_COUNTER + 5);
	ck_assert_int_eq(run_program(&two, programs[_i], "7"), SUBJECT_COUNTER + 12);
	end_program(&one);
	end_program(&two);
}
END_TEST

static void list_builds(void)
{
	for (char *build = strtok(builds, ","); build; build = strtok(NULL, ","))
		good[n_good++] = build;
}

int main(void)
{
	Suite *suite = suite_create("builds with shared variables");
	TCase *tcase = tcase_create("builds");

	list_builds();
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, every_build_shares_its_variables_and_nothing_else, 0,
			    2 * n_good);
	tcase_add_loop_test(tcase, what_cannot_be_shared_is_refused_and_stays_as_it_was, 0,
			    (int)ARRAY_SIZE(faulty));
	tcase_add_test(tcase, another_build_with_other_variables_needs_another_version);
	tcase_add_test(tcase, modules_of_one_process_do_not_meet);
	tcase_add_loop_test(tcase, a_program_shares_its_variables_with_itself, 0,
			    (int)ARRAY_SIZE(programs));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
