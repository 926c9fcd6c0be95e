/*
 * What "shmctl doctor" says of System V segments, namespaces, room, and of a broker that is not
 * there.
 */
#include "made_machine.h"

#include <stdio.h>
#include <string.h>

#include "doctor/room.h"
#include "support/suite.h"

#define KEY 0x1234

static struct shmb_object object;

/* The broker has one object, as the segment ID. */
static void give_object(uint32_t id)
{
	object = (struct shmb_object){.key = KEY, .shmid = id, .name = "x"};
	machine.objects = &object;
	machine.objects_n = 1;
}

START_TEST(a_segment_that_nobody_is_attached_to_is_named)
{
	machine_segment(0, 7, "1048576", 321, 0, 12345, 12345);
	machine_segment(-2, 8, "4096", 322, 1, 12345, 12345);
	examine("stale-segments");
	expect_bad(1);
	expect(SEVERITY_WARNING, "segment 7",
	       "for 2h: 1M of 12345, key 0x00000000, made by process 321",
	       "ipcs -m -i 7; when no program wants it any more, as 12345: ipcrm -m 7");
}
END_TEST

START_TEST(a_negative_key_shows_as_the_kernel_means_it)
{
	machine_segment(-2, 9, "4096", 322, 0, 0, 0);
	examine("stale-segments");
	expect(SEVERITY_WARNING, "segment 9", "key 0xfffffffe", "ipcrm -m 9");
}
END_TEST

START_TEST(what_is_the_brokers_is_not_stale)
{
	machine_segment(KEY, 7, "4096", 321, 0, 0, 0);      /* an object's, of a broker before */
	machine_segment(KEY + 1, 8, "4096", 4000, 0, 0, 0); /* this broker made it just now */
	give_object(7);
	examine("stale-segments");
	expect_bad(0);
}
END_TEST

START_TEST(what_another_broker_made_that_runs_is_not_stale)
{
	machine_segment(KEY, 7, "4096", 321, 0, 0, 0);
	machine_write("/proc/321/comm", "shmbrokerd\n");
	examine("stale-segments");
	expect_bad(0);
	machine.no_broker = "none";
	examine("stale-segments");
	expect_bad(0);
	machine_write("/proc/321/comm", "another\n");
	examine("stale-segments");
	expect_bad(1);
}
END_TEST

START_TEST(the_same_id_with_another_key_is_another_segment)
{
	machine_segment(KEY + 1, 7, "4096", 321, 0, 0, 0);
	give_object(7);
	examine("stale-segments");
	expect(SEVERITY_WARNING, "segment 7", "nobody is attached", "ipcrm -m 7");
}
END_TEST

START_TEST(in_another_namespace_nothing_is_the_brokers)
{
	machine_segment(KEY, 7, "4096", 4000, 0, 0, 0);
	give_object(7);
	machine.broker.sysv = false;
	examine("stale-segments");
	expect(SEVERITY_WARNING, "segment 7", "nobody is attached", "ipcrm -m 7");
}
END_TEST

START_TEST(who_does_not_see_all_objects_takes_the_makers_word)
{
	machine_segment(KEY, 7, "4096", 321, 0, 990, 990);
	machine.uid = 1000;
	machine.broker.uid = 990;
	examine("stale-segments");
	expect_bad(0);
	machine.uid = 990;
	examine("stale-segments");
	expect_bad(1);
}
END_TEST

START_TEST(without_a_broker_nobody_knows_whose_it_is)
{
	machine_segment(KEY, 7, "4096", 321, 0, 0, 0);
	machine.no_broker = "none";
	examine("stale-segments");
	expect(SEVERITY_NOTE, "segment 7", "it may be of a broker that does not run",
	       "start the broker");
}
END_TEST

START_TEST(of_many_the_largest_are_named)
{
	for (unsigned i = 0; i < 30; i++)
		machine_segment((int)i, i, i < 10 ? "4096" : "8192", 1, 0, 0, 0);
	examine("stale-segments");
	expect_bad(21);
	expect(SEVERITY_WARNING, "segment 10", "8K", "ipcrm -m 10");
	expect(SEVERITY_WARNING, "segment 29", "8K", "ipcrm -m 29");
	expect(SEVERITY_WARNING, "segments", "10 more, which have 40K together", "nattch");
}
END_TEST

