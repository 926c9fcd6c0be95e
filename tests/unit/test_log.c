/*
 * Lines on stderr, here a pipe: whole, never waited for, and counted when they are lost.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/suite.h"

#define LINES 5000 /* more than a pipe takes */

static int reader = -1;
static int real_stderr = -1;

static void start(void)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	fd_close(ends[1]);
	reader = ends[0];
}

static void stop(void)
{
	ck_assert_int_eq(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
	real_stderr = fd_close(real_stderr);
	reader = fd_close(reader);
}

/* All that was written until now. */
static const char *drain(void)
{
	static char text[1 << 20];
	ssize_t got = read(reader, text, sizeof(text) - 1);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

START_TEST(a_line_says_who_speaks_and_keeps_errno)
{
	errno = ENOENT;
	log_error("cannot find %s: %m", "it");
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_str_eq(drain(), "shmbrokerd: cannot find it: No such file or directory\n");
}
END_TEST

START_TEST(a_line_that_is_too_long_is_cut_and_ends)
{
	static char long_text[2 * PIPE_BUF];
	const char *line;

	memset(long_text, 'x', sizeof(long_text) - 1);
	log_info("%s", long_text);
	line = drain();
	ck_assert_uint_eq(strlen(line), PIPE_BUF - 1);
	ck_assert_int_eq(line[strlen(line) - 1], '\n');
}
END_TEST

START_TEST(a_line_is_one_line_whatever_it_tells_of)
{
	log_info("\"%s\" is gone", "a\nshmbrokerd: b\x1b[2J\t\x7f");
	ck_assert_str_eq(drain(), "shmbrokerd: \"a?shmbrokerd: b?[2J??\" is gone\n");
}
END_TEST

/* This would hang if a line were waited for. */
START_TEST(what_a_full_pipe_does_not_take_is_counted_and_told)
{
	unsigned n_taken = 0, n_lost;
	char expected[80];
	const char *at;

	for (unsigned i = 0; i < LINES; i++)
		log_info("line %u of those that nobody reads", i);
	for (at = drain(); (at = strchr(at, '\n')); at++)
		n_taken++;
	ck_assert_uint_lt(n_taken, LINES);
	n_lost = LINES - n_taken;
	log_info("after it");
	snprintf(expected, sizeof(expected),
		 "shmbrokerd: %u lines were lost here\nshmbrokerd: after it\n", n_lost);
	ck_assert_str_eq(drain(), expected);
	log_info("and on");
	ck_assert_str_eq(drain(), "shmbrokerd: and on\n");
}
END_TEST

START_TEST(lines_that_peers_can_cause_are_limited)
{
	unsigned n_admitted = 0;

	for (unsigned i = 0; i < 1000; i++)
		n_admitted += log_admits_peers();
	ck_assert_uint_ge(n_admitted, 50);
	ck_assert_uint_lt(n_admitted, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("log");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, a_line_says_who_speaks_and_keeps_errno);
	tcase_add_test(tests, a_line_that_is_too_long_is_cut_and_ends);
	tcase_add_test(tests, a_line_is_one_line_whatever_it_tells_of);
	tcase_add_test(tests, what_a_full_pipe_does_not_take_is_counted_and_told);
	tcase_add_test(tests, lines_that_peers_can_cause_are_limited);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
