/*
 * Decisions of a policy that is put together by hand: who may create what, what objects get by
 * default, how much a user may use up, who administers.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/policy_parts.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

#define BROKER 900
#define ALICE  1000
#define BOB    1001
#define OPS    2000
#define LAB    2001

static struct policy *policy;

static void make_policy(void)
{
	policy = policy_new(BROKER);
	ck_assert_ptr_nonnull(policy);
}

static void end_policy(void)
{
	policy_free(policy);
}

static struct naming *claim(const char *prefix)
{
	struct claim *made = policy_claim(policy, prefix);

	ck_assert_ptr_nonnull(made);
	made->rule = policy_add_rule(policy, "file", 1, "claim of %s", prefix);
	return &made->says;
}

static const struct rule *rule(const char *text)
{
	const struct rule *made = policy_add_rule(policy, "file", 2, "%s", text);

	ck_assert_ptr_nonnull(made);
	return made;
}

/* A claim with a list, which is named after its prefix. */
static struct people *list_of(const char *prefix)
{
	struct naming *says = claim(prefix);

	says->rules[NAMING_CREATE] = policy_add_rule(policy, "file", 2, "list of %s", prefix);
	return &says->create;
}

/* A subject of these groups; the first is its own. */
static struct credentials subject(uid_t uid, gid_t gid, gid_t *others, size_t n)
{
	return (struct credentials){.uid = uid, .gid = gid, .groups = others, .n_groups = n};
}

static void expect(const struct credentials *who, const char *name, bool allowed, const char *why)
{
	struct policy_verdict verdict = {!allowed, NULL};

	ck_assert_msg(policy_may_create(policy, who, name, &verdict) == allowed,
		      "uid %u, gid %u: \"%s\" is%s allowed (%s)", who->uid, who->gid, name,
		      allowed ? " not" : "", verdict.rule);
	ck_assert(verdict.allowed == allowed);
	ck_assert_str_eq(verdict.rule, why);
}

/* For every relation of a subject to a list: what becomes of each kind of name. */
START_TEST(every_relation_gets_what_is_said_of_it)
{
	static gid_t others[] = {7, 8, OPS, 9};
	const struct {
		struct credentials who;
		const char *always; /* the rule by which everything is allowed */
		bool is_listed;
	} relations[] = {
		{subject(0, 0, NULL, 0), "built-in: root may create everything", false},
		{subject(BROKER, BROKER, NULL, 0),
		 "built-in: the broker's own user may create everything", false},
		{subject(ALICE, 5, NULL, 0), NULL, true},
		{subject(BOB, OPS, NULL, 0), NULL, true},
		{subject(BOB, 5, others, ARRAY_SIZE(others)), NULL, true},
		{subject(BOB, 5, others, 2), NULL, false},
		{subject(OPS, ALICE, NULL, 0), NULL, false}, /* the numbers, but the wrong kind */
		{subject(65534, 65534, NULL, 0), NULL, false},
	};
	struct people *listed = list_of("listed");

	ck_assert_int_eq(people_add_user(listed, ALICE), 0);
	ck_assert_int_eq(people_add_group(listed, OPS), 0);
	list_of("open")->is_everybody = true;
	(void)list_of("nobody");
	(void)claim("claimed");

	for (size_t i = 0; i < ARRAY_SIZE(relations); i++) {
		const struct credentials *who = &relations[i].who;
		const char *always = relations[i].always;

		expect(who, "listed", always || relations[i].is_listed,
		       always ? always : "list of listed");
		expect(who, "open/x", true, always ? always : "list of open");
		expect(who, "nobody/x", always, always ? always : "list of nobody");
		expect(who, "claimed/x", always, always ? always : "claim of claimed");
		expect(who, "free", true,
		       always ? always : "built-in: names that nobody claims are free");
	}
}
END_TEST

START_TEST(the_longest_claimed_prefix_decides_alone)
{
	struct credentials alice = subject(ALICE, 5, NULL, 0);

	ck_assert_int_eq(people_add_user(list_of("sensors"), ALICE), 0);
	ck_assert_int_eq(people_add_user(list_of("sensors/lab/a"), ALICE), 0);
	ck_assert_int_eq(people_add_user(list_of("sensors/lab"), BOB), 0);

	expect(&alice, "sensors", true, "list of sensors");
	expect(&alice, "sensors/x", true, "list of sensors");
	expect(&alice, "sensors/lab", false, "list of sensors/lab");
	expect(&alice, "sensors/lab/x/y/z", false, "list of sensors/lab");
	expect(&alice, "sensors/lab/a", true, "list of sensors/lab/a");
	expect(&alice, "sensors/lab/a/b", true, "list of sensors/lab/a");
}
END_TEST

