/*
 * From files to a policy: what is read and in which order, what counts, and every fault with its
 * file and line. The users root and daemon, and groups of these names, are on every system.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "config_files.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

static void expect_create(const struct policy *policy, uid_t uid, const char *name, bool allowed,
			  const char *why)
{
	struct credentials who = {.uid = uid, .gid = 54321};
	struct policy_verdict verdict;
	char expected[1200];

	ck_assert_msg(policy_may_create(policy, &who, name, &verdict) == allowed,
		      "uid %u and \"%s\": %s", uid, name, verdict.rule);
	snprintf(expected, sizeof(expected), strncmp(why, "built-in", 8) ? "%s/%s" : "%.0s%s",
		 directory, why);
	ck_assert_str_eq(verdict.rule, expected);
}

#define SIXTY "123456789012345678901234567890123456789012345678901234567890"

/* Each is a whole main file with one fault, which is on line 2 and said so. */
static const struct {
	const char *text;
	const char *fault;
} one_fault_each[] = {
	/* lines */
	{"\nfoo\n", "this is neither [Section] nor Key=VALUE; begin comments with #"},
	{"[Broker]\n=x\n", "this is neither"},
	{"[Broker]\nAdministrators ; = u:root\n", "this is neither"},
	{"[Broker]\nlast line without an end", "this is neither"},
	{"\n[Broker\n", "a section is written [Name], with nothing behind it"},
	{"\n[\n", "a section is written [Name]"},
	{"\n[Broker] # x\n", "a section is written [Name]"},
	{"\n[Quota]]\n", "a section is written [Name]"},
	{"\nMode=0600\n", "Mode= is in no section; write one of [Broker], [Defaults], "},
	{"#\n\xef\xbb\xbf[Broker]\n", "there is a byte here that is no printable ASCII"},
	{"[Quota]\nBytes=1\xc3\xbc\n", "there is a byte here"},
	/* sections */
	{"\n[Foo]\n", "there is no section [Foo]; write [Broker], [Defaults], [Prefix NAME], "},
	{"\n[broker]\n", "there is no section [broker]"},
	{"\n[]\n", "there is no section []"},
	{"\n[Broker x]\n", "[Broker x] is about nothing in particular; write [Broker]"},
	{"\n[Defaults x]\n", "[Defaults x] is about nothing in particular; write [Defaults]"},
	{"[Broker]\n[Broker]\n", "[Broker] is in this file already, on line 1; "},
	{"[Defaults]\n[Defaults]\n", "[Defaults] is in this file already, on line 1; "},
	{"[Quota]\n[Quota]\n", "[Quota] is in this file already, on line 1; "},
	{"[Prefix a]\n[Prefix a]\n", "[Prefix a] is in this file already, on line 1; "},
	{"[Prefix a]\n[Prefix   a]\n", "[Prefix   a] is in this file already, on line 1; "},
	{"[Quota u:root]\n[Quota u:0]\n", "[Quota u:0] is in this file already, on line 1; "},
	{"[Quota g:root]\n[Quota g:root]\n", "[Quota g:root] is in this file already, on "},
	/* keys */
	{"[Broker]\nMode=0600\n",
	 "there is no key Mode in [Broker]; write Administrators or PrivateGroups"},
	{"[Defaults]\nmode=0600\n",
	 "there is no key mode in [Defaults]; write Create, Mode, Lifetime, Backings or Backing"},
	{"[Prefix a]\nBytes=1\n", "there is no key Bytes in [Prefix a]; write Create, "},
	{"[Quota]\nByte=1\n",
	 "there is no key Byte in [Quota]; write Bytes, Objects, SysvSegments, "
	 "Connections, AclEntries, Parked, Watches, UnderWay, Members or Holds"},
	{"[Defaults]\nMode=0600\nMode=0600\n", "\3Mode= is in this section already; "},
	{"[Quota]\nBytes=1\nBytes=1\n", "\3Bytes= is in this section already; "},
	/* prefixes */
	{"\n[Prefix]\n", "[Prefix] is about no prefix; write [Prefix sensors/lab], or [Defaults] "},
	{"\n[Prefix ]\n", "[Prefix] is about no prefix"},
	{"\n[Prefix a/../b]\n", "[Prefix a/../b]: the prefix has a component \".\" or \"..\"; "},
	{"\n[Prefix ./a]\n", "[Prefix ./a]: the prefix has a component \".\" or "},
	{"\n[Prefix a/]\n", "[Prefix a/]: the prefix has an empty component; "},
	{"\n[Prefix /a]\n", "[Prefix /a]: the prefix has an empty component; "},
	{"\n[Prefix a*]\n", "[Prefix a*]: the prefix has a byte other than "},
	{"\n[Prefix a b]\n", "[Prefix a b]: the prefix has a byte other than "},
	/* people */
	{"[Broker]\nAdministrators=root\n", "Administrators=root is neither u:USER nor g:GROUP"},
	{"[Broker]\nAdministrators=*\n", "Administrators=* is neither u:USER nor g:GROUP"},
	{"[Broker]\nAdministrators=u:no-such\n", "Administrators=u:no-such names a user who does "
						 "not exist; write one who does, or a number"},
	{"[Broker]\nAdministrators=u:root g:no-such u:daemon\n",
	 "Administrators=g:no-such names a group that does not exist; "},
	{"[Broker]\nAdministrators=u:\n", "Administrators=u: names a user who does not exist"},
	{"[Prefix a]\nCreate=u:no-such\n", "Create=u:no-such names a user who does not exist"},
	{"[Prefix a]\nCreate=**\n", "Create=** is neither u:USER nor g:GROUP"},
	{"[Defaults]\nCreate=u:65534\n", "Create=u:65534 means id 65534, which stands for "},
	{"[Defaults]\nCreate=u:nobody\n", "Create=u:nobody means id 65534, which stands for "},
	{"[Defaults]\nCreate=g:nogroup\n", "Create=g:nogroup means id 65534, which stands for "},
	{"[Defaults]\nCreate=u:4294967295\n", "Create=u:4294967295 is no id; "},
	{"[Defaults]\nCreate=u:99999999999999999999999\n",
	 "Create=u:99999999999999999999999 is no "},
	{"[Defaults]\nCreate=u:-1\n", "Create=u:-1 names a user who does not exist"},
	{"\n[Quota alice]\n",
	 "[Quota alice] is about nobody; write [Quota u:USER], [Quota g:GROUP], "},
	{"\n[Quota u:no-such]\n", "[Quota u:no-such] names a user who does not exist; "},
	{"\n[Quota g:no-such]\n", "[Quota g:no-such] names a group that does not exist; "},
	{"\n[Quota u:65534]\n", "[Quota u:65534] means id 65534, which stands for "},
	{"[Broker]\nPrivateGroups=root\n", "PrivateGroups=root is not USER:GROUP"},
	{"[Broker]\nPrivateGroups=no-such:root\n",
	 "PrivateGroups=no-such:root names a user who does not exist"},
	{"[Broker]\nPrivateGroups=root:no-such\n",
	 "PrivateGroups=root:no-such names a group that does not exist"},
	{"[Broker]\nPrivateGroups=daemon:54321 root:54321\n",
	 "PrivateGroups=root:54321 names a group that is private to another user already"},
	{"[Metrics]\nReaders=root\n", "Readers=root is neither u:USER nor g:GROUP"},
	{"[Metrics]\nReaders=g:no-such\n", "Readers=g:no-such names a group that does not exist; "},
	{"[Metrics]\nReaders=u:65534\n", "Readers=u:65534 means id 65534, which stands for "},
	{"\n[Metrics x]\n", "[Metrics x] is about nothing in particular; write [Metrics]"},
	{"[Metrics]\n[Metrics]\n", "[Metrics] is in this file already, on line 1; "},
	{"[Metrics]\nMode=0600\n", "there is no key Mode in [Metrics]; write Socket or Readers"},
	{"[Metrics]\nSocket=/a\nSocket=/b\n", "\3Socket= is in this section already; "},
	{"[Metrics]\nSocket=metrics\n",
	 "Socket=metrics is no absolute path of a file; write one, such as "
	 "/run/shmbroker/metrics, or nothing"},
	{"[Metrics]\nSocket=/run/\n", "Socket=/run/ is no absolute path of a file; "},
	{"[Metrics]\nSocket=/" SIXTY SIXTY "\n", "Socket=/" SIXTY SIXTY " is longer than "},
	/* values */
	{"[Defaults]\nMode=0777\n", "Mode=0777 may only have read and write bits, octal 0 to 0666"},
	{"[Defaults]\nMode=1600\n", "Mode=1600 may only have read and write bits, octal 0 to 0666"},
	{"[Defaults]\nMode=0620\n", "Mode=0620 cannot give a class write without read: "},
	{"[Defaults]\nMode=\n", "Mode= is no mode; write three or four octal digits, such as 0640"},
	{"[Defaults]\nMode=0680\n", "Mode=0680 is no mode; "},
	{"[Defaults]\nMode=0640 # x\n", "Mode=0640 # x is no mode; "},
	{"[Defaults]\nMode=00600\n", "Mode=00600 is no mode; "},
	{"[Defaults]\nLifetime=forever\n",
	 "Lifetime=forever is no lifetime; write keep, used, used:30s or owner"},
	{"[Defaults]\nLifetime=\n", "Lifetime= is no lifetime; "},
	{"[Defaults]\nLifetime=used:\n", "Lifetime=used: has a linger that is no duration up to "},
	{"[Defaults]\nLifetime=used:30\n", "Lifetime=used:30 has a linger that is no duration "},
	{"[Defaults]\nLifetime=used:50d\n", "Lifetime=used:50d has a linger that is no duration "},
	{"[Defaults]\nBacking=hugetlb\n",
	 "Backing=hugetlb is no backing of segments; write auto, sysv or memfd"},
	{"[Defaults]\nBacking=fifo\n", "Backing=fifo is no backing of segments; "},
	{"[Defaults]\nBackings=sysv auto\n",
	 "Backings=auto is no backing that can be allowed; write some of sysv, memfd and fifo"},
	{"[Quota]\nBytes=1X\n",
	 "Bytes=1X is no size; write digits with K, M, G or T behind them, "},
	{"[Quota]\nBytes=\n", "Bytes= is no size; "},
	{"[Quota]\nBytes=-1\n", "Bytes=-1 is no size; "},
	{"[Quota]\nBytes=99999999T\n", "Bytes=99999999T is no size; "},
	{"[Quota]\nObjects=1K\n", "Objects=1K is no number; write digits alone, or infinity"},
	{"[Quota]\nObjects=\n", "Objects= is no number that fits; "},
	{"[Quota]\nWatches=18446744073709551616\n",
	 "Watches=18446744073709551616 is no number that fits; "},
	/* what fits together */
	{"[Defaults]\nBackings=memfd\nBacking=sysv\n", "\3segments get sysv here by default ("},
	{"[Prefix a]\nBacking=sysv\n[Defaults]\nBackings=memfd fifo\n",
	 "segments get sysv here by default ("},
	{"[Prefix a]\nBackings=\n[Defaults]\nBacking=sysv\n",
	 "segments get sysv here by default ("},
};

