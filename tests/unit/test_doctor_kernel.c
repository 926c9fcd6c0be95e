/*
 * What "shmctl doctor" says of limits and settings of the kernel: of machines that are well, of
 * such that are not, and of nonsense.
 */
#include "made_machine.h"

#include <stdio.h>

#include "support/suite.h"

#define SHMMNI "/proc/sys/kernel/shmmni"
#define SHMALL "/proc/sys/kernel/shmall"
#define SHMMAX "/proc/sys/kernel/shmmax"
#define HUGE   "/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define FILES  "/proc/sys/fs/file-nr"

static void make_segments(unsigned n, const char *size)
{
	for (unsigned i = 0; i < n; i++)
		machine_segment((int)i + 1, i, size, 1, 1, 0, 0);
}

START_TEST(the_number_of_segments_is_judged_by_its_limit)
{
	make_segments(7, "4096");
	machine_write(SHMMNI, "9\n");
	examine("shmmni");
	expect_bad(0);
	expect(SEVERITY_OK, "kernel.shmmni", "7 of 9", NULL);
	machine_write(SHMMNI, "8\n");
	examine("shmmni");
	expect(SEVERITY_WARNING, "kernel.shmmni", "7 of 8", "sysctl -w kernel.shmmni=16,");
	machine_write(SHMMNI, "7\n");
	examine("shmmni");
	expect(SEVERITY_PROBLEM, "kernel.shmmni", "7 of 7", "sysctl -w kernel.shmmni=14,");
	machine_write(SHMMNI, "0\n");
	examine("shmmni");
	expect(SEVERITY_PROBLEM, "kernel.shmmni", "7 of 0", "Backing=memfd");
}
END_TEST

START_TEST(a_limit_that_cannot_be_raised_is_not_said_to_be)
{
	make_segments(32768, "4096");
	machine_write(SHMMNI, "32768\n");
	examine("shmmni");
	expect(SEVERITY_PROBLEM, "kernel.shmmni", "32768 of 32768",
	       "the kernel allows hardly more");
	machine_write(SHMMNI, "18446744073709551616000\n");
	examine("shmmni");
	expect_bad(0);
}
END_TEST

START_TEST(the_memory_of_segments_is_judged_in_pages)
{
	make_segments(4, "4097"); /* two pages each */
	machine_write(SHMALL, "11\n");
	examine("shmall");
	expect_bad(0);
	machine_write(SHMALL, "10\n");
	examine("shmall");
	expect(SEVERITY_WARNING, "kernel.shmall", "have 32K together, and may have 40K",
	       "kernel.shmall=20 ");
	machine_write(SHMALL, "8\n");
	examine("shmall");
	expect(SEVERITY_PROBLEM, "kernel.shmall", "may have 32K", "Backing=memfd");
	machine_write(SHMALL, "18446744073692774399\n");
	examine("shmall");
	expect_bad(0);
	expect(SEVERITY_OK, "kernel.shmall", "may have any size", NULL);
}
END_TEST

START_TEST(sizes_beyond_all_numbers_add_up_to_the_limit)
{
	make_segments(3, "99999999999999999999999");
	machine_write(SHMALL, "18446744073692774399\n");
	examine("shmall");
	expect_bad(0);
	machine_write(SHMALL, "100\n");
	examine("shmall");
	expect(SEVERITY_PROBLEM, "kernel.shmall", "System V segments have", "kernel.shmall=200 ");
}
END_TEST

START_TEST(the_largest_segment_is_judged_by_its_limit)
{
	make_segments(2, "104857600");
	machine_write(SHMMAX, "18446744073692774399\n");
	examine("shmmax");
	expect_bad(0);
	machine_write(SHMMAX, "104857600\n");
	examine("shmmax");
	expect(SEVERITY_WARNING, "kernel.shmmax", "has 100M, and may have 100M",
	       "sysctl -w kernel.shmmax=18446744073692774399");
}
END_TEST

START_TEST(a_limit_as_of_old_is_noted)
{
	make_segments(1, "4096");
	machine_write(SHMMAX, "33554432\n");
	examine("shmmax");
	expect(SEVERITY_NOTE, "kernel.shmmax", "may have 32M", "kernel.shmmax=");
}
END_TEST

static const char *const limits[][2] = {{"shmmni", SHMMNI}, {"shmall", SHMALL}, {"shmmax", SHMMAX}};

START_TEST(a_limit_that_is_not_there_or_nonsense_is_noted)
{
	const char *check = limits[_i][0], *file = limits[_i][1];

	make_segments(1, "4096");
	examine(check);
	expect(SEVERITY_NOTE, file, "No such file", "see what hides it");
	machine_write(file, "many\n");
	examine(check);
	expect(SEVERITY_NOTE, file, "makes no sense", "see what hides it");
	machine_write(file, "");
	examine(check);
	expect(SEVERITY_NOTE, file, "makes no sense", "see what hides it");
	machine_write(file, "12x\n");
	examine(check);
	expect(SEVERITY_NOTE, file, "makes no sense", "see what hides it");
	machine_write_bytes(file, "\0\xff\x1b[2J12", 8);
	examine(check);
	expect(SEVERITY_NOTE, file, "makes no sense", "see what hides it");
	machine_mode(file, 0);
	become_somebody();
	examine(check);
	become_root();
	expect(SEVERITY_NOTE, file, "Permission denied", "as root");
	expect_bad(1);
}
END_TEST

