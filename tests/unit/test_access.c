/*
 * Who may do what: every mode against every relation of a subject to an object, checked against the
 * rule as a person would say it.
 */
#include "rules/access.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

enum relation { ROOT, OWNER, OWNER_IN_GROUP, IN_GROUP, IN_GROUP_BY_LIST, OTHER, RELATIONS };

#define OWNER_UID 1000
#define GROUP     2000

static const struct broker_identity broker_itself = {900, 900, true};

static struct credentials subject_of(enum relation relation, gid_t *list)
{
	struct credentials subject = {.uid = 5, .gid = 5};

	switch (relation) {
	case ROOT:
		subject.uid = 0;
		break;
	case OWNER:
		subject.uid = OWNER_UID;
		break;
	case OWNER_IN_GROUP:
		subject.uid = OWNER_UID;
		subject.gid = GROUP;
		break;
	case IN_GROUP:
		subject.gid = GROUP;
		break;
	case IN_GROUP_BY_LIST:
		list[0] = 7;
		list[1] = GROUP;
		subject.groups = list;
		subject.n_groups = 2;
		break;
	default:
		break;
	}
	return subject;
}

/* The three bits that count for a relation, as a person reads them off a mode. */
static unsigned bits_that_count(enum relation relation, unsigned mode)
{
	if (relation == ROOT)
		return 06;
	if (relation == OWNER || relation == OWNER_IN_GROUP)
		return mode / 0100 % 010;
	if (relation == IN_GROUP || relation == IN_GROUP_BY_LIST)
		return mode / 010 % 010;
	return mode % 010;
}

START_TEST(each_mode_grants_each_relation_what_its_bits_say)
{
	for (unsigned mode = 0; mode <= 0666; mode++)
		for (enum relation relation = 0; mode == (mode & 0666u) && relation < RELATIONS;
		     relation++) {
			gid_t list[2];
			struct credentials subject = subject_of(relation, list);
			struct permission permission = {OWNER_UID, GROUP, (uint16_t)mode};
			unsigned bits = bits_that_count(relation, mode);
			unsigned granted = access_granted(&permission, &subject);

			ck_assert_msg(((granted & WIRE_ACCESS_READ) != 0) == ((bits & 4) != 0) &&
					      ((granted & WIRE_ACCESS_WRITE) != 0) ==
						      ((bits & 2) != 0),
				      "mode 0%o, relation %d: granted %u", mode, (int)relation,
				      granted);
		}
}
END_TEST

START_TEST(owner_root_and_broker_manage)
{
	struct permission permission = {OWNER_UID, GROUP, 0666};
	struct credentials owner = {.uid = OWNER_UID}, root = {.uid = 0}, broker = {.uid = 900},
			   other = {.uid = 5, .gid = GROUP};

	ck_assert(access_may_manage(&permission, &owner, 900));
	ck_assert(access_may_manage(&permission, &root, 900));
	ck_assert(access_may_manage(&permission, &broker, 900));
	ck_assert(!access_may_manage(&permission, &other, 900));
}
END_TEST

START_TEST(modes_that_no_object_can_have_are_told)
{
	static const uint16_t good[] = {0, 0600, 0666, 0640, 0664, 0444, 0060, 0006};
	static const uint16_t write_only[] = {0200, 0620, 0602, 0662, 0622};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(!access_mode_fault(true, good[i]), "0%o", good[i]);
	for (size_t i = 0; i < sizeof(write_only) / sizeof(write_only[0]); i++) {
		ck_assert_msg(access_mode_fault(true, write_only[i]) != NULL, "0%o", write_only[i]);
		ck_assert_msg(!access_mode_fault(false, write_only[i]), "0%o", write_only[i]);
	}
	ck_assert(access_mode_fault(true, 0700) != NULL);
	ck_assert(access_mode_fault(false, 01600) != NULL);
}
END_TEST

/* What the kernel gives a uid with a System V segment of the broker's uid and the same mode. */
static unsigned kernel_bits(const struct permission *permission, bool in_group)
{
	return in_group ? permission->mode / 010 % 010 : permission->mode % 010;
}

START_TEST(sysv_is_refused_exactly_where_the_kernel_would_grant_the_owner_something_else)
{
	for (unsigned mode = 0; mode <= 0666; mode++)
		for (int in_group = 0; mode == (mode & 0666u) && in_group < 2; in_group++) {
			struct permission permission = {OWNER_UID, GROUP, (uint16_t)mode};
			struct credentials owner = {.uid = OWNER_UID, .gid = in_group ? GROUP : 5};
			bool same = kernel_bits(&permission, in_group) == mode / 0100 % 010;

			ck_assert_msg((access_sysv_fault(&permission, &owner, &broker_itself) ==
				       NULL) == same,
				      "mode 0%o, owner %s the group", mode,
				      in_group ? "in" : "outside");
		}
}
END_TEST

START_TEST(sysv_says_anything_of_the_brokers_user_and_of_root)
{
	struct permission brokers = {900, GROUP, 0600}, roots = {0, GROUP, 0600};
	struct credentials user = {.uid = 900}, root = {.uid = 0};

	ck_assert(!access_sysv_fault(&brokers, &user, &broker_itself));
	ck_assert(!access_sysv_fault(&roots, &root, &broker_itself));
}
END_TEST

START_TEST(sysv_is_refused_where_the_brokers_own_group_would_get_something_else)
{
	struct broker_identity peopled = {900, 4500, false};
	struct permission for_group = {OWNER_UID, GROUP, 0660}, for_all = {OWNER_UID, GROUP, 0666};
	struct permission of_brokers_group = {OWNER_UID, 4500, 0660};
	struct credentials owner = {.uid = OWNER_UID, .gid = GROUP};
	struct credentials in_brokers_group = {.uid = OWNER_UID, .gid = 4500};

	ck_assert(!access_sysv_fault(&for_group, &owner, &broker_itself));
	ck_assert(access_sysv_fault(&for_group, &owner, &peopled) != NULL);
	ck_assert(!access_sysv_fault(&for_all, &owner, &peopled));
	ck_assert(!access_sysv_fault(&of_brokers_group, &in_brokers_group, &peopled));
}
END_TEST

START_TEST(a_segment_is_held_for_reading_or_both_and_a_fifo_in_one_direction)
{
	for (unsigned access = 0; access < 8; access++) {
		ck_assert(access_fits(true, access) == (access == 1 || access == 3));
		ck_assert(access_fits(false, access) == (access == 1 || access == 2));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("access");
	TCase *tests = tcase_create("access");

	tcase_add_test(tests, each_mode_grants_each_relation_what_its_bits_say);
	tcase_add_test(tests, owner_root_and_broker_manage);
	tcase_add_test(tests, modes_that_no_object_can_have_are_told);
	tcase_add_test(
		tests,
		sysv_is_refused_exactly_where_the_kernel_would_grant_the_owner_something_else);
	tcase_add_test(tests, sysv_says_anything_of_the_brokers_user_and_of_root);
	tcase_add_test(tests, sysv_is_refused_where_the_brokers_own_group_would_get_something_else);
	tcase_add_test(tests, a_segment_is_held_for_reading_or_both_and_a_fifo_in_one_direction);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