START_TEST(every_fault_is_said_with_its_line)
{
	const char *fault = one_fault_each[_i].fault;
	unsigned line = *fault == '\3' ? 3 : 2;
	char start[256];

	write_file("main", one_fault_each[_i].text);
	load_faulty();
	ck_assert_msg(n_faults == 1, "%zu faults, the second is %s", n_faults, faults[1]);
	snprintf(start, sizeof(start), "main:%u: %s", line, fault + (line == 3));
	expect_fault(0, start);
}
END_TEST

START_TEST(a_byte_0_is_a_fault)
{
	static const char text[] = "[Defaults]\nMode=0600\0\n[Foo]\0\n\0\n# \0 is fine here\n";

	write_bytes("main", text, sizeof(text) - 1);
	load_faulty();
	ck_assert_uint_eq(n_faults, 3);
	expect_fault(0, "main:2: there is a byte here");
	expect_fault(1, "main:3: there is a byte here");
	expect_fault(2, "main:4: there is a byte here");
}
END_TEST

/* One byte more than fits, and as many as fit. */
START_TEST(long_lines_are_faults_and_comments_may_be_long)
{
	char text[2000];

	snprintf(text, sizeof(text), "# %0600d\n[Broker]\nAdministrators=u:%0181d\n", 0, 0);
	ck_assert_uint_eq(strlen(strstr(text, "Adm")), 199);
	write_file("main", text);
	load_faulty();
	ck_assert_uint_eq(n_faults, 1);
	expect_fault(0, "main:3: this line is longer than 197 bytes; ");

	snprintf(text, sizeof(text), "# %0600d\n  [Broker]  \n  Administrators=u:%0180d  \n", 0, 0);
	write_file("main", text);
	policy_free(load_good());
}
END_TEST

