/*
 * What "shmctl doctor" says of logind and of units: files, drop-ins and masks as systemd reads
 * them, and what is none.
 */
#include "made_machine.h"

#include <stdio.h>
#include <string.h>

#include "support/suite.h"

#define UNIT    "/usr/lib/systemd/system/shmbrokerd.service"
#define DROP_IN "/etc/systemd/system/shmbrokerd.service.d/"
#define LOGIND  "/etc/systemd/logind.conf"
#define PERSON  54321 /* whom nobody knows */
#define DAEMON  1     /* on every Debian */

static const char good_unit[] = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\n"
				"FileDescriptorStoreMax=7000\nRuntimeDirectoryPreserve=yes\n"
				"User=shmbroker\nRemoveIPC=no\n";

static void make_systemd(void)
{
	machine_make();
	machine_directory("/run/systemd/system");
	machine_write(UNIT, good_unit);
}

START_TEST(without_systemd_there_is_nothing_to_say)
{
	machine_remove();
	machine_make();
	machine_segment(1, 7, "4096", 321, 0, PERSON, PERSON);
	examine("logind");
	expect_bad(0);
	examine("broker-unit");
	expect_bad(0);
	examine("other-units");
	expect_bad(0);
}
END_TEST

START_TEST(segments_of_people_end_with_their_session)
{
	machine_segment(1, 7, "4096", 321, 0, PERSON, PERSON);
	machine_segment(2, 8, "8192", 321, 1, PERSON, PERSON);
	machine_segment(3, 9, "8192", 321, 1, DAEMON, DAEMON);
	examine("logind");
	expect_bad(1);
	expect(SEVERITY_WARNING, "user 54321", "his 2 System V segments (12K)",
	       "RemoveIPC=no under [Login]");
	machine_write(LOGIND, "#[Login]\n#RemoveIPC=no\n");
	examine("logind");
	expect_bad(1);
	machine_write(LOGIND, "[Login]\nRemoveIPC=no\n");
	examine("logind");
	expect_bad(0);
}
END_TEST

START_TEST(who_lingers_keeps_his)
{
	machine_segment(1, 7, "4096", 321, 0, PERSON, PERSON);
	machine_write("/var/lib/systemd/linger/54321", "");
	examine("logind");
	expect_bad(0);
}
END_TEST

START_TEST(a_broker_of_a_person_is_noted)
{
	machine_write(SYSV_FILE, "titles\n");
	machine.broker.uid = PERSON;
	examine("logind");
	expect(SEVERITY_NOTE, "broker", "would end with his last session", "make memfds");
}
END_TEST

/* Whether the last of these files counts, RemoveIPC=no being what is not the default. */
static void expect_kept(bool is_kept)
{
	examine("logind");
	expect_bad(is_kept ? 0 : 1);
}

START_TEST(drop_ins_count_in_the_order_of_their_names)
{
	machine_segment(1, 7, "4096", 321, 0, PERSON, PERSON);
	machine_write(LOGIND, "[Login]\nRemoveIPC=yes\n");
	machine_write("/usr/lib/systemd/logind.conf.d/50-a.conf", "[Login]\nRemoveIPC=no\n");
	expect_kept(true);
	machine_write("/run/systemd/logind.conf.d/60-b.conf", "[Login]\nRemoveIPC = true\n");
	expect_kept(false);
	machine_write("/etc/systemd/logind.conf.d/70-c.conf", "[Login]\nRemoveIPC=\\\n  off\n");
	expect_kept(true);
	machine_write("/etc/systemd/logind.conf.d/80-d.txt", "[Login]\nRemoveIPC=yes\n");
	expect_kept(true);
	/* The same name in /etc takes the place of the one in /run. */
	machine_write("/run/systemd/logind.conf.d/70-c.conf", "[Login]\nRemoveIPC=yes\n");
	expect_kept(true);
	machine_write("/etc/systemd/logind.conf.d/90-e.conf", "[Other]\nRemoveIPC=yes\n");
	expect_kept(true);
	machine_write("/etc/systemd/logind.conf.d/91-f.conf", "[Login]\nRemoveIPC=perhaps\n");
	expect_kept(true);
}
END_TEST

START_TEST(a_masked_drop_in_is_none)
{
	machine_segment(1, 7, "4096", 321, 0, PERSON, PERSON);
	machine_write("/usr/lib/systemd/logind.conf.d/50-a.conf", "[Login]\nRemoveIPC=no\n");
	machine_link("/etc/systemd/logind.conf.d/50-a.conf", "/dev/null");
	expect_kept(false);
}
END_TEST

START_TEST(nonsense_in_a_file_is_passed_over)
{
	static const char junk[] =
		"\0\xff=\n====\n[\n[Login\n]\nRemoveIPC\n=no\n[Login]RemoveIPC=no\n\\";

	machine_segment(1, 7, "4096", 321, 0, PERSON, PERSON);
	machine_write_bytes(LOGIND, junk, sizeof(junk) - 1);
	expect_kept(false);
	machine_fifo("/etc/systemd/logind.conf.d/50-a.conf");
	expect_kept(false);
}
END_TEST

