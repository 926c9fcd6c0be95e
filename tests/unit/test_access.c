/*
 * Who may do what: every mode against every relation of a subject to an object, checked against the
 * rule as a person would say it.
 */
#include "base/attr.h"
#include "rules/access.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

enum relation { ROOT, OWNER, OWNER_IN_GROUP, IN_GROUP, IN_GROUP_BY_LIST, OTHER, RELATIONS };

#define OWNER_UID 1000
#define GROUP     2000

static const struct broker_identity broker_itself = {900, 900, true};

static struct sysv_grant grant;

static struct permission permission_of(uid_t uid, gid_t gid, unsigned mode)
{
	return (struct permission){.uid = uid, .gid = gid, .mode = (uint16_t)mode};
}

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
			struct permission permission = permission_of(OWNER_UID, GROUP, mode);
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
	struct permission permission = permission_of(OWNER_UID, GROUP, 0666);
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
			struct permission permission = permission_of(OWNER_UID, GROUP, mode);
			struct credentials owner = {.uid = OWNER_UID, .gid = in_group ? GROUP : 5};
			bool same = kernel_bits(&permission, in_group) == mode / 0100 % 010;

			ck_assert_msg((access_sysv_fault(&permission, &owner, &broker_itself,
							 &grant) == NULL) == same,
				      "mode 0%o, owner %s the group", mode,
				      in_group ? "in" : "outside");
		}
}
END_TEST

START_TEST(sysv_says_anything_of_the_brokers_user_and_of_root)
{
	struct permission brokers = permission_of(900, GROUP, 0600);
	struct permission roots = permission_of(0, GROUP, 0600);
	struct credentials user = {.uid = 900}, root = {.uid = 0};

	ck_assert(!access_sysv_fault(&brokers, &user, &broker_itself, &grant));
	ck_assert(!access_sysv_fault(&roots, &root, &broker_itself, &grant));
}
END_TEST

START_TEST(sysv_is_refused_where_the_brokers_own_group_would_get_something_else)
{
	struct broker_identity peopled = {900, 4500, false};
	struct permission for_group = permission_of(OWNER_UID, GROUP, 0660);
	struct permission for_all = permission_of(OWNER_UID, GROUP, 0666);
	struct permission of_brokers_group = permission_of(OWNER_UID, 4500, 0660);
	struct credentials owner = {.uid = OWNER_UID, .gid = GROUP};
	struct credentials in_brokers_group = {.uid = OWNER_UID, .gid = 4500};

	ck_assert(!access_sysv_fault(&for_group, &owner, &broker_itself, &grant));
	ck_assert(access_sysv_fault(&for_group, &owner, &peopled, &grant) != NULL);
	ck_assert(!access_sysv_fault(&for_all, &owner, &peopled, &grant));
	ck_assert(!access_sysv_fault(&of_brokers_group, &in_brokers_group, &peopled, &grant));
}
END_TEST

/* Users and groups of the exhaustive tests, as bits of who is in what. */
enum { IN_OWN_GROUP = 1, IN_FIRST = 2, IN_SECOND = 4, MEMBERSHIPS = 8 };

#define NAMED_UID    1500
#define FIRST_GROUP  3000
#define SECOND_GROUP 3001

static struct credentials member_of(uid_t uid, unsigned memberships, gid_t list[static 3])
{
	struct credentials subject = {.uid = uid, .gid = 5, .groups = list};

	if (memberships & IN_OWN_GROUP)
		list[subject.n_groups++] = GROUP;
	if (memberships & IN_FIRST)
		list[subject.n_groups++] = FIRST_GROUP;
	if (memberships & IN_SECOND)
		list[subject.n_groups++] = SECOND_GROUP;
	return subject;
}

/* One of the combinations of a mode and up to three entries, each absent, r or rw. */
struct combination {
	struct permission permission;
	struct wire_acl_entry entries[3];
	unsigned user, first, second; /* access of the entries, 0 for none */
};

static const unsigned entry_accesses[] = {0, WIRE_ACCESS_READ, WIRE_ACCESS_BOTH};

