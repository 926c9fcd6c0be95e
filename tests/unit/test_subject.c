/*
 * Users and groups in words.
 */
#include "words/subject.h"

#include <check.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/suite.h"

#define TURNS 300 /* more ids than are remembered */

/* What the machine calls it, without a memory. */
static const char *user_of(uint32_t uid)
{
	static char text[SUBJECT_TEXT_MAX];
	const struct passwd *user = getpwuid(uid);

	if (user)
		return user->pw_name;
	snprintf(text, sizeof(text), "%u", uid);
	return text;
}

START_TEST(what_is_remembered_is_of_the_right_user)
{
	char text[SUBJECT_TEXT_MAX];

	for (int turn = 0; turn < 2; turn++)
		for (uint32_t uid = 0; uid < TURNS; uid++) {
			ck_assert_str_eq(subject_user_text(uid, text), user_of(uid));
			ck_assert_str_eq(subject_user_text(0, text), user_of(0));
		}
}
END_TEST

START_TEST(users_and_groups_are_remembered_apart)
{
	char text[SUBJECT_TEXT_MAX];

	for (uint32_t id = 0; id < TURNS; id++) {
		const struct group *group = getgrgid(id);

		(void)subject_user_text(id, text);
		(void)subject_group_text(id, text);
		if (group)
			ck_assert_str_eq(text, group->gr_name);
		else
			ck_assert_int_eq(atoi(text), (int)id);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("subject");
	TCase *tests = tcase_create("names");

	tcase_add_test(tests, what_is_remembered_is_of_the_right_user);
	tcase_add_test(tests, users_and_groups_are_remembered_apart);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
