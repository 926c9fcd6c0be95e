/*
 * Units of systemd: what a /proc/PID/cgroup says, whoever named the cgroups in it, and how a unit
 * is typed.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "support/suite.h"
#include "words/systemd_unit.h"

/* As many letters as a name of a unit has, but for its ending. */
#define LONGEST (SYSTEMD_UNIT_MAX - 1)

#define MANY 50000

struct sample {
	const char *text;
	const char *unit;
};

static void expect_unit(const char *text, size_t size, const char *unit)
{
	char found[SYSTEMD_UNIT_MAX] = "untouched";
	FILE *file = fmemopen((void *)text, size, "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(systemd_unit_parse(file, found), 0);
	ck_assert_msg(strcmp(found, unit) == 0, "\"%s\" and not \"%s\" in: %s", found, unit, text);
	fclose(file);
}

static void expect_units(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_unit(samples[i].text, strlen(samples[i].text), samples[i].unit);
}

START_TEST(the_innermost_unit_is_found)
{
	static const struct sample samples[] = {
		{"0::/system.slice/cron.service\n", "cron.service"},
		{"0::/init.scope\n", "init.scope"},
		{"0::/system.slice\n", "system.slice"},
		{"0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope"},
		{"0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.service\n",
		 "a.service"},
		{"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", "init.scope"},
		{"0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service"},
		{"0::/system.slice/docker-0123.scope/payload/deeper\n", "docker-0123.scope"},
		{"0::/machine.slice/a\\x2db.service/supervisor\n", "a\\x2db.service"},
		{"0::/../../system.slice/outside.service\n", "outside.service"},
	};

	expect_units(samples, ARRAY_SIZE(samples));
}
END_TEST

START_TEST(the_hierarchy_of_systemd_goes_before_that_of_version_2)
{
	static const struct sample samples[] = {
		{"4:memory:/other.service\n1:name=systemd:/system.slice/a.service\n0::/\n",
		 "a.service"},
		{"1:name=systemd:/system.slice/a.service\n0::/system.slice/b.service\n",
		 "a.service"},
		{"0::/system.slice/b.service\n1:name=systemd:/system.slice/a.service\n",
		 "a.service"},
		{"12:cpu,cpuacct:/c.service\n1:name=systemd:/\n0::/system.slice/b.service\n",
		 "b.service"},
		{"4:memory:/other.service\n3:cpu:/other.service\n", ""},
		{"2:name=elogind:/other.service\n0::/\n", ""},
		{"10::/ten.service\n", ""},
	};

	expect_units(samples, ARRAY_SIZE(samples));
}
END_TEST

START_TEST(what_the_kernel_and_systemd_add_is_taken_away)
{
	static const struct sample samples[] = {
		{"0::/system.slice/_memory.service\n", "memory.service"},
		{"0::/system.slice/__odd.service\n", "_odd.service"},
		{"0::/system.slice/gone.service (deleted)\n", "gone.service"},
		{"0::/system.slice/a.service/child (deleted)\n", "a.service"},
		{"0::/system.slice/dbus-:1.2-org.a@0.service\n", "dbus-:1.2-org.a@0.service"},
		{"1:name=systemd:/system.slice/dbus-:1.2-org.a@0.service\n",
		 "dbus-:1.2-org.a@0.service"},
		{"0::/system.slice/no-line-feed.service", "no-line-feed.service"},
	};

	expect_units(samples, ARRAY_SIZE(samples));
}
END_TEST

START_TEST(what_is_no_unit_is_none)
{
	static const struct sample samples[] = {
		{"0::/\n", ""},
		{"0::\n", ""},
		{"0:\n", ""},
		{"\n", ""},
		{"\n\n::::\n", ""},
		{"nonsense\n", ""},
		{"0::no-slash.service\n", ""},
		{"0::/docker/0123456789abcdef\n", ""},
		{"0::/.service\n", ""},
		{"0::/_.service\n", ""},
		{"0::/a.service.d\n", ""},
		{"0::/a.SERVICE\n", ""},
		{"0::/a.mount/b.socket/c.timer\n", ""},
		{"0::/service\n", ""},
		/* Names of somebody to whom a cgroup was delegated. */
		{"0::/system.slice/\x1b[2J.service\n", "system.slice"},
		{"0::/system.slice/a b.service\n", "system.slice"},
		{"0::/system.slice/\xc3\xa4.service\n", "system.slice"},
		{"0::/system.slice/a.service (deleted) (deleted)\n", "system.slice"},
		{"0::/system.slice//\n", "system.slice"},
	};

	expect_units(samples, ARRAY_SIZE(samples));
	expect_unit("\0\n0::/a.service\n", strlen("_\n0::/a.service\n"), "a.service");
}
END_TEST

START_TEST(a_name_may_be_as_long_as_a_directory_and_no_longer)
{
	char name[SYSTEMD_UNIT_MAX], longer[SYSTEMD_UNIT_MAX + 1], found[SYSTEMD_UNIT_MAX] = "";
	char text[2 * SYSTEMD_UNIT_MAX];

	memset(name, 'x', sizeof(name));
	strcpy(name + LONGEST - strlen(".service"), ".service");
	snprintf(longer, sizeof(longer), "x%s", name);
	snprintf(text, sizeof(text), "0::/system.slice/%s\n", name);
	expect_unit(text, strlen(text), name);
	ck_assert_ptr_null(systemd_unit_read_name(name, found));
	ck_assert_str_eq(found, name);
	snprintf(text, sizeof(text), "0::/system.slice/%s\n", longer);
	expect_unit(text, strlen(text), "system.slice");
	ck_assert_ptr_nonnull(systemd_unit_read_name(longer, found));
	ck_assert_str_eq(found, name);
}
END_TEST

START_TEST(long_lines_and_many_are_read)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(memory);
	for (int i = 0; i < MANY; i++)
		fputs("7:memory:/other.service\n\n", memory);
	fputs("0::", memory);
	for (int i = 0; i < MANY; i++)
		fputs("/d", memory);
	fputs("/deep.service", memory);
	for (int i = 0; i < MANY; i++)
		fputs("/d", memory);
	fclose(memory);
	expect_unit(text, size, "deep.service");
	free(text);
}
END_TEST