START_TEST(prefixes_may_be_as_long_as_names)
{
	struct policy *policy;
	char text[600], name[201];

	memset(name, 'n', 200);
	name[200] = '\0';
	snprintf(text, sizeof(text), "[Prefix %s]\n", name);
	write_file("main", text);
	policy = load_good();
	expect_create(policy, DAEMON, name, false,
		      "main:1: [Prefix nnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
		      "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
		      "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
		      "nnnnnnnnnnnnnnnnnnnnnn], which has no Create=");
	policy_free(policy);

	snprintf(text, sizeof(text),
		 "[Prefix n%s]\n[Prefix nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
		 "nnnnnnnnnnnnnnnn%s]\n",
		 name, name);
	write_file("main", text);
	load_faulty();
	ck_assert_uint_eq(n_faults, 2);
	ck_assert_ptr_nonnull(strstr(faults[0], "the prefix is longer than 200 bytes"));
	expect_fault(1, "main:2: the name of this section is too long; ");
}
END_TEST

START_TEST(all_faults_of_all_files_are_said)
{
	write_file("main", "[Defaults]\nMode=9\nLifetime=x\n[Foo]\nUnknown=1\n[Quota]\nBytes=x\n");
	write_file("conf.d/b.conf", "\n[Prefix ..]\nMode=9\n[Quota u:no-such]\nObjects=x\n");
	write_file("conf.d/a.conf", "nonsense\nBytes=2\n");
	load_faulty();
	ck_assert_uint_eq(n_faults, 10);
	expect_fault(0, "main:2: Mode=9 ");
	expect_fault(1, "main:3: Lifetime=x ");
	expect_fault(2, "main:4: there is no section [Foo]");
	expect_fault(3, "main:7: Bytes=x ");
	expect_fault(4, "conf.d/a.conf:1: this is neither");
	/* The section of another file is not this one's. */
	expect_fault(5, "conf.d/a.conf:2: Bytes= is in no section");
	expect_fault(6, "conf.d/b.conf:2: [Prefix ..]: ");
	expect_fault(7, "conf.d/b.conf:3: Mode=9 ");
	expect_fault(8, "conf.d/b.conf:4: [Quota u:no-such] ");
	expect_fault(9, "conf.d/b.conf:5: Objects=x ");
}
END_TEST