START_TEST(prefixes_end_where_components_end)
{
	struct credentials alice = subject(ALICE, 5, NULL, 0);
	static const char *const outside[] = {"sensor",    "sensors2",    "sensors-/x",
					      "x/sensors", "sensors.lab", "Sensors/x"};

	(void)claim("sensors");
	(void)claim("a/b");
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		expect(&alice, outside[i], true, "built-in: names that nobody claims are free");
	expect(&alice, "a", true, "built-in: names that nobody claims are free");
	expect(&alice, "a/bc", true, "built-in: names that nobody claims are free");
	expect(&alice, "a/b/c", false, "claim of a/b");
}
END_TEST

/* A name of 100 components, of which any prefix may be claimed. */
START_TEST(claims_are_found_at_every_depth)
{
	struct credentials alice = subject(ALICE, 5, NULL, 0);
	char name[200] = "a", prefix[200], why[220];

	for (size_t i = 1; i < 100; i++)
		memcpy(name + 2 * i - 1, "/a", 3);
	for (size_t n = 1; n <= 100; n++) {
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(2 * n - 1), name);
		snprintf(why, sizeof(why), "claim of %s", prefix);
		(void)claim(prefix);
		expect(&alice, name, false, why);
	}
}
END_TEST

START_TEST(defaults_say_who_may_create_what_nobody_claims)
{
	struct credentials alice = subject(ALICE, 5, NULL, 0);
	struct credentials bob = subject(BOB, 5, NULL, 0);

	policy->defaults.rules[NAMING_CREATE] = rule("file:2: [Defaults] Create=");
	ck_assert_int_eq(people_add_user(&policy->defaults.create, ALICE), 0);
	(void)claim("claimed");
	expect(&alice, "free", true, "file:2: [Defaults] Create=");
	expect(&bob, "free", false, "file:2: [Defaults] Create=");
	/* What is claimed is denied by default all the same. */
	expect(&alice, "claimed", false, "claim of claimed");
}
END_TEST

START_TEST(lists_find_everybody_in_them_however_long)
{
	struct people people = {.is_everybody = false};
	struct credentials who = {.uid = 0};

	/* Every third number, in an order that is not theirs, and twice. */
	for (uint32_t i = 0; i < 2000; i++) {
		ck_assert_int_eq(people_add_user(&people, 3 * (i * 7919 % 1000)), 0);
		ck_assert_int_eq(people_add_group(&people, 3 * (i * 7919 % 1000) + 1), 0);
	}
	ck_assert_uint_eq(people.users.n, 1000);
	for (who.uid = 0; who.uid < 3010; who.uid++) {
		who.gid = 0;
		ck_assert(people_include(&people, &who) == (who.uid % 3 == 0 && who.uid < 3000));
		who.gid = who.uid;
		ck_assert(people_include(&people, &who) == (who.uid % 3 != 2 && who.uid < 3000));
	}
	people_fini(&people);
	who.uid = 0;
	ck_assert(!people_include(&people, &who));
}
END_TEST

START_TEST(without_rules_objects_get_what_is_built_in)
{
	struct policy_defaults got;

	policy_defaults(policy, "free/name", &got);
	ck_assert_uint_eq(got.mode, 0600);
	ck_assert_uint_eq(got.lifetime, WIRE_LIFETIME_USED);
	ck_assert_uint_eq(got.linger_ms, 0);
	ck_assert_uint_eq(got.backing, WIRE_BACKING_AUTO);
	ck_assert_uint_eq(got.backings, POLICY_BACKING(WIRE_BACKING_SYSV) |
						POLICY_BACKING(WIRE_BACKING_MEMFD) |
						POLICY_BACKING(WIRE_BACKING_FIFO));
	ck_assert_str_eq(got.backings_rule, "built-in: the default of shmbrokerd");
}
END_TEST