START_TEST(what_cannot_be_read_is_a_failure_and_touches_nothing)
{
	char found[SYSTEMD_UNIT_MAX] = "untouched";
	FILE *directory = fdopen(open("/", O_RDONLY | O_DIRECTORY), "r");

	ck_assert_ptr_nonnull(directory);
	ck_assert_int_eq(systemd_unit_parse(directory, found), -EISDIR);
	ck_assert_str_eq(found, "untouched");
	fclose(directory);
}
END_TEST

/* What it is depends on the machine; that it is known does not. */
START_TEST(of_a_process_it_is_known_and_one_that_is_gone_is_in_none)
{
	char own[SYSTEMD_UNIT_MAX], again[SYSTEMD_UNIT_MAX], gone[SYSTEMD_UNIT_MAX] = "untouched";
	FILE *cgroup = fopen("/proc/self/cgroup", "re");
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_eq(systemd_unit_of((uint32_t)child, gone), 0);
	ck_assert_str_eq(gone, "");
	ck_assert_ptr_nonnull(cgroup);
	ck_assert_int_eq(systemd_unit_parse(cgroup, own), 0);
	ck_assert_int_eq(systemd_unit_of((uint32_t)getpid(), again), 0);
	ck_assert_str_eq(own, again);
	fclose(cgroup);
}
END_TEST

START_TEST(a_name_that_is_typed_is_a_service_unless_it_says_otherwise)
{
	static const struct sample good[] = {
		{"cron", "cron.service"},
		{"cron.service", "cron.service"},
		{"getty@tty1", "getty@tty1.service"},
		{"init.scope", "init.scope"},
		{"system.slice", "system.slice"},
		{"a.b.service", "a.b.service"},
		{"a\\x2db", "a\\x2db.service"},
	};
	static const char *const faulty[] = {
		"",    ".",           ".service", "a.b", "a.socket", "a.timer",
		"a b", "a/b.service", "/",        "a\n", "ä",        "a.service ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char unit[SYSTEMD_UNIT_MAX];

		ck_assert_ptr_null(systemd_unit_read_name(good[i].text, unit));
		ck_assert_str_eq(unit, good[i].unit);
	}
	for (size_t i = 0; i < ARRAY_SIZE(faulty); i++) {
		char unit[SYSTEMD_UNIT_MAX] = "untouched";

		ck_assert_msg(systemd_unit_read_name(faulty[i], unit), "\"%s\" was taken",
			      faulty[i]);
		ck_assert_str_eq(unit, "untouched");
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("systemd_unit");
	TCase *cgroups = tcase_create("cgroups");
	TCase *names = tcase_create("names");

	tcase_add_test(cgroups, the_innermost_unit_is_found);
	tcase_add_test(cgroups, the_hierarchy_of_systemd_goes_before_that_of_version_2);
	tcase_add_test(cgroups, what_the_kernel_and_systemd_add_is_taken_away);
	tcase_add_test(cgroups, what_is_no_unit_is_none);
	tcase_add_test(cgroups, a_name_may_be_as_long_as_a_directory_and_no_longer);
	tcase_add_test(cgroups, long_lines_and_many_are_read);
	tcase_add_test(cgroups, what_cannot_be_read_is_a_failure_and_touches_nothing);
	tcase_add_test(cgroups, of_a_process_it_is_known_and_one_that_is_gone_is_in_none);
	tcase_add_test(names, a_name_that_is_typed_is_a_service_unless_it_says_otherwise);
	suite_add_tcase(suite, cgroups);
	suite_add_tcase(suite, names);
	return suite_run(suite);
}