static bool combination_make(struct combination *combination, unsigned mode, unsigned number)
{
	unsigned accesses[3] = {entry_accesses[number % 3], entry_accesses[number / 3 % 3],
				entry_accesses[number / 9 % 3]};
	static const struct wire_acl_entry about[3] = {
		{.subject = WIRE_SUBJECT_USER, .id = NAMED_UID},
		{.subject = WIRE_SUBJECT_GROUP, .id = FIRST_GROUP},
		{.subject = WIRE_SUBJECT_GROUP, .id = SECOND_GROUP},
	};

	if (access_mode_fault(true, (uint16_t)mode))
		return false;
	combination->permission = permission_of(OWNER_UID, GROUP, mode);
	combination->permission.acl = combination->entries;
	for (unsigned i = 0; i < 3; i++) {
		if (accesses[i] == 0)
			continue;
		combination->entries[combination->permission.n_acl] = about[i];
		combination->entries[combination->permission.n_acl++].access = (uint8_t)accesses[i];
	}
	combination->user = accesses[0];
	combination->first = accesses[1];
	combination->second = accesses[2];
	return true;
}

/* Mode bits as a set of accesses, written out. */
static unsigned set_of(unsigned bits)
{
	return bits == 4 ? WIRE_ACCESS_READ : bits == 6 ? WIRE_ACCESS_BOTH : 0;
}

/* The rule as a person would say it, for a user who is not root. */
static unsigned expected_of(const struct combination *combination, uid_t uid, unsigned memberships)
{
	unsigned mode = combination->permission.mode, sum = 0;
	bool counts = false;

	if (uid == OWNER_UID)
		return set_of(mode / 0100 % 010);
	if (uid == NAMED_UID && combination->user)
		return combination->user;
	if (memberships & IN_OWN_GROUP) {
		counts = true;
		sum |= set_of(mode / 010 % 010);
	}
	if ((memberships & IN_FIRST) && combination->first) {
		counts = true;
		sum |= combination->first;
	}
	if ((memberships & IN_SECOND) && combination->second) {
		counts = true;
		sum |= combination->second;
	}
	return counts ? sum : set_of(mode % 010);
}

#define COMBINATIONS 27
#define each_combination(combination)                                                              \
	for (unsigned mode = 0; mode <= 0666; mode++)                                              \
		for (unsigned number = 0; number < COMBINATIONS; number++)                         \
			if (combination_make(&(combination), mode, number))

START_TEST(each_list_grants_each_subject_what_the_rule_says)
{
	static const uid_t uids[] = {OWNER_UID, NAMED_UID, 5};
	struct combination combination;
	unsigned n = 0;

	each_combination(combination) for (unsigned who = 0; who < 3;
					   who++) for (unsigned memberships = 0;
						       memberships < MEMBERSHIPS; memberships++)
	{
		gid_t list[3];
		struct credentials subject = member_of(uids[who], memberships, list);
		unsigned granted = access_granted(&combination.permission, &subject);

		ck_assert_msg(granted == expected_of(&combination, uids[who], memberships),
			      "mode 0%o, list %u, uid %u, in %u: granted %u", mode, number,
			      uids[who], memberships, granted);
		n++;
	}
	ck_assert_uint_eq(n, 27 * COMBINATIONS * 3 * MEMBERSHIPS);
}
END_TEST

/* What the kernel gives a user with a segment of the broker's uid and these bits. */
static unsigned kernel_grants(const struct credentials *subject)
{
	return set_of(credentials_in_group(subject, grant.gid) ? grant.mode / 010 % 010
							       : grant.mode % 010);
}

/* Where System V is said to express a permission, the kernel decides for everybody as we do. */
START_TEST(what_sysv_is_told_is_what_is_granted)
{
	static const uid_t uids[] = {OWNER_UID, NAMED_UID, 5};
	struct combination combination;
	unsigned n_expressed = 0;

	each_combination(combination) for (unsigned owner_in = 0; owner_in < MEMBERSHIPS;
					   owner_in++)
	{
		gid_t owner_list[3];
		struct credentials owner = member_of(OWNER_UID, owner_in, owner_list);

		if (access_sysv_fault(&combination.permission, &owner, &broker_itself, &grant))
			continue;
		n_expressed++;
		for (unsigned who = 0; who < 3; who++)
			for (unsigned in = 0; in < MEMBERSHIPS; in++) {
				gid_t list[3];
				struct credentials subject =
					member_of(uids[who], who == 0 ? owner_in : in, list);

				ck_assert_msg(kernel_grants(&subject) ==
						      access_granted(&combination.permission,
								     &subject),
					      "mode 0%o, list %u, uid %u, in %u", mode, number,
					      uids[who], in);
			}
	}
	ck_assert_uint_gt(n_expressed, 100);
}
END_TEST

