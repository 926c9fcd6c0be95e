/*
 * Of all allocations that loading makes, each fails in turn: there is a policy, or there is none
 * and the caller's is untouched, and what was made meanwhile is gone.
 */
#include "rules/config.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "rules/declaration.h"
#include "support/failing_malloc.h"
#include "support/suite.h"

static char directory[] = "/tmp/shmbroker-test.XXXXXX";

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void make_directory(void)
{
	char path[128];

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/conf.d", directory);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	write_file("users", "alice:x:1000:1000:::\nbob:x:1001:1001:::\n");
	write_file("main", "[Broker]\nAdministrators=u:root g:daemon\nPrivateGroups=daemon:4000\n"
			   "[Defaults]\nCreate=*\n[Prefix a/b]\nCreate=u:daemon u:5\nMode=0644\n"
			   "[Quota]\nBytes=1\n[Quota u:daemon]\nBytes=2\n[Quota g:5]\nBytes=3\n");
	write_file("conf.d/a.conf", "[Prefix a/b]\nCreate=u:6\n[Prefix c]\n");
	write_file("conf.d/b.conf", "[Quota]\nBytes=4\n[Metrics]\nSocket=/a\nReaders=u:root\n");
	snprintf(path, sizeof(path), "%s/objects.d", directory);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	write_file("objects.d/a.conf", "[Object a]\nSize=1\nOwner=daemon\nAcl=u:5:r\n");
}

static void remove_directory(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}

static void ignore(void *data, const char *file, unsigned line, const char *text)
{
	(void)file;
	(void)line;
	(void)text;
	++*(unsigned *)data;
}

/* From the first file to the last, and the users. */
static void expect_whole(const struct policy *policy)
{
	struct credentials bob = {.uid = 1001, .gid = 1001}, six = {.uid = 6, .gid = 6};
	struct credentials daemon = {.uid = 1, .gid = 1};
	struct policy_verdict verdict;

	ck_assert(policy_is_administrator(policy, &daemon));
	ck_assert(policy_is_private_group(policy, 4000, 1));
	ck_assert(policy_may_create(policy, &bob, "bob/x", &verdict));
	ck_assert(policy_may_create(policy, &six, "a/b", &verdict));
	ck_assert(!policy_may_create(policy, &six, "bob", &verdict));
	ck_assert(!policy_may_create(policy, &six, "c", &verdict));
	ck_assert_uint_eq(policy_limit(policy, &six, RESOURCE_BYTES), 4);
	ck_assert_uint_eq(policy_limit(policy, &daemon, RESOURCE_BYTES), 2);
}

/* Unless it was said what is wrong with it. */
static void expect_declared(const struct policy *policy)
{
	const struct declaration *object = policy_declarations(policy);

	ck_assert_ptr_nonnull(object);
	ck_assert_str_eq(object->name, "a");
	ck_assert_uint_eq(object->permission.gid, 1);
	ck_assert_uint_eq(object->permission.n_acl, 1);
}

START_TEST(each_allocation_may_fail)
{
	char path[64], users[64];
	const struct config_source source = {path, users, 900};
	struct policy *mine = (struct policy *)path, *policy;
	bool has_fired = true;
	unsigned n_faults = 0;

	snprintf(path, sizeof(path), "%s/main", directory);
	snprintf(users, sizeof(users), "%s/users", directory);
	/* libc loads its databases at the first question, and a failure then is for good. */
	ck_assert_int_eq(config_load_from(&source, ignore, &n_faults, &policy), 0);
	policy_free(policy);
	for (long k = 1; has_fired; k++) {
		int r;

		policy = mine;
		n_faults = 0;
		failing_malloc_arm(k);
		r = config_load_from(&source, ignore, &n_faults, &policy);
		has_fired = failing_malloc_fired();
		failing_malloc_arm(0);
		/* The databases of the system may say "not found" for "no memory". */
		ck_assert_msg(r == 0 || r == -ENOMEM || (r == -EINVAL && n_faults > 0),
			      "allocation %ld: %d", k, r);
		ck_assert((r == 0) == (policy != mine));
		ck_assert(has_fired || r == 0);
		if (r == 0) {
			expect_whole(policy);
			if (n_faults == 0)
				expect_declared(policy);
			policy_free(policy);
		}
		ck_assert_int_lt(k, 10000);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_allocation");
	TCase *tests = tcase_create("config_allocation");

	tcase_add_unchecked_fixture(tests, make_directory, remove_directory);
	tcase_add_test(tests, each_allocation_may_fail);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