START_TEST(nonsense_in_the_table_is_left_out)
{
	machine_write(SYSV_FILE,
		      "titles\n"
		      "1 2 3\n"
		      "words words words\n"
		      "0 99999999999 1600 4096 1 1 0 0 0 0 0 0 0 0 0 0\n"
		      "0 5 1600 4096 1 1 -1 0 0 0 0 0 0 0 0 0\n"
		      "0 6 1600 99999999999999999999999 1 1 0 0 0 0 0 0 0 99999999999999999999\n"
		      "\x1b[2J\xff");
	examine("stale-segments");
	expect_bad(2);
	expect(SEVERITY_NOTE, SYSV_FILE, "5 lines of it make no sense", NULL);
	expect(SEVERITY_WARNING, "segment 6", "nobody is attached", "ipcrm -m 6");
}
END_TEST

START_TEST(an_empty_table_is_none)
{
	machine_write(SYSV_FILE, "");
	examine("stale-segments");
	expect_bad(0);
	machine_mode(SYSV_FILE, 0);
	become_somebody();
	examine("stale-segments");
	become_root();
	expect(SEVERITY_NOTE, SYSV_FILE, "Permission denied", "as root");
}
END_TEST

START_TEST(another_ipc_namespace_is_noted)
{
	examine("ipc-namespace");
	expect_bad(0);
	machine.broker.sysv = false;
	examine("ipc-namespace");
	expect(SEVERITY_NOTE, "IPC namespace", "another one than the broker's", "--ipc=host");
	machine.no_broker = "none";
	examine("ipc-namespace");
	expect_bad(0);
}
END_TEST

START_TEST(another_process_namespace_is_noted)
{
	examine("process-namespace");
	expect(SEVERITY_NOTE, "process namespace", "process 4000 is not seen here",
	       "docs/CONTAINERS.md");
	machine_write("/proc/4000/comm", "shmbrokerd\n");
	examine("process-namespace");
	expect_bad(0);
	machine_write("/proc/4000/comm", "shmbrokerd2\n");
	examine("process-namespace");
	expect(SEVERITY_NOTE, "process namespace", "is another program", "docs/CONTAINERS.md");
	machine_write_bytes("/proc/4000/comm", "\x1b[2J\0\n\n", 7);
	examine("process-namespace");
	expect(SEVERITY_NOTE, "process namespace", "here (?[2J?)", "docs/CONTAINERS.md");
	machine.no_broker = "none";
	examine("process-namespace");
	expect_bad(0);
}
END_TEST

START_TEST(a_broker_that_is_not_there_is_a_problem_where_one_should_be)
{
	examine("broker");
	expect_bad(0);
	machine.no_broker = "nobody listens";
	examine("broker");
	expect(SEVERITY_NOTE, "broker", "nobody listens", "the first program");
	machine.wants_broker = true;
	examine("broker");
	expect(SEVERITY_PROBLEM, "broker", "nobody listens", "systemctl status shmbrokerd.socket");
}
END_TEST

static void judge_room(uint64_t blocks, uint64_t left, uint64_t files, uint64_t files_left)
{
	struct statvfs room = {.f_frsize = 4096,
			       .f_blocks = blocks,
			       .f_bavail = left,
			       .f_files = files,
			       .f_favail = files_left};

	findings_free(&findings);
	findings.check = "room";
	room_judge("/somewhere", &room, &findings);
}

START_TEST(room_is_judged_by_what_is_left)
{
	judge_room(10000, 1000, 1000, 100);
	expect_bad(0);
	judge_room(10000, 999, 1000, 100);
	expect_bad(1);
	expect(SEVERITY_WARNING, "/somewhere", "3.9M of 39.1M are left", "du -x /somewhere");
	judge_room(10000, 0, 1000, 100);
	expect(SEVERITY_PROBLEM, "/somewhere", "0B of 39.1M are left", "du -x /somewhere");
	judge_room(10000, 5000, 1000, 99);
	expect_bad(1);
	expect(SEVERITY_WARNING, "/somewhere", "99 of 1000 files are left", "du -x --inodes");
	judge_room(10000, 5000, 1000, 0);
	expect(SEVERITY_PROBLEM, "/somewhere", "0 of 1000 files are left", "du -x --inodes");
}
END_TEST