START_TEST(entries_that_no_list_can_have_are_told)
{
	struct permission permission = permission_of(OWNER_UID, GROUP, 0600);
	static const struct wire_acl_entry bad[] = {
		{0, WIRE_ACCESS_READ, 5},
		{3, WIRE_ACCESS_READ, 5},
		{WIRE_SUBJECT_USER, 0, 5},
		{WIRE_SUBJECT_USER, 4, 5},
		{WIRE_SUBJECT_USER, WIRE_ACCESS_WRITE, 5},
		{WIRE_SUBJECT_USER, WIRE_ACCESS_READ, 65534},
		{WIRE_SUBJECT_GROUP, WIRE_ACCESS_READ, UINT32_MAX},
		{WIRE_SUBJECT_USER, WIRE_ACCESS_READ, OWNER_UID},
		{WIRE_SUBJECT_GROUP, WIRE_ACCESS_READ, GROUP},
	};
	static const struct wire_acl_entry good = {WIRE_SUBJECT_USER, WIRE_ACCESS_WRITE, GROUP};
	struct wire_acl_entry list[] = {{WIRE_SUBJECT_USER, WIRE_ACCESS_READ, 7},
					{WIRE_SUBJECT_GROUP, WIRE_ACCESS_READ, 7},
					{WIRE_SUBJECT_USER, WIRE_ACCESS_BOTH, 7}};
	unsigned at = 99;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(access_entry_fault(true, &permission, &bad[i]) != NULL, "%zu", i);
	ck_assert(!access_entry_fault(false, &permission, &good));
	permission.acl = list;
	permission.n_acl = 2;
	ck_assert(!access_list_fault(true, &permission, &at));
	permission.n_acl = 3;
	ck_assert(access_list_fault(true, &permission, &at) != NULL);
	ck_assert_uint_eq(at, 2);
}
END_TEST

/* A group that stands for many may have what everybody has, and nobody is in it. */
START_TEST(a_group_that_cannot_be_told_apart_says_nothing)
{
	static const struct credentials unmapped = {.uid = 5, .gid = CREDENTIALS_GID_UNMAPPED};
	struct permission permission = permission_of(OWNER_UID, CREDENTIALS_GID_UNMAPPED, 0);
	struct permission in_none = permission_of(OWNER_UID, CREDENTIALS_NO_GROUP, 0600);

	for (unsigned mode = 0; mode <= 0666; mode++) {
		permission.mode = (uint16_t)mode;
		if (mode & ~0666u)
			continue;
		ck_assert((access_group_fault(&permission) == NULL) ==
			  ((mode & 070) >> 3 == (mode & 07)));
		ck_assert_uint_eq(access_granted(&permission, &unmapped),
				  (mode & 4 ? WIRE_ACCESS_READ : 0) |
					  (mode & 2 ? WIRE_ACCESS_WRITE : 0));
	}
	ck_assert_str_eq(access_group_fault(&in_none), "is no group");
	permission.mode = 0666;
	ck_assert_ptr_null(access_sysv_fault(&permission, &unmapped, &broker_itself, &grant));
	ck_assert_uint_eq(grant.gid, broker_itself.gid);
	ck_assert_uint_eq(grant.mode, 0066);
}
END_TEST

/* For everybody: in the broker's group and another, with every mode. The kernel grants whoever is
 * in any group that grants it, and looks at the others' bits for those who are in none. */
START_TEST(a_fifo_is_refused_exactly_where_the_kernel_would_grant_something_else)
{
	static const struct broker_identity crowded = {900, 900, false};
	struct wire_acl_entry entry = {WIRE_SUBJECT_GROUP, WIRE_ACCESS_READ, 7};
	struct permission permission = permission_of(OWNER_UID, GROUP, 0);
	gid_t both[] = {7, 900};

	permission.acl = &entry;
	for (unsigned mode = 0; mode <= 0666; mode++) {
		for (unsigned access = 0; access <= WIRE_ACCESS_BOTH; access++) {
			const struct credentials in_group = {.uid = 5,
							     .gid = GROUP,
							     .n_groups = 1,
							     .groups = &both[1]};
			const struct credentials in_list = {.uid = 5,
							    .gid = 5,
							    .n_groups = 2,
							    .groups = both};
			unsigned others = (mode & 4 ? WIRE_ACCESS_READ : 0) |
					  (mode & 2 ? WIRE_ACCESS_WRITE : 0);
			bool is_exact = true;

			if (mode & ~0666u)
				continue;
			permission.mode = (uint16_t)mode;
			permission.n_acl = access != 0;
			entry.access = (uint8_t)access;
			for (int i = 0; i < (access ? 2 : 1); i++) {
				unsigned said =
					access_granted(&permission, i ? &in_list : &in_group);

				is_exact &= said == (said | others);
			}
			ck_assert((access_fifo_fault(&permission, &crowded) == NULL) == is_exact);
			ck_assert_ptr_null(access_fifo_fault(&permission, &broker_itself));
		}
	}
}
END_TEST

