/*
 * FIFOs in a directory of their own: what is made, what survives, what is in the way.
 */
#include "objects/fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

static char directory_path[64];
static int directory;
static struct broker_identity broker;

static void set_up(void)
{
	broker = (struct broker_identity){geteuid(), getegid(), true};
	strcpy(directory_path, "/tmp/shmbroker-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory_path));
	directory = open(directory_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory, 0);
}

static void tear_down(void)
{
	(void)unlinkat(directory, "a:b", 0);
	directory = fd_close(directory);
	ck_assert_int_eq(rmdir(directory_path), 0);
}

static struct permission own(uint16_t mode)
{
	return (struct permission){.uid = geteuid(), .gid = getegid(), .mode = mode};
}

static int make_and_publish(struct fifo *fifo, const struct permission *permission)
{
	int r = fifo_create(fifo, directory, "a/b", permission, &broker);

	return r < 0 ? r : fifo_publish(directory, "a/b");
}

START_TEST(unread_data_survive_their_writer)
{
	struct permission permission = own(0600);
	struct fifo fifo;
	char buffer[8];
	int writer, reader;

	ck_assert_int_eq(make_and_publish(&fifo, &permission), 0);
	ck_assert_int_eq(fifo_descriptor(&fifo, WIRE_ACCESS_WRITE, &writer), 0);
	ck_assert_int_eq(write(writer, "hello", 5), 5);
	fd_close(writer);
	ck_assert_int_eq(fifo_descriptor(&fifo, WIRE_ACCESS_READ, &reader), 0);
	ck_assert_int_eq(read(reader, buffer, sizeof(buffer)), 5);
	ck_assert_int_eq(read(reader, buffer, sizeof(buffer)), 0);
	fd_close(reader);
	fifo_destroy(&fifo, directory, "a/b");
	ck_assert_int_eq(faccessat(directory, "a:b", F_OK, 0), -1);
}
END_TEST

START_TEST(its_file_is_closed_to_others_but_for_its_acl)
{
	struct permission closed = own(0600);
	struct permission open_to_group = {.uid = geteuid(), .gid = 4242, .mode = 0640};
	struct fifo fifo;
	struct stat st;

	ck_assert_int_eq(make_and_publish(&fifo, &closed), 0);
	ck_assert_int_eq(fstatat(directory, "a:b", &st, 0), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	fifo_destroy(&fifo, directory, "a/b");

	ck_assert_int_eq(make_and_publish(&fifo, &open_to_group), 0);
	ck_assert_int_eq(fstatat(directory, "a:b", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07707, 0600); /* with an ACL the group's bits are its mask */
	fifo_destroy(&fifo, directory, "a/b");
}
END_TEST

START_TEST(an_earlier_brokers_fifo_is_replaced)
{
	struct permission permission = own(0600);
	struct stat before, after;
	struct fifo fifo;

	ck_assert_int_eq(mkfifoat(directory, "a:b", 0666), 0);
	ck_assert_int_eq(fstatat(directory, "a:b", &before, 0), 0);
	ck_assert_int_eq(make_and_publish(&fifo, &permission), 0);
	ck_assert_int_eq(fstatat(directory, "a:b", &after, 0), 0);
	ck_assert_uint_eq(after.st_mode & 07777, 0600);
	fifo_destroy(&fifo, directory, "a/b");
}
END_TEST

START_TEST(what_is_not_a_fifo_is_left_alone)
{
	struct permission permission = own(0600);
	struct fifo fifo = {.keeper = -1};
	struct stat st;
	int fd = openat(directory, "a:b", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	fd_close(fd);
	ck_assert_int_eq(make_and_publish(&fifo, &permission), -EEXIST);
	ck_assert_int_eq(fstatat(directory, "a:b", &st, 0), 0);
	ck_assert(S_ISREG(st.st_mode));
	fifo_destroy(&fifo, directory, "a/b"); /* does nothing */
	ck_assert_int_eq(unlinkat(directory, "a:b", 0), 0);
	ck_assert_int_eq(symlinkat("/dev/null", directory, "a:b"), 0);
	ck_assert_int_eq(make_and_publish(&fifo, &permission), -EEXIST);
}
END_TEST

/* As a shell of this user with these two groups would open it. */
static int open_in_both(uid_t uid, gid_t gid, gid_t other, int mode)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		int fd = -1;

		if (setgroups(1, &other) == 0 && setresgid(gid, gid, gid) == 0 &&
		    setresuid(uid, uid, uid) == 0)
			fd = openat(directory, "a:b", mode | O_NONBLOCK | O_CLOEXEC);
		_exit(fd < 0 ? errno : 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int open_as(uid_t uid, gid_t gid, int mode)
{
	return open_in_both(uid, gid, gid, mode);
}

/* The file belongs to the broker's group, at which the kernel looks before it comes to the others.
 */
START_TEST(members_of_the_brokers_group_have_what_others_have)
{
	struct permission permission = {.uid = 64501, .gid = 64501, .mode = 0664};
	struct fifo fifo;

	if (geteuid() != 0) {
		fprintf(stderr, "NOT TESTED: other users, which take root\n");
		return;
	}
	ck_assert_int_eq(chmod(directory_path, 0755), 0);
	broker.group_is_empty = false;
	ck_assert_int_eq(make_and_publish(&fifo, &permission), 0);
	ck_assert_int_eq(open_as(64502, getegid(), O_RDONLY), 0);
	ck_assert_int_eq(open_as(64502, getegid(), O_WRONLY), EACCES);
	ck_assert_int_eq(open_as(64502, 64502, O_RDONLY), 0);
	ck_assert_int_eq(open_as(64502, 64501, O_RDWR), 0);
	permission.mode = 0660;
	ck_assert_int_eq(fifo_permit(&fifo, &permission, &broker), 0);
	ck_assert_int_eq(open_as(64502, getegid(), O_RDONLY), EACCES);
	fifo_destroy(&fifo, directory, "a/b");
}
END_TEST

/* It has no entry, by which who is in it would get what another group of his does not have. */
START_TEST(a_group_that_cannot_be_told_apart_gives_nothing)
{
	struct wire_acl_entry entry = {WIRE_SUBJECT_GROUP, WIRE_ACCESS_READ, 64510};
	struct permission permission = {
		.uid = 64501, .gid = 65534, .mode = 0666, .n_acl = 1, .acl = &entry};
	struct fifo fifo;

	if (geteuid() != 0) {
		fprintf(stderr, "NOT TESTED: other users, which take root\n");
		return;
	}
	ck_assert_int_eq(chmod(directory_path, 0755), 0);
	ck_assert_int_eq(make_and_publish(&fifo, &permission), 0);
	ck_assert_int_eq(open_as(64502, 65534, O_RDWR), 0);
	ck_assert_int_eq(open_in_both(64502, 65534, 64510, O_RDONLY), 0);
	ck_assert_int_eq(open_in_both(64502, 65534, 64510, O_RDWR), EACCES);
	fifo_destroy(&fifo, directory, "a/b");
}
END_TEST

/* In a process of its own, since Check runs each test in one. */
START_TEST(without_lists_a_fifo_is_its_own_users_alone)
{
	struct permission closed = own(0600), open_to_all = own(0666);
	struct fifo fifo;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", directory_path, "ramfs", 0, NULL) < 0) {
		fprintf(stderr, "NOT TESTED: a file system without lists, which takes root\n");
		return;
	}
	fd_close(directory);
	directory = open(directory_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(make_and_publish(&fifo, &open_to_all), -ENOTSUP);
	ck_assert_int_eq(faccessat(directory, "a:b", F_OK, 0), -1);
	ck_assert_int_eq(make_and_publish(&fifo, &closed), 0);
	ck_assert_int_eq(fifo_permit(&fifo, &open_to_all, &broker), -ENOTSUP);
	ck_assert_int_eq(fifo_permit(&fifo, &closed, &broker), 0);
	fifo_destroy(&fifo, directory, "a/b");
	directory = fd_close(directory);
	ck_assert_int_eq(umount2(directory_path, MNT_DETACH), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fifo");
	TCase *tests = tcase_create("fifo");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, unread_data_survive_their_writer);
	tcase_add_test(tests, its_file_is_closed_to_others_but_for_its_acl);
	tcase_add_test(tests, an_earlier_brokers_fifo_is_replaced);
	tcase_add_test(tests, what_is_not_a_fifo_is_left_alone);
	tcase_add_test(tests, members_of_the_brokers_group_have_what_others_have);
	tcase_add_test(tests, a_group_that_cannot_be_told_apart_gives_nothing);
	tcase_add_test(tests, without_lists_a_fifo_is_its_own_users_alone);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
