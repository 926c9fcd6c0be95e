/*
 * The text of the last failure.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <shmbroker/error.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "support/suite.h"

START_TEST(there_is_none_before_the_first_failure)
{
	ck_assert_str_eq(shmb_last_error(), "");
}
END_TEST

START_TEST(the_last_failure_counts_and_its_number_is_handed_on)
{
	ck_assert_int_eq(error_set(-ENOENT, "\"%s\" does not exist", "a"), -ENOENT);
	ck_assert_int_eq(error_set(-EACCES, "\"%s\" is not yours", "b"), -EACCES);
	ck_assert_str_eq(shmb_last_error(), "\"b\" is not yours");
	ck_assert_int_eq(error_no_memory(), -ENOMEM);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "memory"));
}
END_TEST

START_TEST(a_text_that_stays_is_not_copied)
{
	static const char text[] = "as it stands";

	(void)error_set(-EIO, "before");
	ck_assert_int_eq(error_say(-EBUSY, text), -EBUSY);
	ck_assert_ptr_eq(shmb_last_error(), text);
	(void)error_set(-EIO, "afterwards");
	ck_assert_str_eq(shmb_last_error(), "afterwards");
}
END_TEST

START_TEST(a_text_that_is_too_long_is_cut)
{
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)error_set(-EINVAL, "%s", text);
	ck_assert_uint_gt(strlen(shmb_last_error()), 600);
	ck_assert_uint_lt(strlen(shmb_last_error()), sizeof(text) - 1);
	ck_assert_mem_eq(shmb_last_error(), text, strlen(shmb_last_error()));
}
END_TEST

static void *fail_elsewhere(void *unused)
{
	(void)unused;
	ck_assert_str_eq(shmb_last_error(), "");
	(void)error_set(-EIO, "elsewhere");
	ck_assert_str_eq(shmb_last_error(), "elsewhere");
	return NULL;
}

START_TEST(each_thread_has_its_own)
{
	pthread_t thread;

	(void)error_set(-EIO, "here");
	ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_str_eq(shmb_last_error(), "here");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("error");
	TCase *tcase = tcase_create("error");

	tcase_add_test(tcase, there_is_none_before_the_first_failure);
	tcase_add_test(tcase, the_last_failure_counts_and_its_number_is_handed_on);
	tcase_add_test(tcase, a_text_that_stays_is_not_copied);
	tcase_add_test(tcase, a_text_that_is_too_long_is_cut);
	tcase_add_test(tcase, each_thread_has_its_own);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
