/*
 * The way to the socket of the figures: whose directories and links it leads through.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitoring/way.h"
#include "support/suite.h"

#define STRANGER 12345

static char home[] = "/tmp/shmbroker-way-XXXXXX";

/* A path below the home; valid until the fourth call from here on. */
static const char *at(const char *name)
{
	static char paths[4][512];
	static unsigned n;
	char *path = paths[n++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", home, name);
	return path;
}

static void make(const char *directory, mode_t mode)
{
	ck_assert_int_eq(mkdir(at(directory), 0700), 0);
	ck_assert_int_eq(chmod(at(directory), mode), 0);
}

static void link_to(const char *name, const char *target)
{
	ck_assert_int_eq(symlink(target, at(name)), 0);
}

static void remove_home(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}

/* Once for all, so that it is removed also after a test that fails. */
static void make_home(void)
{
	ck_assert_ptr_nonnull(mkdtemp(home));
}

static void set_up(void)
{
	remove_home();
	ck_assert_int_eq(mkdir(home, 0700), 0);
	make("safe", 0755);
	make("safe/inner", 0700);
}

static void leads_to(const char *socket, const char *path)
{
	char found[WAY_SIZE];

	ck_assert_int_eq(way_find(socket, found), 0);
	ck_assert_str_eq(found, path);
}

static void fails(const char *socket, int r)
{
	char found[WAY_SIZE];

	ck_assert_int_eq(way_find(socket, found), r);
}

START_TEST(a_plain_way_is_itself)
{
	leads_to(at("safe/inner/metrics"), at("safe/inner/metrics"));
	leads_to(at("safe//inner/metrics"), at("safe//inner/metrics"));
	leads_to("/metrics", "/metrics");
	fails(at("none/metrics"), -ENOENT);
}
END_TEST

START_TEST(links_are_followed)
{
	link_to("short", at("safe/inner"));
	link_to("safe/up", "../safe/inner");
	link_to("chain", "short");
	leads_to(at("short/metrics"), at("safe/inner/metrics"));
	leads_to(at("chain/metrics"), at("safe/inner/metrics"));
	leads_to(at("safe/up/metrics"), at("safe/../safe/inner/metrics"));
	link_to("nowhere", at("none"));
	fails(at("nowhere/metrics"), -ENOENT);
}
END_TEST

START_TEST(links_have_an_end)
{
	char deep[WAY_SIZE];

	link_to("one", "two");
	link_to("two", "one");
	fails(at("one/metrics"), -ELOOP);
	memset(deep, 'd', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	link_to("deep", deep);
	fails(at("deep/metrics"), -ENAMETOOLONG);
	link_to("deeper", "./././././././././././././././././././././././././././././././././././"
			  "././././././././././././././././safe");
	fails(at("deeper/metrics"), -ENAMETOOLONG);
}
END_TEST

START_TEST(what_others_can_write_to_is_refused)
{
	make("open", 0777);
	make("group", 0770);
	make("sticky", 01777);
	make("sticky/own", 0700);
	fails(at("open/metrics"), -EPERM);
	fails(at("group/metrics"), -EPERM);
	fails(at("sticky/metrics"), -EPERM);
	leads_to(at("sticky/own/metrics"), at("sticky/own/metrics"));
	make("open/own", 0700);
	fails(at("open/own/metrics"), -EPERM);
	link_to("through", at("open/own"));
	fails(at("through/metrics"), -EPERM);
	link_to("open/back", at("safe"));
	link_to("twice", at("open/back"));
	fails(at("twice/metrics"), -EPERM);
}
END_TEST

/* In a directory as /tmp others can make links, and nobody can change ours. */
START_TEST(a_link_of_somebody_else_is_refused_wherever_it_is)
{
	if (geteuid() != 0) {
		puts("LEFT OUT: links of others, which take root");
		return;
	}
	make("sticky", 01777);
	link_to("sticky/theirs", at("safe"));
	ck_assert_int_eq(lchown(at("sticky/theirs"), STRANGER, STRANGER), 0);
	fails(at("sticky/theirs/metrics"), -EPERM);
	link_to("ours", at("sticky/theirs"));
	fails(at("ours/metrics"), -EPERM);
	ck_assert_int_eq(chown(at("safe"), STRANGER, STRANGER), 0);
	fails(at("safe/inner/metrics"), -EPERM);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("way");
	TCase *tcase = tcase_create("way");

	tcase_add_unchecked_fixture(tcase, make_home, remove_home);
	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, a_plain_way_is_itself);
	tcase_add_test(tcase, links_are_followed);
	tcase_add_test(tcase, links_have_an_end);
	tcase_add_test(tcase, what_others_can_write_to_is_refused);
	tcase_add_test(tcase, a_link_of_somebody_else_is_refused_wherever_it_is);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
