/*
 * Declared objects: what their sections may say, what is wrong with one, and that it costs that one
 * alone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "config_files.h"
#include "rules/declaration.h"
#include "support/suite.h"

/* Each is a whole file of objects.d with one fault, which is on line 2 unless a digit says. */
static const struct {
	const char *text;
	const char *fault;
} one_fault_each[] = {
	/* sections */
	{"\n[Defaults]\n", "there is no section [Defaults] in objects.d; write [Object NAME]"},
	{"\nSize=1\n", "Size= is in no section; write one of [Object NAME] above it"},
	{"\n[Object]\nSize=1\n", "[Object] is about no object; write [Object sensors/lab]"},
	{"\n[Object a/../b]\nSize=1\n",
	 "[Object a/../b]: the name has a component \".\" or \"..\"; "},
	{"[Object a]\n[Object a]\nSize=1\n", "[Object a] is in this file already, on line 1; "},
	/* keys */
	{"[Object a]\nFoo=1\nSize=1\n",
	 "there is no key Foo in [Object a]; write Kind, Size, Layout, Owner, Group, Mode, Acl "
	 "or Backing"},
	{"[Object a]\nLifetime=keep\nSize=1\n", "there is no key Lifetime in [Object a]; "},
	{"[Object a]\nKind=queue\nSize=1\n", "Kind=queue is no kind; write segment or fifo"},
	{"[Object a]\nSize=0\n", "Size=0 is no size of memory; "},
	{"[Object a]\nSize=1X\n", "Size=1X is no size of memory; "},
	{"[Object a]\nSize=129T\n", "Size=129T is no size of memory; "},
	{"[Object a]\nLayout=a b\nSize=1\n", "Layout=a b has a byte other than "},
	{"[Object a]\nOwner=no-such\nSize=1\n", "Owner=no-such names a user who does not exist; "},
	{"[Object a]\nOwner=65534\nSize=1\nGroup=0\n", "Owner=65534 means id 65534, "},
	{"[Object a]\nGroup=no-such\nSize=1\n",
	 "Group=no-such names a group that does not exist; "},
	{"[Object a]\nMode=0777\nSize=1\n", "Mode=0777 may only have read and write bits"},
	{"[Object a]\nBacking=fifo\nSize=1\n", "Backing=fifo is no backing of segments; "},
	{"[Object a]\nAcl=daemon:r\nSize=1\n",
	 "Acl=daemon:r is no entry; write u:alice:rw or g:ops:r"},
	{"[Object a]\nAcl=u:daemon\nSize=1\n", "Acl=u:daemon is no entry; "},
	{"[Object a]\nAcl=u::r\nSize=1\n", "Acl=u::r is no entry; "},
	{"[Object a]\nAcl=u:daemon:x\nSize=1\n", "Acl=u:daemon:x is no entry; "},
	{"[Object a]\nAcl=u:no-such:r\nSize=1\n",
	 "Acl=u:no-such:r names a user who does not exist; "},
	{"[Object a]\nAcl=g:no-such:r\nSize=1\n",
	 "Acl=g:no-such:r names a group that does not exist; "},
	/* as a whole: the section's line */
	{"\n[Object a]\n", "[Object a] has no Size=; write how much memory it has"},
	{"\n[Object a]\nKind=fifo\nSize=1\n", "[Object a] is a FIFO, which has no size; "},
	{"\n[Object a]\nKind=fifo\nLayout=x\n", "[Object a] is a FIFO, which has no layout; "},
	{"\n[Object a]\nKind=fifo\nBacking=sysv\n",
	 "[Object a] is a FIFO, which has no choice of backings; "},
	{"\n[Object a]\nSize=1\nOwner=54321\n",
	 "[Object a]: its owner, uid 54321, is a user without an entry, and so without a group; "},
	{"\n[Object a]\nSize=1\nAcl=u:5:r u:5:rw\n", "[Object a]: the entry u:5:"},
	{"\n[Object a]\nSize=1\nOwner=daemon\nAcl=u:daemon:r\n", "[Object a]: the entry u:1:r "},
	{"\n[Object a]\nSize=1\nAcl=u:5:w\n", "[Object a]: the entry u:5:w "},
};

START_TEST(a_fault_is_said_with_its_line_and_costs_that_object)
{
	struct policy *policy = NULL;
	char start[256];

	write_file("main", "");
	write_file("objects.d/a.conf", one_fault_each[_i].text);
	write_file("objects.d/b.conf", "[Object good]\nSize=1\n");
	ck_assert_int_eq(load(&policy), 0);
	ck_assert_msg(n_faults == 1, "%zu faults, the second is %s", n_faults, faults[1]);
	snprintf(start, sizeof(start), "objects.d/a.conf:2: %s", one_fault_each[_i].fault);
	expect_fault(0, start);
	ck_assert_str_eq(policy_declarations(policy)->name, "good");
	ck_assert_ptr_null(policy_declarations(policy)->next);
	policy_free(policy);
}
END_TEST

static const struct declaration *expect_declared(const struct declaration *is, const char *name,
						 const char *where)
{
	ck_assert_ptr_nonnull(is);
	ck_assert_str_eq(is->name, name);
	ck_assert_ptr_nonnull(strstr(is->where, where));
	return is;
}