START_TEST(what_cannot_be_read_is_a_fault)
{
	char path[128];

	/* The main file is named, so it has to be there. */
	load_faulty();
	ck_assert_uint_eq(n_faults, 1);
	expect_fault(0, "main:0: cannot be read: No such file or directory");

	ck_assert_int_eq(mkdir(path_of("main", path), 0700), 0);
	ck_assert_int_eq(mkfifo(path_of("conf.d/fifo.conf", path), 0600), 0);
	ck_assert_int_eq(symlink("/nowhere/at/all", path_of("conf.d/gone.conf", path)), 0);
	ck_assert_int_eq(symlink("/dev/zero", path_of("conf.d/zero.conf", path)), 0);
	load_faulty();
	ck_assert_uint_eq(n_faults, 4);
	expect_fault(0, "main:0: cannot be read: Is a directory");
	expect_fault(1, "conf.d/fifo.conf:0: this is no regular file; ");
	expect_fault(2, "conf.d/gone.conf:0: cannot be read: No such file or directory");
	expect_fault(3, "conf.d/zero.conf:0: this is no regular file; ");
}
END_TEST

START_TEST(what_the_modes_of_files_deny_is_a_fault)
{
	char path[128];

	write_file("main", "");
	write_file("conf.d/a.conf", "");
	ck_assert_int_eq(chmod(path_of("conf.d/a.conf", path), 0), 0);
	if (geteuid() == 0) {
		/* The test runs in a process of its own, which may become somebody else. */
		ck_assert_int_eq(chown(top, DAEMON, DAEMON), 0);
		ck_assert_int_eq(chown(directory, DAEMON, DAEMON), 0);
		ck_assert_int_eq(chown(path_of("conf.d", path), DAEMON, DAEMON), 0);
		ck_assert_int_eq(chown(path_of("objects.d", path), DAEMON, DAEMON), 0);
		ck_assert_int_eq(seteuid(DAEMON), 0);
	}
	load_faulty();
	ck_assert_uint_eq(n_faults, 1);
	expect_fault(0, "conf.d/a.conf:0: cannot be read: Permission denied");
	ck_assert_int_eq(chmod(path_of("conf.d", path), 0), 0);
	load_faulty();
	ck_assert_uint_eq(n_faults, 1);
	expect_fault(0, "conf.d:0: this directory cannot be read");
	ck_assert_int_eq(chmod(path_of("conf.d", path), 0700), 0);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(without_any_rule_all_is_built_in)
{
	struct config_source source = {NULL, "/nowhere/passwd", BROKER};
	struct policy *policy;
	struct policy_defaults got;

	/* What lies at /dev/null has no conf.d beside it. */
	source.path = "/dev/null";
	ck_assert_int_eq(config_load_from(&source, collect, NULL, &policy), 0);
	ck_assert_uint_eq(n_faults, 0);
	policy_defaults(policy, "x", &got);
	ck_assert_uint_eq(got.mode, 0600);
	expect_create(policy, DAEMON, "x", true, "built-in: names that nobody claims are free");
	policy_free(policy);
}
END_TEST

START_TEST(everything_that_can_be_said_arrives)
{
	struct credentials daemon = {.uid = DAEMON, .gid = 54321};
	struct credentials daemons = {.uid = 54321, .gid = DAEMON};
	struct credentials other = {.uid = 54321, .gid = 54321};
	struct policy *policy;
	struct policy_defaults got;

	write_file("main", "; a comment\r\n"
			   "[Broker]\r\n"
			   "Administrators = u:daemon\tg:4000  ; behind a value\r\n"
			   "PrivateGroups=daemon:4001 54321:4002\n"
			   "\n"
			   "  [Defaults]\n"
			   "  Create=u:54321\n"
			   "  Mode=640\n"
			   "  Lifetime=keep\n"
			   "[Prefix lab]\n"
			   "Create=g:daemon\n"
			   "Create=u:54322\n"
			   "Lifetime=used:90s\n"
			   "Backings=memfd\n"
			   "Backing=memfd\n"
			   "[Quota]\nBytes=3G\nObjects=10\n"
			   "[Quota g:daemon]\nObjects=infinity\nConnections=0\n"
			   "[Quota u:daemon]\nSysvSegments=1\nAclEntries=2\nParked=3\nWatches=4\n");
	policy = load_good();

	ck_assert(policy_is_administrator(policy, &daemon));
	ck_assert(!policy_is_administrator(policy, &daemons));
	ck_assert(policy_is_private_group(policy, 4001, DAEMON));
	ck_assert(policy_is_private_group(policy, 4002, 54321));
	ck_assert(!policy_is_private_group(policy, 4002, DAEMON));

	expect_create(policy, 54321, "x", true, "main:7: [Defaults] Create=");
	expect_create(policy, DAEMON, "x", false, "main:7: [Defaults] Create=");
	expect_create(policy, 54322, "lab/x", true, "main:11: [Prefix lab] Create=");
	expect_create(policy, DAEMON, "lab/x", false, "main:11: [Prefix lab] Create=");
	policy_defaults(policy, "lab/x", &got);
	ck_assert_uint_eq(got.mode, 0640);
	ck_assert_uint_eq(got.lifetime, WIRE_LIFETIME_USED);
	ck_assert_uint_eq(got.linger_ms, 90000);
	ck_assert_uint_eq(got.backing, WIRE_BACKING_MEMFD);
	ck_assert_uint_eq(got.backings, POLICY_BACKING(WIRE_BACKING_MEMFD));
	policy_defaults(policy, "x", &got);
	ck_assert_uint_eq(got.lifetime, WIRE_LIFETIME_KEEP);

	ck_assert_uint_eq(policy_limit(policy, &other, RESOURCE_BYTES), UINT64_C(3) << 30);
	ck_assert_uint_eq(policy_limit(policy, &other, RESOURCE_OBJECTS), 10);
	ck_assert_uint_eq(policy_limit(policy, &daemons, RESOURCE_OBJECTS), RESOURCE_INFINITY);
	ck_assert_uint_eq(policy_limit(policy, &daemons, RESOURCE_CONNECTIONS), 0);
	ck_assert_uint_eq(policy_limit(policy, &daemon, RESOURCE_SYSV_SEGMENTS), 1);
	ck_assert_uint_eq(policy_limit(policy, &daemon, RESOURCE_ACL_ENTRIES), 2);
	ck_assert_uint_eq(policy_limit(policy, &daemon, RESOURCE_PARKED), 3);
	ck_assert_uint_eq(policy_limit(policy, &daemon, RESOURCE_WATCHES), 4);
	ck_assert_uint_eq(policy_limit(policy, &daemon, RESOURCE_OBJECTS), 10);
	ck_assert_ptr_nonnull(strstr(policy_limit_rule(policy, &daemons, RESOURCE_CONNECTIONS),
				     "main:21: [Quota g:daemon] Connections="));
	policy_free(policy);
}
END_TEST

/* By name, and only what is called so. Keys that a later file does not say stay. */
START_TEST(later_files_override_key_by_key)
{
	struct policy *policy;
	struct policy_defaults got;

	write_file("main",
		   "[Prefix a]\nCreate=u:1\nMode=0644\nBackings=sysv\n[Quota]\nObjects=1\n");
	write_file("conf.d/20-b.conf", "[Prefix a]\nCreate=u:3\n");
	write_file("conf.d/10-a.conf", "[Prefix a]\n\nCreate=u:2\nMode=0660\n[Prefix b]\n");
	write_file("conf.d/30-c.conf", "[Prefix a]\nBackings=memfd\nBackings=fifo\n");
	write_file("conf.d/99.txt", "nonsense\n");
	write_file("conf.d/.hidden.conf", "nonsense\n");
	policy = load_good();

	expect_create(policy, 1, "a", false, "conf.d/20-b.conf:2: [Prefix a] Create=");
	expect_create(policy, 2, "a", false, "conf.d/20-b.conf:2: [Prefix a] Create=");
	expect_create(policy, 3, "a", true, "conf.d/20-b.conf:2: [Prefix a] Create=");
	expect_create(policy, 3, "b", false,
		      "conf.d/10-a.conf:5: [Prefix b], which has no Create=");
	policy_defaults(policy, "a", &got);
	ck_assert_uint_eq(got.mode, 0660);
	ck_assert_uint_eq(got.backings,
			  POLICY_BACKING(WIRE_BACKING_MEMFD) | POLICY_BACKING(WIRE_BACKING_FIFO));
	policy_free(policy);
}
END_TEST

START_TEST(lists_of_later_files_replace_those_of_earlier_ones)
{
	struct credentials one = {.uid = 1, .gid = 54321}, two = {.uid = 2, .gid = 54321};
	struct policy *policy;

	write_file("main", "[Broker]\nAdministrators=u:1\nPrivateGroups=1:4000\n"
			   "[Defaults]\nCreate=*\n");
	write_file("conf.d/a.conf", "[Broker]\nAdministrators=u:2\nPrivateGroups=2:4000\n"
				    "[Defaults]\nCreate=\n");
	policy = load_good();
	ck_assert(!policy_is_administrator(policy, &one));
	ck_assert(policy_is_administrator(policy, &two));
	ck_assert(policy_is_private_group(policy, 4000, 2));
	expect_create(policy, 1, "x", false, "conf.d/a.conf:5: [Defaults] Create=");
	policy_free(policy);
}
END_TEST

static void expect_metrics(const char *socket, bool for_everybody, uid_t reader, bool may_read)
{
	const struct credentials who = {.uid = reader, .gid = 54321};
	struct policy *policy = load_good();
	const struct policy_metrics *metrics = policy_metrics(policy);

	ck_assert_pstr_eq(metrics->socket, socket);
	ck_assert_int_eq(metrics->readers.is_everybody, for_everybody);
	ck_assert_int_eq(people_include(&metrics->readers, &who), may_read);
	policy_free(policy);
}

START_TEST(figures_are_served_where_it_is_said_and_nowhere_else)
{
	write_file("main", "");
	expect_metrics(NULL, false, 1, false);
	write_file("main", "[Metrics]\nSocket=/run/shmbroker/metrics\nReaders=u:1\nReaders=g:2\n");
	expect_metrics("/run/shmbroker/metrics", false, 1, true);
	write_file("conf.d/a.conf", "[Metrics]\nSocket=/run/elsewhere\n");
	expect_metrics("/run/elsewhere", false, 1, true);
	write_file("conf.d/b.conf", "[Metrics]\nReaders=u:3\n");
	expect_metrics("/run/elsewhere", false, 1, false);
	write_file("conf.d/c.conf", "[Metrics]\nReaders=*\n");
	expect_metrics("/run/elsewhere", true, 1, true);
	write_file("conf.d/d.conf", "[Metrics]\nSocket=\nReaders=\n");
	expect_metrics(NULL, false, 3, false);
}
END_TEST

START_TEST(what_is_linked_to_dev_null_is_left_out)
{
	char path[128];

	write_file("main", "");
	ck_assert_int_eq(symlink("/dev/null", path_of("conf.d/x.conf", path)), 0);
	policy_free(load_good());
}
END_TEST

START_TEST(names_of_users_are_for_these_users)
{
	struct policy *policy;

	write_file("users", "root:x:0:0:::\ndaemon:x:1:1:::\nalice:x:1000:1000:::\n"
			    "bob:x:59999:1:::\nlate:x:60000:1:::\nearly:x:999:1:::\n"
			    "odd name:x:1001:1:::\n..:x:1002:1:::\nteam:x:1003:1:::\n"
			    "alice:x:1004:1:::\na/b:x:1005:1:::\nnobody:x:65534:1:::\n");
	write_file("main", "[Prefix team]\nCreate=u:1000\n[Prefix alice/open]\nCreate=*\n");
	policy = load_good();

	expect_create(policy, 1000, "alice", true,
		      "built-in: \"alice\" and names below it are for the user alice");
	expect_create(policy, 1004, "alice/x", false,
		      "built-in: \"alice\" and names below it are for the user alice");
	expect_create(policy, 1000, "bob/x", false,
		      "built-in: \"bob\" and names below it are for the user bob");
	expect_create(policy, 59999, "bob/x", true,
		      "built-in: \"bob\" and names below it are for the user bob");
	expect_create(policy, 0, "bob/x", true, "built-in: root may create everything");
	expect_create(policy, BROKER, "bob/x", true,
		      "built-in: the broker's own user may create everything");
	for (const char *free = "root\0daemon\0late\0early\0nobody\0alicex\0a/b\0"; *free;
	     free += strlen(free) + 1)
		expect_create(policy, 1000, free, true,
			      "built-in: names that nobody claims are free");
	/* What the configuration says of such a name counts instead. */
	expect_create(policy, 1003, "team/x", false, "main:2: [Prefix team] Create=");
	expect_create(policy, 1000, "team/x", true, "main:2: [Prefix team] Create=");
	expect_create(policy, 1004, "alice/open/x", true, "main:4: [Prefix alice/open] Create=");
	policy_free(policy);
}
END_TEST

/* In a process of its own, with a database of its own. */
static bool has_own_database(const char *path, const char *database)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount(path, database, NULL, MS_BIND, NULL) == 0;
}