START_TEST(a_large_file_system_is_not_full_with_much_left)
{
	judge_room(UINT64_C(1) << 30, 1u << 20, 1u << 30, 1u << 20);
	expect_bad(0);
	judge_room(UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);
	expect_bad(0);
	judge_room(0, 0, 0, 0);
	expect_bad(0);
}
END_TEST

START_TEST(room_is_looked_for_where_the_broker_is)
{
	machine_directory("/dev/shm");
	examine("room");
	expect(SEVERITY_NOTE, "/run/shmbroker", "No such file", "see what hides it");
	machine_directory("/run/shmbroker");
	examine("room");
	ck_assert_uint_ge(findings.n, 2);
	ck_assert_str_eq(findings.all[0].subject, "/run/shmbroker");
	machine.no_broker = "none";
	examine("room");
	ck_assert_str_eq(findings.all[0].subject, "/run");
}
END_TEST

START_TEST(all_checks_run_and_leave_a_finding_each)
{
	machine_segment(KEY, 7, "4096", 321, 1, 0, 0);
	ck_assert_int_eq(doctor_examine(&machine, &findings), 0);
	for (size_t i = 0; i < check_table_n; i++) {
		bool is_found = false;

		for (size_t j = 0; j < findings.n; j++)
			is_found =
				is_found || strcmp(findings.all[j].check, check_table[i].name) == 0;
		ck_assert_msg(is_found, "%s has found nothing, not even that", check_table[i].name);
	}
}
END_TEST

START_TEST(a_finding_is_one_line)
{
	findings.check = "x";
	findings_add(&findings, SEVERITY_NOTE, "a\nb", "c\n%s", "\x1b[2J");
	findings_mend(&findings, "d\te");
	ck_assert_str_eq(findings.all[0].subject, "a?b");
	ck_assert_str_eq(findings.all[0].text, "c??[2J");
	ck_assert_str_eq(findings.all[0].mend, "d?e");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor, segments");
	TCase *stale = tcase_create("stale"), *others = tcase_create("others");

	suite_add_tcase(suite, stale);
	suite_add_tcase(suite, others);
	tcase_add_unchecked_fixture(stale, machines_begin, machines_end);
	tcase_add_checked_fixture(stale, machine_make, machine_remove);
	tcase_add_unchecked_fixture(others, machines_begin, machines_end);
	tcase_add_checked_fixture(others, machine_make, machine_remove);
	tcase_add_test(stale, a_segment_that_nobody_is_attached_to_is_named);
	tcase_add_test(stale, a_negative_key_shows_as_the_kernel_means_it);
	tcase_add_test(stale, what_is_the_brokers_is_not_stale);
	tcase_add_test(stale, what_another_broker_made_that_runs_is_not_stale);
	tcase_add_test(stale, the_same_id_with_another_key_is_another_segment);
	tcase_add_test(stale, in_another_namespace_nothing_is_the_brokers);
	tcase_add_test(stale, who_does_not_see_all_objects_takes_the_makers_word);
	tcase_add_test(stale, without_a_broker_nobody_knows_whose_it_is);
	tcase_add_test(stale, of_many_the_largest_are_named);
	tcase_add_test(stale, nonsense_in_the_table_is_left_out);
	tcase_add_test(stale, an_empty_table_is_none);
	tcase_add_test(others, another_ipc_namespace_is_noted);
	tcase_add_test(others, another_process_namespace_is_noted);
	tcase_add_test(others, a_broker_that_is_not_there_is_a_problem_where_one_should_be);
	tcase_add_test(others, room_is_judged_by_what_is_left);
	tcase_add_test(others, a_large_file_system_is_not_full_with_much_left);
	tcase_add_test(others, room_is_looked_for_where_the_broker_is);
	tcase_add_test(others, all_checks_run_and_leave_a_finding_each);
	tcase_add_test(others, a_finding_is_one_line);
	return suite_run(suite);
}
