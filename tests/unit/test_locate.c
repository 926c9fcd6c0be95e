/*
 * Where a broker is looked for, by every rule.
 */
#include <check.h>
#include <errno.h>
#include <shmbroker/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "core/locate.h"
#include "support/says.h"
#include "support/suite.h"

#define NOBODYS_UID 4294960000u /* no /run/user directory can be its */

static const struct {
	struct locate_facts facts;
	const char *path;
	const char *directory;
	bool may_start;
} rows[] = {
	/* What the caller asks for comes first, also in a set-uid program, and is never started. */
	{{.asked_for = "/a", .socket = "/b", .has_system = true, .runtime_dir = "/r"},
	 "/a",
	 "",
	 false},
	{{.asked_for = "/a", .is_secure = true}, "/a", "", false},
	/* Then the environment. */
	{{.socket = "/b", .has_system = true, .runtime_dir = "/r"}, "/b", "", false},
	{{.socket = "relative"}, "relative", "", false},
	/* Then the system broker, whether it runs or not. */
	{{.has_system = true, .runtime_dir = "/r"}, "/run/shmbroker/socket", "", false},
	{{.socket = "", .has_system = true}, "/run/shmbroker/socket", "", false},
	/* Then the user's own, which may be started. */
	{{.runtime_dir = "/r"}, "/r/shmbroker/socket", "/r/shmbroker", true},
	{{.runtime_dir = "/r", .no_start = true}, "/r/shmbroker/socket", "/r/shmbroker", false},
	{{.uid = NOBODYS_UID},
	 "/tmp/shmbroker-4294960000/socket",
	 "/tmp/shmbroker-4294960000",
	 true},
	{{.uid = NOBODYS_UID, .runtime_dir = ""},
	 "/tmp/shmbroker-4294960000/socket",
	 "/tmp/shmbroker-4294960000",
	 true},
	/* A set-uid program ignores the environment and starts nothing. */
	{{.is_secure = true, .socket = "/b", .has_system = true},
	 "/run/shmbroker/socket",
	 "",
	 false},
	{{.is_secure = true, .socket = "/b", .runtime_dir = "/r", .uid = NOBODYS_UID},
	 "/tmp/shmbroker-4294960000/socket",
	 "/tmp/shmbroker-4294960000",
	 false},
};

START_TEST(the_rules_are_followed)
{
	struct location location;

	ck_assert_int_eq(locate_decide(&rows[_i].facts, &location), 0);
	ck_assert_str_eq(location.address.sun_path, rows[_i].path);
	ck_assert_str_eq(location.directory, rows[_i].directory);
	ck_assert_int_eq(location.may_start, rows[_i].may_start);
}
END_TEST

START_TEST(a_path_that_no_socket_can_have_is_refused)
{
	struct location location = {.may_start = true};
	char path[200];
	struct locate_facts facts = {.asked_for = path};

	memset(path, 'x', sizeof(path));
	path[sizeof(location.address.sun_path)] = '\0';
	ck_assert_int_eq(locate_decide(&facts, &location), -ENAMETOOLONG);
	says("the path of the broker's socket is longer than ");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), path));
	ck_assert(location.may_start);
	path[sizeof(location.address.sun_path) - 1] = '\0';
	ck_assert_int_eq(locate_decide(&facts, &location), 0);
	path[0] = '\0';
	ck_assert_int_eq(locate_decide(&facts, &location), -EINVAL);
	says("the path of the broker's socket is empty; give one, or NULL");
}
END_TEST

static char home[] = "/tmp/shmbroker-unit-XXXXXX";
static struct location location;

/* Both in the process that runs the tests, so that nothing is left when one fails. */
static void make_home(void)
{
	struct locate_facts facts = {.runtime_dir = home};

	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(locate_decide(&facts, &location), 0);
}

static void clear(void)
{
	(void)unlink(location.address.sun_path);
	(void)unlink(location.directory);
	(void)rmdir(location.directory);
}

static void remove_home(void)
{
	clear();
	(void)rmdir(home);
}

START_TEST(the_directory_is_made_for_this_user_alone)
{
	struct stat st;
	int fd = -1;

	ck_assert_int_eq(locate_check_directory(&location, false), -ENOENT);
	ck_assert_int_eq(locate_connect(&location, &fd), -ENOENT);
	ck_assert_int_eq(locate_check_directory(&location, true), 0);
	ck_assert_int_eq(stat(location.directory, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(locate_check_directory(&location, true), 0);
}
END_TEST

START_TEST(a_directory_that_others_may_change_is_refused)
{
	int fd = -1;

	ck_assert_int_eq(mkdir(location.directory, 0700), 0);
	ck_assert_int_eq(chmod(location.directory, 0777), 0);
	ck_assert_int_eq(locate_connect(&location, &fd), -EACCES);
	says(" with mode 0700, no symbolic link), so a broker in it");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), location.directory));
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(locate_check_directory(&location, true), -EACCES);
}
END_TEST

START_TEST(a_directory_of_another_user_is_refused)
{
	if (geteuid() != 0) {
		fprintf(stderr, "SKIPPED: only root can give a directory away\n");
		return;
	}
	ck_assert_int_eq(mkdir(location.directory, 0700), 0);
	ck_assert_int_eq(chown(location.directory, NOBODYS_UID, NOBODYS_UID), 0);
	ck_assert_int_eq(locate_check_directory(&location, true), -EACCES);
}
END_TEST

START_TEST(a_symbolic_link_is_refused)
{
	ck_assert_int_eq(symlink(home, location.directory), 0);
	ck_assert_int_eq(locate_check_directory(&location, false), -EACCES);
	ck_assert_int_eq(locate_check_directory(&location, true), -EACCES);
}
END_TEST

START_TEST(connecting_says_whether_somebody_listens)
{
	int fd = -1;
	int listener;

	ck_assert_int_eq(locate_check_directory(&location, true), 0);
	ck_assert_int_eq(locate_connect(&location, &fd), -ENOENT);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (const struct sockaddr *)&location.address,
			      sizeof(location.address)),
			 0);
	ck_assert_int_eq(locate_connect(&location, &fd), -ECONNREFUSED);
	ck_assert_int_eq(listen(listener, 0), 0);
	ck_assert_int_eq(locate_connect(&location, &fd), 0);
	{
		autofd first = fd;
		int second = -1;

		ck_assert_int_eq(locate_connect(&location, &second), -EAGAIN);
		ck_assert_int_eq(second, -1);
		ck_assert_int_ge(first, 0);
	}
	close(listener);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("locate");
	TCase *rules = tcase_create("rules");
	TCase *directory = tcase_create("directory");

	tcase_add_loop_test(rules, the_rules_are_followed, 0, ARRAY_SIZE(rows));
	tcase_add_test(rules, a_path_that_no_socket_can_have_is_refused);
	tcase_add_unchecked_fixture(directory, make_home, remove_home);
	tcase_add_checked_fixture(directory, clear, clear);
	tcase_add_test(directory, the_directory_is_made_for_this_user_alone);
	tcase_add_test(directory, a_directory_that_others_may_change_is_refused);
	tcase_add_test(directory, a_directory_of_another_user_is_refused);
	tcase_add_test(directory, a_symbolic_link_is_refused);
	tcase_add_test(directory, connecting_says_whether_somebody_listens);
	suite_add_tcase(suite, rules);
	suite_add_tcase(suite, directory);
	return suite_run(suite);
}