START_TEST(a_group_with_other_members_is_nobodys_alone)
{
	struct policy *policy;
	char path[128];

	write_file("group", "own:x:4000:daemon,no-such\nshared:x:4001:daemon,root\n");
	if (!has_own_database(path_of("group", path), "/etc/group")) {
		fprintf(stderr, "NOT TESTED: members of groups, which take root to be mounted\n");
		return;
	}
	write_file("main", "[Broker]\nPrivateGroups=daemon:own\n");
	policy = load_good();
	ck_assert(policy_is_private_group(policy, 4000, DAEMON));
	policy_free(policy);
	write_file("main", "[Broker]\nPrivateGroups=daemon:shared daemon:4001 root:own\n");
	load_faulty();
	ck_assert_uint_eq(n_faults, 3);
	expect_fault(0,
		     "main:2: PrivateGroups=daemon:shared names a group that lists other members");
	expect_fault(1, "main:2: PrivateGroups=daemon:4001 names a group that lists other members");
	expect_fault(2, "main:2: PrivateGroups=root:own names a group that lists other members");
}
END_TEST

/* Who has it as his own group is not listed in it. */
START_TEST(the_own_group_of_another_user_is_not_private)
{
	struct policy *policy;
	char path[128];

	write_file("passwd", "root:x:0:0:::\ndaemon:x:1:4000:::\nalice:x:1000:4001:::\n"
			     "bob:x:1001:4001:::\n");
	if (!has_own_database(path_of("passwd", path), "/etc/passwd")) {
		fprintf(stderr, "NOT TESTED: groups of users, which take root to be mounted\n");
		return;
	}
	write_file("main", "[Broker]\nPrivateGroups=daemon:4000 54321:4002\n");
	policy = load_good();
	ck_assert(policy_is_private_group(policy, 4000, DAEMON));
	policy_free(policy);
	write_file("main", "[Broker]\nPrivateGroups=54321:4000 alice:4001 root:root\n");
	load_faulty();
	ck_assert_uint_eq(n_faults, 2);
	expect_fault(0, "main:2: PrivateGroups=54321:4000 names the own group of another user");
	expect_fault(1, "main:2: PrivateGroups=alice:4001 names the own group of another user");
}
END_TEST