START_TEST(without_a_table_of_segments_the_limits_say_nothing)
{
	machine_write(limits[_i][1], "100\n");
	examine(limits[_i][0]);
	expect(SEVERITY_NOTE, SYSV_FILE, "No such file", "see what hides it");
	machine_fifo(SYSV_FILE);
	examine(limits[_i][0]);
	expect(SEVERITY_NOTE, SYSV_FILE, "makes no sense", "see what hides it");
	expect_bad(1);
}
END_TEST

START_TEST(huge_pages_are_explained_by_the_chosen_word)
{
	machine_write(HUGE, "always within_size [advise] never deny force\n");
	examine("huge-pages");
	expect_bad(0);
	machine_write(HUGE, "always [within_size] advise never deny force\n");
	examine("huge-pages");
	expect_bad(0);
	machine_write(HUGE, "always within_size advise [never] deny force\n");
	examine("huge-pages");
	expect(SEVERITY_NOTE, HUGE, "SHMB_HUGE does nothing", "echo advise > " HUGE);
	machine_write(HUGE, "[always] within_size advise never deny force\n");
	examine("huge-pages");
	expect(SEVERITY_NOTE, HUGE, "whole huge pages", "echo advise");
	machine_write(HUGE, "always within_size advise never [deny] force\n");
	examine("huge-pages");
	expect(SEVERITY_NOTE, HUGE, "is \"deny\"", "echo advise");
	machine_write(HUGE, "always within_size advise never deny [force]\n");
	examine("huge-pages");
	expect(SEVERITY_NOTE, HUGE, "is for tests", "echo advise");
}
END_TEST

START_TEST(huge_pages_that_are_not_there_are_noted)
{
	examine("huge-pages");
	expect(SEVERITY_NOTE, HUGE, "No such file", "see what hides it");
	machine_write_bytes(HUGE, "\0\0\0", 3);
	examine("huge-pages");
	expect(SEVERITY_NOTE, HUGE, "makes no sense", "see what hides it");
}
END_TEST

START_TEST(open_files_of_the_machine_are_judged)
{
	machine.no_broker = "none";
	machine_write(FILES, "799\t0\t1000\n");
	examine("descriptors");
	expect_bad(0);
	machine_write(FILES, "800\t0\t1000\n");
	examine("descriptors");
	expect(SEVERITY_WARNING, "fs.file-max", "800 of 1000", "sysctl -w fs.file-max=2000");
	machine_write(FILES, "800 0 9223372036854775807\n");
	examine("descriptors");
	expect_bad(0);
	machine_write(FILES, "800\n");
	examine("descriptors");
	expect(SEVERITY_NOTE, FILES, "makes no sense", "see what hides it");
}
END_TEST

START_TEST(open_files_of_the_broker_are_judged)
{
	char path[64];

	machine_write(FILES, "1 0 1000\n");
	machine_write("/proc/4000/limits", "Limit   Soft Limit   Hard Limit   Units\n"
					   "Max open files      10     20     files\n");
	for (int i = 0; i < 7; i++) {
		snprintf(path, sizeof(path), "/proc/4000/fd/%d", i);
		machine_write(path, "");
	}
	examine("descriptors");
	expect_bad(0);
	machine_write("/proc/4000/fd/7", "");
	examine("descriptors");
	expect(SEVERITY_WARNING, "broker", "has 8 of the 10", "LimitNOFILE=");
	machine_write("/proc/4000/limits", "Max open files     unlimited   unlimited files\n");
	examine("descriptors");
	expect_bad(0);
	machine_write("/proc/4000/limits", "Max open files");
	examine("descriptors");
	expect(SEVERITY_NOTE, "/proc/4000/fd", "makes no sense", "see what hides it");
	machine_mode("/proc/4000/fd", 0);
	become_somebody();
	examine("descriptors");
	become_root();
	expect(SEVERITY_NOTE, "/proc/4000/fd", "Permission denied", "as root");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor, kernel");
	TCase *limit = tcase_create("limits"), *others = tcase_create("others");

	suite_add_tcase(suite, limit);
	suite_add_tcase(suite, others);
	tcase_add_unchecked_fixture(limit, machines_begin, machines_end);
	tcase_add_checked_fixture(limit, machine_make, machine_remove);
	tcase_add_unchecked_fixture(others, machines_begin, machines_end);
	tcase_add_checked_fixture(others, machine_make, machine_remove);
	tcase_add_test(limit, the_number_of_segments_is_judged_by_its_limit);
	tcase_add_test(limit, a_limit_that_cannot_be_raised_is_not_said_to_be);
	tcase_add_test(limit, the_memory_of_segments_is_judged_in_pages);
	tcase_add_test(limit, sizes_beyond_all_numbers_add_up_to_the_limit);
	tcase_add_test(limit, the_largest_segment_is_judged_by_its_limit);
	tcase_add_test(limit, a_limit_as_of_old_is_noted);
	tcase_add_loop_test(limit, a_limit_that_is_not_there_or_nonsense_is_noted, 0, 3);
	tcase_add_loop_test(limit, without_a_table_of_segments_the_limits_say_nothing, 0, 3);
	tcase_add_test(others, huge_pages_are_explained_by_the_chosen_word);
	tcase_add_test(others, huge_pages_that_are_not_there_are_noted);
	tcase_add_test(others, open_files_of_the_machine_are_judged);
	tcase_add_test(others, open_files_of_the_broker_are_judged);
	return suite_run(suite);
}