START_TEST(what_system_v_cannot_say_is_told_why)
{
	static const struct credentials owner = {.uid = OWNER_UID, .gid = GROUP};
	static const struct credentials outside = {.uid = OWNER_UID, .gid = 5};
	struct wire_acl_entry entry = {WIRE_SUBJECT_GROUP, WIRE_ACCESS_BOTH, 7};
	struct permission permission = permission_of(OWNER_UID, GROUP, 0640);

	ck_assert_str_eq(
		access_sysv_fault(&permission, &outside, &broker_itself, &grant),
		"its owner is a single user outside its group, which System V cannot name");
	permission.acl = &entry;
	permission.n_acl = 1;
	ck_assert_str_eq(access_sysv_fault(&permission, &owner, &broker_itself, &grant),
			 "its own group and the group of its access control list may do different "
			 "things, and System V knows one group and everybody else");
	ck_assert_str_eq(access_sysv_private(&permission, &broker_itself, &grant),
			 "its access control list names others beside its owner, and System V "
			 "knows one group and everybody else");
}
END_TEST

/* What was exact when it was made, and what has changed since. */
START_TEST(what_sysv_grants_too_much_later_is_told)
{
	static const struct broker_identity crowded = {900, 900, false};
	struct wire_acl_entry entry = {WIRE_SUBJECT_GROUP, WIRE_ACCESS_READ, 7};
	struct permission permission = permission_of(OWNER_UID, GROUP, 0600);

	ck_assert_ptr_null(access_sysv_private(&permission, &broker_itself, &grant));
	ck_assert_ptr_null(access_sysv_excess(&permission, &grant, true, &broker_itself));
	ck_assert_ptr_nonnull(access_sysv_excess(&permission, &grant, false, &broker_itself));
	ck_assert_ptr_nonnull(access_sysv_excess(&permission, &grant, true, &crowded));

	/* One that stands on nothing. */
	permission.mode = 0666;
	grant = (struct sysv_grant){GROUP, 0066};
	ck_assert_ptr_null(access_sysv_excess(&permission, &grant, false, &crowded));
	permission.mode = 0660;
	grant.mode = 0060;
	ck_assert_ptr_null(access_sysv_excess(&permission, &grant, false, &broker_itself));
	ck_assert_ptr_nonnull(access_sysv_excess(&permission, &grant, false, &crowded));

	/* A group of the list. */
	permission = permission_of(OWNER_UID, GROUP, 0400);
	permission.acl = &entry;
	permission.n_acl = 1;
	grant = (struct sysv_grant){7, 0040};
	ck_assert_ptr_null(access_sysv_excess(&permission, &grant, false, &broker_itself));
	/* To give a group less than the others have narrows. */
	permission = permission_of(OWNER_UID, GROUP, 0606);
	grant = (struct sysv_grant){GROUP, 0006};
	ck_assert_ptr_null(access_sysv_excess(&permission, &grant, false, &crowded));
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
	tcase_add_test(tests, each_list_grants_each_subject_what_the_rule_says);
	tcase_add_test(tests, what_sysv_is_told_is_what_is_granted);
	tcase_add_test(tests, entries_that_no_list_can_have_are_told);
	tcase_add_test(tests, a_group_that_cannot_be_told_apart_says_nothing);
	tcase_add_test(tests,
		       a_fifo_is_refused_exactly_where_the_kernel_would_grant_something_else);
	tcase_add_test(tests, what_sysv_grants_too_much_later_is_told);
	tcase_add_test(tests, what_system_v_cannot_say_is_told_why);
	tcase_add_test(tests, a_segment_is_held_for_reading_or_both_and_a_fifo_in_one_direction);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