/* Of a name that is claimed only in [Defaults] nothing changes for users. */
START_TEST(names_of_users_are_theirs_whatever_the_defaults_say)
{
	struct policy *policy;

	write_file("users", "alice:x:1000:1000:::\n");
	write_file("main", "[Defaults]\nCreate=\nMode=0664\n");
	policy = load_good();
	expect_create(policy, 1000, "alice/x", true,
		      "built-in: \"alice\" and names below it are for the user alice");
	expect_create(policy, 1000, "x", false, "main:2: [Defaults] Create=");
	policy_free(policy);
}
END_TEST

START_TEST(users_that_cannot_be_read_are_a_fault)
{
	static char line[20000];
	int n = snprintf(line, sizeof(line), "alice:x:1000:1000:");

	write_file("main", "");
	memset(line + n, 'x', sizeof(line) - (size_t)n - 4);
	memcpy(line + sizeof(line) - 4, "::\n", 4);
	write_file("users", line);
	load_faulty();
	ck_assert_uint_eq(n_faults, 1);
	expect_fault(0, "users:0: has a line that is too long to be read");

	path_of("conf.d", users_path);
	load_faulty();
	ck_assert_uint_eq(n_faults, 1);
	ck_assert_ptr_nonnull(strstr(faults[0], ":0: cannot be read"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tests = tcase_create("config");

	tcase_add_unchecked_fixture(tests, make_top, remove_top);
	tcase_add_checked_fixture(tests, make_directory, NULL);
	tcase_add_loop_test(tests, every_fault_is_said_with_its_line, 0,
			    (int)ARRAY_SIZE(one_fault_each));
	tcase_add_test(tests, a_byte_0_is_a_fault);
	tcase_add_test(tests, long_lines_are_faults_and_comments_may_be_long);
	tcase_add_test(tests, prefixes_may_be_as_long_as_names);
	tcase_add_test(tests, all_faults_of_all_files_are_said);
	tcase_add_test(tests, what_cannot_be_read_is_a_fault);
	tcase_add_test(tests, what_the_modes_of_files_deny_is_a_fault);
	tcase_add_test(tests, without_any_rule_all_is_built_in);
	tcase_add_test(tests, everything_that_can_be_said_arrives);
	tcase_add_test(tests, later_files_override_key_by_key);
	tcase_add_test(tests, lists_of_later_files_replace_those_of_earlier_ones);
	tcase_add_test(tests, figures_are_served_where_it_is_said_and_nowhere_else);
	tcase_add_test(tests, what_is_linked_to_dev_null_is_left_out);
	tcase_add_test(tests, a_group_with_other_members_is_nobodys_alone);
	tcase_add_test(tests, the_own_group_of_another_user_is_not_private);
	tcase_add_test(tests, names_of_users_are_for_these_users);
	tcase_add_test(tests, names_of_users_are_theirs_whatever_the_defaults_say);
	tcase_add_test(tests, users_that_cannot_be_read_are_a_fault);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