START_TEST(what_may_not_be_read_is_said)
{
	machine_segment(1, 7, "4096", 321, 0, PERSON, PERSON);
	machine_write(LOGIND, "[Login]\nRemoveIPC=no\n");
	machine_mode(LOGIND, 0);
	machine_mode(UNIT, 0);
	become_somebody();
	examine("logind");
	expect(SEVERITY_NOTE, LOGIND, "Permission denied", "as root");
	examine("broker-unit");
	expect(SEVERITY_NOTE, "shmbrokerd.service", "Permission denied", "as root");
	become_root();
	machine_mode("/usr/lib/systemd/system", 0);
	become_somebody();
	examine("other-units");
	expect(SEVERITY_NOTE, "/usr/lib/systemd/system/", "Permission denied", "as root");
	become_root();
}
END_TEST

START_TEST(a_file_that_is_too_large_is_said)
{
	static char large[(1 << 20) + 2];

	memset(large, 'x', sizeof(large) - 1);
	machine_segment(1, 7, "4096", 321, 0, PERSON, PERSON);
	machine_write(LOGIND, large);
	examine("logind");
	expect(SEVERITY_NOTE, LOGIND, "File too large", "see what hides it");
}
END_TEST

START_TEST(the_units_as_they_come_are_well)
{
	machine_link("/etc/systemd/system/shmbrokerd.service",
		     SHMB_TEST_SYSTEMD "/shmbrokerd.service.in");
	examine("broker-unit");
	expect_bad(0);
	ck_assert_uint_eq(findings.n, 0);
	machine.broker.per_user = true;
	machine_link("/etc/systemd/user/shmbrokerd.service",
		     SHMB_TEST_SYSTEMD "/user/shmbrokerd.service.in");
	examine("broker-unit");
	expect_bad(0);
	/* They have been read. */
	machine_write("/etc/systemd/user/shmbrokerd.service.d/local.conf",
		      "[Service]\nRestart=no\n");
	examine("broker-unit");
	expect_bad(1);
}
END_TEST

static const struct {
	enum severity severity;
	const char *drop_in;
	const char *text;
	const char *mend;
} flaws[] = {
	{SEVERITY_PROBLEM, "[Service]\nRemoveIPC=yes\n", "RemoveIPC=yes", ": RemoveIPC=no"},
	{SEVERITY_PROBLEM, "[Service]\nDynamicUser=1\n", "DynamicUser=yes", ": DynamicUser=no"},
	{SEVERITY_PROBLEM, "[Service]\nPrivateIPC=on\n", "PrivateIPC=yes", ": PrivateIPC=no"},
	{SEVERITY_PROBLEM, "[Service]\nPrivateUsers=self\n", "PrivateUsers=", ": PrivateUsers=no"},
	{SEVERITY_WARNING, "[Unit]\nStartLimitIntervalSec=10s\n", "limits starts",
	 ": StartLimitIntervalSec=0"},
	{SEVERITY_WARNING, "[Service]\nStartLimitInterval=1min\n", "limits starts",
	 ": StartLimitIntervalSec=0"},
	{SEVERITY_WARNING, "[Service]\nRestart=no\n", "Restart=always", ": Restart=always"},
	{SEVERITY_WARNING, "[Service]\nFileDescriptorStoreMax=0\n",
	 "FileDescriptorStoreMax=", ": FileDescriptorStoreMax=7000"},
	{SEVERITY_WARNING, "[Service]\nRuntimeDirectoryPreserve=no\n",
	 "RuntimeDirectoryPreserve=", ": RuntimeDirectoryPreserve=yes"},
};

START_TEST(each_flaw_of_a_drop_in_is_found)
{
	machine_write(DROP_IN "local.conf", flaws[_i].drop_in);
	examine("broker-unit");
	expect_bad(1);
	expect(flaws[_i].severity, "shmbrokerd.service", flaws[_i].text, flaws[_i].mend);
	/* And not where a later one takes it back. */
	machine_write(DROP_IN "z.conf", good_unit);
	machine_write(DROP_IN "zz.conf", "[Service]\nDynamicUser=no\nPrivateIPC=no\n"
					 "PrivateUsers=no\nStartLimitInterval=0\n");
	examine("broker-unit");
	expect_bad(0);
}
END_TEST

START_TEST(what_is_for_all_services_is_for_the_broker_too)
{
	machine_write("/etc/systemd/system/service.d/all.conf", "[Service]\nPrivateIPC=yes\n");
	examine("broker-unit");
	expect(SEVERITY_PROBLEM, "shmbrokerd.service", "PrivateIPC=yes", ": PrivateIPC=no");
}
END_TEST