START_TEST(everything_that_can_be_said_arrives)
{
	const struct declaration *is;
	struct policy *policy;

	write_file("main", "[Defaults]\nMode=0644\n[Prefix lab]\nMode=0660\n");
	write_file("objects.d/a.conf", "[Object all]\nKind=segment\nSize=3M\nLayout=x/2\n"
				       "Owner=daemon\nGroup=54321\nMode=0640\n"
				       "Acl=u:54322:r g:54323:rw\nAcl=g:daemon:r\nBacking=memfd\n"
				       "[Object lab/least]\nSize=1\n"
				       "[Object pipe]\nKind=fifo\nOwner=daemon\n");
	policy = load_good();
	is = expect_declared(policy_declarations(policy), "all", "objects.d/a.conf:1");
	ck_assert_uint_eq(is->kind, WIRE_KIND_SEGMENT);
	ck_assert_uint_eq(is->size, 3 << 20);
	ck_assert_str_eq(is->layout, "x/2");
	ck_assert_uint_eq(is->backing, WIRE_BACKING_MEMFD);
	ck_assert_uint_eq(is->permission.uid, DAEMON);
	ck_assert_uint_eq(is->permission.gid, 54321);
	ck_assert_uint_eq(is->permission.mode, 0640);
	ck_assert_uint_eq(is->permission.n_acl, 3);
	ck_assert_uint_eq(is->permission.acl[1].subject, WIRE_SUBJECT_GROUP);
	ck_assert_uint_eq(is->permission.acl[1].id, 54323);
	ck_assert_uint_eq(is->permission.acl[1].access, WIRE_ACCESS_BOTH);

	is = expect_declared(is->next, "lab/least", "objects.d/a.conf:11");
	ck_assert_uint_eq(is->permission.uid, 0);
	ck_assert_uint_eq(is->permission.gid, 0);
	ck_assert_uint_eq(is->permission.mode, 0660);
	ck_assert_uint_eq(is->permission.n_acl, 0);
	ck_assert_str_eq(is->layout, "");
	ck_assert_uint_eq(is->backing, WIRE_BACKING_AUTO);

	is = expect_declared(is->next, "pipe", "objects.d/a.conf:13");
	ck_assert_uint_eq(is->kind, WIRE_KIND_FIFO);
	ck_assert_uint_eq(is->permission.gid, DAEMON);
	ck_assert_uint_eq(is->permission.mode, 0644);
	ck_assert_ptr_null(is->next);
	policy_free(policy);
}
END_TEST

START_TEST(later_files_override_key_by_key)
{
	const struct declaration *is;
	struct policy *policy;

	write_file("main", "");
	write_file("objects.d/1.conf", "[Object a]\nSize=1\nMode=0640\nAcl=u:5:r\n");
	write_file("objects.d/2.conf", "[Object a]\nSize=2\nAcl=u:6:rw\nAcl=u:7:r\n");
	policy = load_good();
	is = expect_declared(policy_declarations(policy), "a", "objects.d/1.conf:1");
	ck_assert_uint_eq(is->size, 2);
	ck_assert_uint_eq(is->permission.mode, 0640);
	ck_assert_uint_eq(is->permission.n_acl, 2);
	ck_assert_uint_eq(is->permission.acl[0].id, 6);
	policy_free(policy);
}
END_TEST

START_TEST(a_list_has_32_entries_at_most)
{
	struct policy *policy = NULL;
	char text[2048] = "[Object a]\nSize=1\n";

	write_file("main", "");
	for (unsigned i = 0; i < 32; i++)
		sprintf(text + strlen(text), "Acl=u:%u:r\n", 5000 + i);
	write_file("objects.d/a.conf", text);
	policy = load_good();
	ck_assert_uint_eq(policy_declarations(policy)->permission.n_acl, 32);
	policy_free(policy);
	strcat(text, "Acl=u:4000:r\n");
	write_file("objects.d/a.conf", text);
	ck_assert_int_eq(load(&policy), 0);
	expect_fault(0, "objects.d/a.conf:35: Acl=u:4000:r is one more than the 32 ");
	ck_assert_ptr_null(policy_declarations(policy));
	policy_free(policy);
}
END_TEST

/* Of a policy with a fault nothing counts, and of a file that cannot be read only that. */
START_TEST(faults_of_both_kinds_are_said)
{
	struct policy *policy = NULL;
	char path[128];

	write_file("main", "[Defaults]\nMode=9\n");
	write_file("objects.d/a.conf", "[Object a]\nMode=9\nSize=1\n");
	load_faulty();
	ck_assert_uint_eq(n_faults, 2);
	expect_fault(0, "main:2: Mode=9 ");
	expect_fault(1, "objects.d/a.conf:2: Mode=9 ");

	write_file("main", "");
	ck_assert_int_eq(unlink(path_of("objects.d/a.conf", path)), 0);
	ck_assert_int_eq(symlink("/nowhere/at/all", path), 0);
	write_file("objects.d/b.conf", "nonsense\n[Object b]\nSize=1\n");
	ck_assert_int_eq(load(&policy), 0);
	ck_assert_uint_eq(n_faults, 2);
	expect_fault(0, "objects.d/a.conf:0: cannot be read: ");
	expect_fault(1, "objects.d/b.conf:1: this is neither ");
	(void)expect_declared(policy_declarations(policy), "b", "objects.d/b.conf:2");
	policy_free(policy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_objects");
	TCase *tests = tcase_create("config_objects");

	tcase_add_unchecked_fixture(tests, make_top, remove_top);
	tcase_add_checked_fixture(tests, make_directory, NULL);
	tcase_add_loop_test(tests, a_fault_is_said_with_its_line_and_costs_that_object, 0,
			    (int)ARRAY_SIZE(one_fault_each));
	tcase_add_test(tests, everything_that_can_be_said_arrives);
	tcase_add_test(tests, later_files_override_key_by_key);
	tcase_add_test(tests, a_list_has_32_entries_at_most);
	tcase_add_test(tests, faults_of_both_kinds_are_said);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
