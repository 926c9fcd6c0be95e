/*
 * FIFOs in a directory of their own: what is made, what survives, what is in the way.
 */
#include "objects/fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

static char directory_path[64];
static int directory;

static void set_up(void)
{
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

START_TEST(unread_data_survive_their_writer)
{
	struct permission permission = own(0600);
	struct fifo fifo;
	char buffer[8];
	int writer, reader;

	ck_assert_int_eq(fifo_create(&fifo, directory, "a/b", &permission, geteuid()), 0);
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

	ck_assert_int_eq(fifo_create(&fifo, directory, "a/b", &closed, geteuid()), 0);
	ck_assert_int_eq(fstatat(directory, "a:b", &st, 0), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	fifo_destroy(&fifo, directory, "a/b");

	ck_assert_int_eq(fifo_create(&fifo, directory, "a/b", &open_to_group, geteuid()), 0);
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
	ck_assert_int_eq(fifo_create(&fifo, directory, "a/b", &permission, geteuid()), 0);
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
	ck_assert_int_eq(fifo_create(&fifo, directory, "a/b", &permission, geteuid()), -EEXIST);
	ck_assert_int_eq(fstatat(directory, "a:b", &st, 0), 0);
	ck_assert(S_ISREG(st.st_mode));
	fifo_destroy(&fifo, directory, "a/b"); /* does nothing */
	ck_assert_int_eq(unlinkat(directory, "a:b", 0), 0);
	ck_assert_int_eq(symlinkat("/dev/null", directory, "a:b"), 0);
	ck_assert_int_eq(fifo_create(&fifo, directory, "a/b", &permission, geteuid()), -EEXIST);
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
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