START_TEST(a_unit_that_says_nothing_has_the_defaults)
{
	machine_write("/etc/systemd/system/shmbrokerd.service", "[Service]\nExecStart=x\n");
	examine("broker-unit");
	expect_bad(4);
	expect(SEVERITY_WARNING, "shmbrokerd.service", "limits starts", "StartLimitIntervalSec=0");
	machine_write(DROP_IN "local.conf", "[Unit]\nStartLimitBurst=0\n");
	examine("broker-unit");
	expect_bad(3);
}
END_TEST

START_TEST(a_masked_unit_is_none)
{
	machine_link("/etc/systemd/system/shmbrokerd.service", "/dev/null");
	examine("broker-unit");
	expect(SEVERITY_NOTE, "shmbrokerd.service", "is not there, or masked", "docs/INSTALL.md");
}
END_TEST

START_TEST(a_broker_of_a_user_has_a_unit_of_users)
{
	machine.broker.per_user = true;
	examine("broker-unit");
	expect_bad(0);
	machine_write("/usr/lib/systemd/user/shmbrokerd.service",
		      "[Service]\nRestart=always\n"
		      "FileDescriptorStoreMax=1\n"
		      "RuntimeDirectoryPreserve=restart\n");
	examine("broker-unit");
	expect_bad(1);
	expect(SEVERITY_WARNING, "shmbrokerd.service", "limits starts",
	       "systemctl --user edit shmbrokerd.service");
}
END_TEST

START_TEST(another_unit_with_the_brokers_user_is_a_problem)
{
	machine.broker.uid = DAEMON;
	machine_write("/usr/lib/systemd/system/other.service",
		      "[Service]\nUser=daemon\nRemoveIPC=yes\n");
	machine_write("/usr/lib/systemd/system/harmless.service", "[Service]\nUser=daemon\n");
	examine("other-units");
	expect_bad(1);
	expect(SEVERITY_PROBLEM, "other.service", "the broker's among them",
	       "systemctl edit other.service");
	/* One in /etc takes its place: it is told once, or not at all. */
	machine_write("/etc/systemd/system/other.service",
		      "[Service]\nUser=daemon\nDynamicUser=yes\n");
	examine("other-units");
	expect_bad(1);
	machine_write("/etc/systemd/system/other.service", "[Service]\nUser=daemon\n");
	examine("other-units");
	expect_bad(0);
}
END_TEST

START_TEST(a_unit_whose_user_has_segments_is_a_warning)
{
	machine_write("/etc/systemd/system/other.service",
		      "[Service]\nUser=daemon\nRemoveIPC=yes\n");
	machine_write("/etc/systemd/system/roots.service", "[Service]\nRemoveIPC=yes\n");
	machine_write("/etc/systemd/system/strangers.service",
		      "[Service]\nUser=%i\nRemoveIPC=yes\n");
	machine_link("/etc/systemd/system/alias.service", "other.service");
	machine_link("/etc/systemd/system/masked.service", "/dev/null");
	machine_fifo("/etc/systemd/system/fifo.service");
	machine_segment(1, 7, "4096", 321, 0, 0, 0);
	examine("other-units");
	expect_bad(0);
	machine_segment(1, 8, "4096", 321, 0, DAEMON, DAEMON);
	examine("other-units");
	expect_bad(1);
	expect(SEVERITY_WARNING, "other.service", "now there are 1",
	       "systemctl edit other.service");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor, systemd");
	TCase *logind = tcase_create("logind"), *units = tcase_create("units");

	suite_add_tcase(suite, logind);
	suite_add_tcase(suite, units);
	tcase_add_unchecked_fixture(logind, machines_begin, machines_end);
	tcase_add_checked_fixture(logind, make_systemd, machine_remove);
	tcase_add_unchecked_fixture(units, machines_begin, machines_end);
	tcase_add_checked_fixture(units, make_systemd, machine_remove);
	tcase_add_test(logind, without_systemd_there_is_nothing_to_say);
	tcase_add_test(logind, segments_of_people_end_with_their_session);
	tcase_add_test(logind, who_lingers_keeps_his);
	tcase_add_test(logind, a_broker_of_a_person_is_noted);
	tcase_add_test(logind, drop_ins_count_in_the_order_of_their_names);
	tcase_add_test(logind, a_masked_drop_in_is_none);
	tcase_add_test(logind, nonsense_in_a_file_is_passed_over);
	tcase_add_test(logind, what_may_not_be_read_is_said);
	tcase_add_test(logind, a_file_that_is_too_large_is_said);
	tcase_add_test(units, the_units_as_they_come_are_well);
	tcase_add_loop_test(units, each_flaw_of_a_drop_in_is_found, 0,
			    (int)(sizeof(flaws) / sizeof(flaws[0])));
	tcase_add_test(units, what_is_for_all_services_is_for_the_broker_too);
	tcase_add_test(units, a_unit_that_says_nothing_has_the_defaults);
	tcase_add_test(units, a_masked_unit_is_none);
	tcase_add_test(units, a_broker_of_a_user_has_a_unit_of_users);
	tcase_add_test(units, another_unit_with_the_brokers_user_is_a_problem);
	tcase_add_test(units, a_unit_whose_user_has_segments_is_a_warning);
	return suite_run(suite);
}