/* Each value by itself: from the claim, else from [Defaults], else built in. */
START_TEST(each_value_falls_back_by_itself)
{
	struct naming *says = claim("lab");
	struct naming *inner = claim("lab/inner");
	struct policy_defaults got;

	policy->defaults.rules[NAMING_MODE] = rule("defaults");
	policy->defaults.mode = 0640;
	policy->defaults.rules[NAMING_LIFETIME] = rule("defaults");
	policy->defaults.lifetime = WIRE_LIFETIME_OWNER;
	policy->defaults.rules[NAMING_BACKINGS] = rule("defaults");
	policy->defaults.backings = POLICY_BACKING(WIRE_BACKING_MEMFD);
	says->rules[NAMING_LIFETIME] = rule("lab");
	says->lifetime = WIRE_LIFETIME_USED;
	says->linger_ms = 5000;
	says->rules[NAMING_BACKING] = rule("lab");
	says->backing = WIRE_BACKING_MEMFD;
	inner->rules[NAMING_MODE] = rule("inner");
	inner->mode = 0;

	policy_defaults(policy, "lab/x", &got);
	ck_assert_uint_eq(got.mode, 0640);
	ck_assert_uint_eq(got.lifetime, WIRE_LIFETIME_USED);
	ck_assert_uint_eq(got.linger_ms, 5000);
	ck_assert_uint_eq(got.backing, WIRE_BACKING_MEMFD);
	ck_assert_uint_eq(got.backings, POLICY_BACKING(WIRE_BACKING_MEMFD));
	ck_assert_str_eq(got.backings_rule, "defaults");

	/* A claim inside another takes nothing from it. */
	policy_defaults(policy, "lab/inner/x", &got);
	ck_assert_uint_eq(got.mode, 0);
	ck_assert_uint_eq(got.lifetime, WIRE_LIFETIME_OWNER);
	ck_assert_uint_eq(got.linger_ms, 0);
	ck_assert_uint_eq(got.backing, WIRE_BACKING_AUTO);

	policy_defaults(policy, "free", &got);
	ck_assert_uint_eq(got.mode, 0640);
	ck_assert_uint_eq(got.backing, WIRE_BACKING_AUTO);
}
END_TEST

static void limit(struct allowance *quota, enum resource resource, uint64_t value, const char *why)
{
	ck_assert_ptr_nonnull(quota);
	quota->limits[resource] = value;
	quota->rules[resource] = rule(why);
}

static void expect_limit(const struct credentials *who, enum resource resource, uint64_t value,
			 const char *why)
{
	ck_assert_uint_eq(policy_limit(policy, who, resource), value);
	ck_assert_str_eq(policy_limit_rule(policy, who, resource), why);
}

START_TEST(a_users_own_quota_beats_groups_and_these_beat_everybodys)
{
	gid_t both[] = {LAB, OPS};
	struct credentials alice = subject(ALICE, OPS, both, 2);
	struct credentials bob = subject(BOB, OPS, both, 2);
	struct credentials bob_in_lab = subject(BOB, LAB, NULL, 0);
	struct credentials bob_alone = subject(BOB, 5, NULL, 0);

	limit(&policy->everybody, RESOURCE_OBJECTS, 100, "everybody");
	limit(policy_allowance(&policy->users, ALICE), RESOURCE_OBJECTS, 10, "alice");
	limit(policy_allowance(&policy->groups, OPS), RESOURCE_OBJECTS, 30, "ops");
	limit(policy_allowance(&policy->groups, LAB), RESOURCE_OBJECTS, 20, "lab");
	limit(policy_allowance(&policy->groups, LAB), RESOURCE_BYTES, 7, "lab");
	/* The numbers of these are in the wrong kind, and must not be found. */
	limit(policy_allowance(&policy->users, OPS), RESOURCE_OBJECTS, 1, "wrong");
	limit(policy_allowance(&policy->groups, BOB), RESOURCE_OBJECTS, 1, "wrong");

	expect_limit(&alice, RESOURCE_OBJECTS, 10, "alice");
	expect_limit(&bob, RESOURCE_OBJECTS, 30, "ops");
	expect_limit(&bob_in_lab, RESOURCE_OBJECTS, 20, "lab");
	expect_limit(&bob_alone, RESOURCE_OBJECTS, 100, "everybody");
	ck_assert_uint_eq(policy_limiting_group(policy, &bob, RESOURCE_OBJECTS), OPS);
	ck_assert_uint_eq(policy_limiting_group(policy, &bob_in_lab, RESOURCE_OBJECTS), LAB);
	for (size_t i = 0; i < 2; i++)
		ck_assert_uint_eq(policy_limiting_group(policy, i ? &alice : &bob_alone,
							RESOURCE_OBJECTS),
				  CREDENTIALS_NO_GROUP);
	/* What is not said of the user himself may still be said of his groups. */
	expect_limit(&alice, RESOURCE_BYTES, 7, "lab");
	expect_limit(&bob, RESOURCE_WATCHES, policy->built_in.limits[RESOURCE_WATCHES],
		     "built-in: the default of shmbrokerd");
	expect_limit(&bob_alone, RESOURCE_WATCHES, policy->built_in.limits[RESOURCE_WATCHES],
		     "built-in: the default of shmbrokerd");
}
END_TEST

