/*
 * The choice of a backing.
 */
#include "rules/backing.h"

#include <errno.h>
#include <string.h>

#include "rules/policy.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

static const struct credentials owner = {.uid = 1000, .gid = 1000};
static const struct broker_identity broker = {900, 900, true};
static const struct permission shared_by_all = {.uid = 1000, .gid = 1000, .mode = 0666};
static const struct permission of_one_user = {.uid = 1000, .gid = 2000, .mode = 0600};

static struct backing_question question_of(uint8_t wanted, const struct permission *permission)
{
	return (struct backing_question){
		.wanted = wanted,
		.sysv_is_reached = true,
		.backings = POLICY_BACKINGS_ALL,
		.broker = &broker,
		.permission = permission,
		.owner = &owner,
	};
}

START_TEST(auto_takes_sysv_where_it_says_the_permission_and_says_why)
{
	struct backing_question question = question_of(WIRE_BACKING_AUTO, &shared_by_all);
	struct backing_answer answer;

	ck_assert_int_eq(backing_choose(&question, &answer), 0);
	ck_assert_uint_eq(answer.backing, WIRE_BACKING_SYSV);
	ck_assert_str_eq(answer.why, "System V says this permission exactly");
}
END_TEST

START_TEST(auto_takes_memfd_where_sysv_cannot_say_it)
{
	struct backing_question question = question_of(WIRE_BACKING_AUTO, &of_one_user);
	struct backing_answer answer;

	ck_assert_int_eq(backing_choose(&question, &answer), 0);
	ck_assert_uint_eq(answer.backing, WIRE_BACKING_MEMFD);
	ck_assert(strstr(answer.why, "System V") != NULL);
}
END_TEST

START_TEST(auto_takes_memfd_for_another_ipc_namespace_even_per_user)
{
	struct backing_question question = question_of(WIRE_BACKING_AUTO, &shared_by_all);
	struct backing_answer answer;

	question.sysv_is_reached = false;
	question.is_per_user = true;
	ck_assert_int_eq(backing_choose(&question, &answer), 0);
	ck_assert_uint_eq(answer.backing, WIRE_BACKING_MEMFD);
	ck_assert(strstr(answer.why, "namespace") != NULL);
}
END_TEST

START_TEST(auto_takes_sysv_per_user_and_for_a_key)
{
	struct backing_question question = question_of(WIRE_BACKING_AUTO, &of_one_user);
	struct backing_answer answer;

	question.is_per_user = true;
	ck_assert_int_eq(backing_choose(&question, &answer), 0);
	ck_assert_uint_eq(answer.backing, WIRE_BACKING_SYSV);
	ck_assert_str_eq(answer.why, "in a per-user broker everybody has the same uid");

	question = question_of(WIRE_BACKING_AUTO, &shared_by_all);
	question.wants_key = true;
	ck_assert_int_eq(backing_choose(&question, &answer), 0);
	ck_assert_uint_eq(answer.backing, WIRE_BACKING_SYSV);
}
END_TEST

START_TEST(sysv_is_refused_with_a_reason_and_never_widened)
{
	struct backing_question question = question_of(WIRE_BACKING_SYSV, &of_one_user);
	struct backing_answer answer;

	ck_assert_int_eq(backing_choose(&question, &answer), -ENOTSUP);
	ck_assert(strlen(answer.why) > 0);

	question = question_of(WIRE_BACKING_AUTO, &of_one_user);
	question.wants_key = true;
	ck_assert_int_eq(backing_choose(&question, &answer), -ENOTSUP);

	question = question_of(WIRE_BACKING_SYSV, &shared_by_all);
	question.sysv_is_reached = false;
	ck_assert_int_eq(backing_choose(&question, &answer), -ENOTSUP);
	ck_assert(strstr(answer.why, "namespace") != NULL);
}
END_TEST

START_TEST(sysv_is_for_owners_who_can_initialise_it)
{
	static const struct permission read_only = {.uid = 1000, .gid = 2000, .mode = 0444};
	struct backing_question question = question_of(WIRE_BACKING_AUTO, &read_only);
	struct backing_answer answer;

	question.is_new = true;
	ck_assert_int_eq(backing_choose(&question, &answer), 0);
	ck_assert_uint_eq(answer.backing, WIRE_BACKING_MEMFD);
	ck_assert_str_eq(answer.why,
			 "its owner may not write, and under System V could not initialise it");
	question.is_new = false;
	ck_assert_int_eq(backing_choose(&question, &answer), 0);
	ck_assert_uint_eq(answer.backing, WIRE_BACKING_SYSV);
	ck_assert_uint_eq(answer.grant.mode, 0044);
}
END_TEST

START_TEST(memfd_is_always_had_but_has_no_key)
{
	struct backing_question question = question_of(WIRE_BACKING_MEMFD, &of_one_user);
	struct backing_answer answer;

	question.sysv_is_reached = false;
	ck_assert_int_eq(backing_choose(&question, &answer), 0);
	ck_assert_uint_eq(answer.backing, WIRE_BACKING_MEMFD);
	question.wants_key = true;
	ck_assert_int_eq(backing_choose(&question, &answer), -EINVAL);
}
END_TEST

#define ALLOWS(set, backing) ((set)&POLICY_BACKING(backing))

/* Every set of backings, every wish, a permission that System V can say and one that it cannot. */
START_TEST(what_is_chosen_is_always_allowed)
{
	struct backing_question question =
		question_of((uint8_t)(_i & 3), _i & 4 ? &of_one_user : &shared_by_all);
	unsigned sysv = POLICY_BACKING(WIRE_BACKING_SYSV);
	unsigned memfd = POLICY_BACKING(WIRE_BACKING_MEMFD);
	struct backing_answer answer;

	if (question.wanted > WIRE_BACKING_MEMFD)
		return;
	for (unsigned set = 0; set < 8; set++) {
		int r;

		question.backings = (set & 1 ? sysv : 0) | (set & 2 ? memfd : 0) |
				    (set & 4 ? POLICY_BACKING(WIRE_BACKING_FIFO) : 0);
		question.backings_rule = "Backings=";
		r = backing_choose(&question, &answer);
		if (r == 0)
			ck_assert(ALLOWS(question.backings, answer.backing));
		else
			ck_assert(strlen(answer.why) > 0);
		if (!(question.backings & (sysv | memfd)))
			ck_assert_int_eq(r, -EPERM);
		if (question.wanted == WIRE_BACKING_AUTO && (question.backings & memfd))
			ck_assert_int_eq(r, 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backing");
	TCase *tests = tcase_create("backing");

	tcase_add_test(tests, auto_takes_sysv_where_it_says_the_permission_and_says_why);
	tcase_add_test(tests, auto_takes_memfd_where_sysv_cannot_say_it);
	tcase_add_test(tests, auto_takes_memfd_for_another_ipc_namespace_even_per_user);
	tcase_add_test(tests, auto_takes_sysv_per_user_and_for_a_key);
	tcase_add_test(tests, sysv_is_refused_with_a_reason_and_never_widened);
	tcase_add_test(tests, sysv_is_for_owners_who_can_initialise_it);
	tcase_add_test(tests, memfd_is_always_had_but_has_no_key);
	tcase_add_loop_test(tests, what_is_chosen_is_always_allowed, 0, 8);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
