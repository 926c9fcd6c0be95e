/*
 * The runtime directory: what is made there, what is refused, and what is left alone at the end.
 */
#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/suite.h"

static char home[64];
static struct runtime runtime;

static void set_up(void)
{
	strcpy(home, "/tmp/shmbroker-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
}

static void tear_down(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", home);
	ck_assert_int_eq(system(command), 0);
}

static const char *in_home(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", home, name);
	return path;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int open_at(const char *socket)
{
	struct runtime_plan plan = {.socket = socket, .listener = -1};

	return runtime_open(&runtime, &plan);
}

/* A socket of TYPE bound to PATH, listening or not. */
static int bind_socket(const char *path, int type, bool listens)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (listens)
		ck_assert_int_eq(listen(fd, 8), 0);
	return fd;
}

START_TEST(everything_is_made_and_taken_away_again)
{
	ck_assert_int_eq(open_at(in_home("socket")), 0);
	ck_assert_str_eq(runtime.directory, home);
	ck_assert(exists(in_home("socket")));
	ck_assert(exists(in_home("fifo")));
	ck_assert_int_ge(runtime.listener, 0);
	runtime_withdraw(&runtime);
	ck_assert(!exists(in_home("socket")));
	runtime_close(&runtime);
	ck_assert(!exists(in_home("fifo")));
}
END_TEST

START_TEST(a_dead_brokers_socket_is_replaced)
{
	fd_close(bind_socket(in_home("socket"), SOCK_SEQPACKET, true));
	ck_assert_int_eq(open_at(in_home("socket")), 0);
	runtime_close(&runtime);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_left_alone)
{
	fd_close(open(in_home("precious"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(open_at(in_home("precious")), -EEXIST);
	runtime_close(&runtime);
	ck_assert(exists(in_home("precious")));
}
END_TEST

START_TEST(another_services_socket_is_left_alone)
{
	int fd = bind_socket(in_home("other"), SOCK_STREAM, true);

	ck_assert_int_lt(open_at(in_home("other")), 0);
	runtime_close(&runtime);
	ck_assert(exists(in_home("other")));
	fd_close(fd);
}
END_TEST

START_TEST(a_living_brokers_socket_is_left_alone)
{
	int fd = bind_socket(in_home("socket"), SOCK_SEQPACKET, true);

	ck_assert_int_eq(open_at(in_home("socket")), -EADDRINUSE);
	runtime_close(&runtime);
	ck_assert(exists(in_home("socket")));
	fd_close(fd);
}
END_TEST

START_TEST(a_successors_socket_is_left_alone)
{
	int fd;

	ck_assert_int_eq(open_at(in_home("socket")), 0);
	ck_assert_int_eq(unlink(in_home("socket")), 0);
	fd = bind_socket(in_home("socket"), SOCK_SEQPACKET, true);
	runtime_withdraw(&runtime);
	ck_assert(exists(in_home("socket")));
	runtime_close(&runtime);
	ck_assert(exists(in_home("socket")));
	fd_close(fd);
}
END_TEST

/* In a child, since locks do not exclude within one process description. */
START_TEST(one_broker_a_directory_and_the_second_leaves_nothing)
{
	pid_t child;
	int status;

	ck_assert_int_eq(open_at(in_home("a")), 0);
	child = fork();
	if (child == 0) {
		int r = open_at(in_home("b"));

		runtime_close(&runtime);
		_exit(r == -EBUSY ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ck_assert(exists(in_home("a")));
	ck_assert(!exists(in_home("b")));
	runtime_close(&runtime);
}
END_TEST

START_TEST(a_directory_that_others_may_change_or_a_link_is_refused)
{
	ck_assert_int_eq(mkdir(in_home("open"), 0700), 0);
	ck_assert_int_eq(chmod(in_home("open"), 0777), 0);
	ck_assert_int_eq(open_at(in_home("open/socket")), -EPERM);
	runtime_close(&runtime);
	ck_assert_int_eq(mkdir(in_home("real"), 0700), 0);
	ck_assert_int_eq(symlink(in_home("real"), in_home("link")), 0);
	ck_assert_int_eq(open_at(in_home("link/socket")), -EPERM);
	runtime_close(&runtime);
}
END_TEST

START_TEST(a_per_user_directory_is_of_this_user_alone_whatever_the_umask)
{
	struct runtime_plan plan = {.directory = in_home("mine"), .per_user = true, .listener = -1};
	mode_t before = umask(0177);
	struct stat st;
	int r = runtime_open(&runtime, &plan);

	(void)umask(before);
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(stat(in_home("mine"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	runtime_close(&runtime);
	ck_assert_int_eq(chmod(in_home("mine"), 0755), 0);
	plan.directory = in_home("mine");
	ck_assert_int_eq(runtime_open(&runtime, &plan), -EPERM);
	runtime_close(&runtime);
}
END_TEST

START_TEST(a_relative_socket_has_an_absolute_directory)
{
	ck_assert_int_eq(chdir(home), 0);
	ck_assert_int_eq(open_at("socket"), 0);
	ck_assert_str_eq(runtime.directory, home);
	runtime_close(&runtime);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(an_inherited_descriptor_must_be_a_listening_socket)
{
	struct runtime_plan plan = {.socket = in_home("socket")};
	int fd = bind_socket(in_home("socket"), SOCK_SEQPACKET, false);

	plan.listener = fd;
	ck_assert_int_eq(runtime_open(&runtime, &plan), -EINVAL);
	runtime_close(&runtime);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(runtime_open(&runtime, &plan), 0);
	runtime_close(&runtime);
	ck_assert(!exists(in_home("socket")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("runtime");
	TCase *tests = tcase_create("runtime");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, everything_is_made_and_taken_away_again);
	tcase_add_test(tests, a_dead_brokers_socket_is_replaced);
	tcase_add_test(tests, a_file_that_is_no_socket_is_left_alone);
	tcase_add_test(tests, another_services_socket_is_left_alone);
	tcase_add_test(tests, a_living_brokers_socket_is_left_alone);
	tcase_add_test(tests, a_successors_socket_is_left_alone);
	tcase_add_test(tests, one_broker_a_directory_and_the_second_leaves_nothing);
	tcase_add_test(tests, a_directory_that_others_may_change_or_a_link_is_refused);
	tcase_add_test(tests, a_per_user_directory_is_of_this_user_alone_whatever_the_umask);
	tcase_add_test(tests, a_relative_socket_has_an_absolute_directory);
	tcase_add_test(tests, an_inherited_descriptor_must_be_a_listening_socket);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