START_TEST(a_group_may_have_no_limit_at_all)
{
	gid_t others[] = {LAB};
	struct credentials bob = subject(BOB, OPS, others, 1);

	limit(policy_allowance(&policy->groups, OPS), RESOURCE_BYTES, 1, "ops");
	limit(policy_allowance(&policy->groups, LAB), RESOURCE_BYTES, RESOURCE_INFINITY, "lab");
	expect_limit(&bob, RESOURCE_BYTES, RESOURCE_INFINITY, "lab");
	/* None at all is a limit too. */
	limit(policy_allowance(&policy->users, BOB), RESOURCE_BYTES, 0, "bob");
	expect_limit(&bob, RESOURCE_BYTES, 0, "bob");
}
END_TEST

START_TEST(every_resource_has_a_key_a_unit_and_a_sane_limit)
{
	struct credentials alice = subject(ALICE, ALICE, NULL, 0);

	for (enum resource i = 0; i < RESOURCES_N; i++) {
		ck_assert_uint_gt(strlen(resource_key(i)), 0);
		ck_assert_uint_gt(strlen(resource_unit(i)), 0);
		ck_assert_uint_gt(policy_limit(policy, &alice, i), 0);
		ck_assert_uint_ne(policy_limit(policy, &alice, i), RESOURCE_INFINITY);
		for (enum resource j = 0; j < i; j++)
			ck_assert_str_ne(resource_key(i), resource_key(j));
	}
}
END_TEST

START_TEST(administrators_are_root_the_broker_and_who_is_listed)
{
	gid_t others[] = {OPS};
	struct credentials root = subject(0, 0, NULL, 0), broker = subject(BROKER, 1, NULL, 0);
	struct credentials alice = subject(ALICE, 5, NULL, 0);
	struct credentials bob = subject(BOB, 5, others, 1);

	ck_assert(policy_is_administrator(policy, &root));
	ck_assert(policy_is_administrator(policy, &broker));
	ck_assert(!policy_is_administrator(policy, &alice));
	ck_assert(!policy_is_administrator(policy, &bob));
	ck_assert_int_eq(people_add_user(&policy->administrators, ALICE), 0);
	ck_assert_int_eq(people_add_group(&policy->administrators, OPS), 0);
	ck_assert(policy_is_administrator(policy, &alice));
	ck_assert(policy_is_administrator(policy, &bob));
}
END_TEST

START_TEST(a_group_is_private_to_the_one_user_it_was_given_to)
{
	ck_assert(!policy_is_private_group(policy, LAB, ALICE));
	ck_assert_int_eq(policy_add_private_group(policy, LAB, ALICE), 0);
	ck_assert_int_eq(policy_add_private_group(policy, LAB, ALICE), 0);
	ck_assert_int_eq(policy_add_private_group(policy, LAB, BOB), -EEXIST);
	ck_assert(policy_is_private_group(policy, LAB, ALICE));
	ck_assert(!policy_is_private_group(policy, LAB, BOB));
	ck_assert(!policy_is_private_group(policy, OPS, ALICE));
	ck_assert(!policy_is_private_group(policy, ALICE, LAB));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tests = tcase_create("policy");

	tcase_add_checked_fixture(tests, make_policy, end_policy);
	tcase_add_test(tests, every_relation_gets_what_is_said_of_it);
	tcase_add_test(tests, the_longest_claimed_prefix_decides_alone);
	tcase_add_test(tests, prefixes_end_where_components_end);
	tcase_add_test(tests, claims_are_found_at_every_depth);
	tcase_add_test(tests, defaults_say_who_may_create_what_nobody_claims);
	tcase_add_test(tests, lists_find_everybody_in_them_however_long);
	tcase_add_test(tests, without_rules_objects_get_what_is_built_in);
	tcase_add_test(tests, each_value_falls_back_by_itself);
	tcase_add_test(tests, a_users_own_quota_beats_groups_and_these_beat_everybodys);
	tcase_add_test(tests, a_group_may_have_no_limit_at_all);
	tcase_add_test(tests, every_resource_has_a_key_a_unit_and_a_sane_limit);
	tcase_add_test(tests, administrators_are_root_the_broker_and_who_is_listed);
	tcase_add_test(tests, a_group_is_private_to_the_one_user_it_was_given_to);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
