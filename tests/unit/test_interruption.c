/*
 * Signals that are remembered while something must not be left half done.
 */
#include <check.h>
#include <signal.h>
#include <stdlib.h>

#include "bytes/interruption.h"
#include "support/suite.h"

static void (*handler_of(int signal))(int)
{
	struct sigaction now;

	ck_assert_int_eq(sigaction(signal, NULL, &now), 0);
	return now.sa_handler;
}

START_TEST(a_signal_is_remembered_until_it_is_obeyed)
{
	interruption_begin();
	ck_assert_int_eq(interruption_signal(), 0);
	ck_assert_int_eq(raise(SIGHUP), 0);
	ck_assert_int_eq(interruption_signal(), SIGHUP);
	interruption_end();
	ck_assert(handler_of(SIGHUP) == SIG_DFL);
	ck_assert_int_eq(interruption_signal(), SIGHUP);
	interruption_obey();
	exit(0); /* not reached */
}
END_TEST

START_TEST(the_outermost_end_is_the_end)
{
	void (*alarm_before)(int) = handler_of(SIGALRM);

	interruption_begin();
	interruption_begin();
	interruption_end();
	ck_assert_int_eq(raise(SIGHUP), 0);
	interruption_begin();
	ck_assert_int_eq(interruption_signal(), SIGHUP); /* it was before the inner one */
	interruption_end();
	ck_assert(handler_of(SIGQUIT) != SIG_DFL);
	interruption_end();
	ck_assert(handler_of(SIGQUIT) == SIG_DFL);
	ck_assert(handler_of(SIGALRM) == alarm_before);
}
END_TEST

START_TEST(a_second_one_does_not_wait)
{
	interruption_begin();
	ck_assert_int_eq(raise(SIGHUP), 0);
	(void)raise(SIGHUP);
	exit(0); /* not reached */
}
END_TEST

START_TEST(what_is_ignored_stays_ignored)
{
	ck_assert(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	interruption_begin();
	ck_assert_int_eq(raise(SIGHUP), 0);
	ck_assert_int_eq(interruption_signal(), 0);
	interruption_end();
	ck_assert(handler_of(SIGHUP) == SIG_IGN);
	ck_assert(signal(SIGHUP, SIG_DFL) != SIG_ERR);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interruption");
	TCase *tcase = tcase_create("interruption");

	tcase_add_test_raise_signal(tcase, a_signal_is_remembered_until_it_is_obeyed, SIGHUP);
	tcase_add_test(tcase, the_outermost_end_is_the_end);
	tcase_add_test_raise_signal(tcase, a_second_one_does_not_wait, SIGHUP);
	tcase_add_test(tcase, what_is_ignored_stays_ignored);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
