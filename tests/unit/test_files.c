/*
 * Files that are written whole or not at all, and what may lie in their place.
 */
#include "restart/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "support/suite.h"

static char home[] = "/tmp/shmbroker-unit-XXXXXX";
static int parent = -1;
static struct files files;

static void start(void)
{
	strcpy(home + sizeof(home) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	parent = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(parent, 0);
	ck_assert_int_eq(files_open(&files, parent, "things"), 0);
}

static void stop(void)
{
	char command[128];

	files_close(&files);
	parent = fd_close(parent);
	snprintf(command, sizeof(command), "rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/things/%s", home, name);
	return path;
}

static void write_text(const char *name, const char *text)
{
	ck_assert_int_eq(files_write(&files, name, text, strlen(text)), 0);
}

static int read_text(const char *name, char text[static 64])
{
	const char *fault = NULL;
	size_t size = 0;
	int r = files_read(&files, name, text, 64, &size, &fault);

	ck_assert_int_eq(r == -EBADMSG, fault != NULL);
	ck_assert(r < 0 || size == strlen(text));
	return r;
}

static void expect_text(const char *name, const char *expected)
{
	char text[64];

	ck_assert_int_eq(read_text(name, text), 0);
	ck_assert_str_eq(text, expected);
}

struct found {
	int n;
	char names[8][32];
};

static void note(void *data, const char *name)
{
	struct found *found = data;

	snprintf(found->names[found->n++], sizeof(found->names[0]), "%s", name);
}

static int count(void)
{
	struct found found = {0};

	ck_assert_int_eq(files_each(&files, note, &found), 0);
	return found.n;
}

START_TEST(what_is_written_is_there_until_it_is_removed)
{
	char text[64];

	write_text("a", "one");
	expect_text("a", "one");
	write_text("a", "two, and longer");
	expect_text("a", "two, and longer");
	write_text("a", "short");
	expect_text("a", "short");
	write_text("b", "b");
	ck_assert_int_eq(count(), 2);
	ck_assert_int_eq(files_remove(&files, "a"), 0);
	ck_assert_int_eq(files_remove(&files, "a"), 0);
	ck_assert_int_eq(read_text("a", text), -ENOENT);
	ck_assert_int_eq(count(), 1);
}
END_TEST

START_TEST(it_is_there_for_the_next_process)
{
	write_text("a", "kept");
	files_close(&files);
	ck_assert_int_eq(files_open(&files, parent, "things"), 0);
	expect_text("a", "kept");
}
END_TEST

/* As a full disk does: the size of files is limited, so that the write itself fails. */
START_TEST(without_room_the_old_text_stays)
{
	struct rlimit limit = {3, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};

	(void)signal(SIGXFSZ, SIG_IGN);
	write_text("a", "old");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(files_write(&files, "a", "new and longer", 14), -ENOSPC);
	ck_assert_int_eq(files_write(&files, "b", "another one", 11), -ENOSPC);
	/* What needs no room is written. */
	ck_assert_int_eq(files_write(&files, "c", "c", 1), 0);
	ck_assert_int_eq(files_write(&files, "c", "d", 1), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	expect_text("a", "old");
	expect_text("c", "d");
	ck_assert_int_eq(access(path_of(".new"), F_OK), -1);
	ck_assert_int_eq(access(path_of("b"), F_OK), -1);
	ck_assert_int_eq(count(), 2);
}
END_TEST

static ino_t inode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(path_of(name), &st), 0);
	return st.st_ino;
}

/* Where a kill could show half of a text, the file is another one. */
START_TEST(only_a_text_of_the_same_size_takes_the_place_of_one)
{
	ino_t inode;

	write_text("a", "first");
	inode = inode_of("a");
	write_text("a", "other");
	expect_text("a", "other");
	ck_assert_uint_eq(inode_of("a"), inode);
	write_text("a", "long ago");
	expect_text("a", "long ago");
	ck_assert_uint_ne(inode_of("a"), inode);
	inode = inode_of("a");
	write_text("a", "less");
	expect_text("a", "less");
	ck_assert_uint_ne(inode_of("a"), inode);
}
END_TEST

START_TEST(an_empty_one_is_none)
{
	char text[64];
	int fd = open(path_of("a"), O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(read_text("a", text), -ENODATA);
	write_text("a", "text");
	expect_text("a", "text");
}
END_TEST

START_TEST(what_an_interrupted_write_left_is_removed)
{
	int fd = open(path_of(".new"), O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(count(), 0);
	ck_assert_int_eq(access(path_of(".new"), F_OK), -1);
	write_text("a", "longer");
	ck_assert_int_eq(symlink("/etc/passwd", path_of(".new")), 0);
	ck_assert_int_eq(files_write(&files, "a", "text", 4), -ELOOP);
	expect_text("a", "longer");
	ck_assert_int_eq(count(), 1);
	write_text("a", "text");
}
END_TEST

static void make_long(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 64), 0);
	ck_assert_int_eq(close(fd), 0);
}

static void make_writable(const char *path)
{
	make_long(path);
	ck_assert_int_eq(truncate(path, 1), 0);
	ck_assert_int_eq(chmod(path, 0620), 0);
}

static void make_foreign(const char *path)
{
	make_long(path);
	ck_assert_int_eq(truncate(path, 1), 0);
	ck_assert_int_eq(chown(path, 1, 1), 0);
}

static void make_link(const char *path)
{
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
}

static void make_second_name(const char *path)
{
	write_text("other", "text");
	ck_assert_int_eq(link(path_of("other"), path), 0);
}

static void make_fifo(const char *path)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void make_directory(const char *path)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void (*const strangers[])(const char *path) = {make_long,   make_writable,
						      make_link,   make_second_name,
						      make_fifo,   make_directory,
						      make_foreign /* needs root */};

START_TEST(what_is_no_file_of_ours_is_not_read_and_can_be_set_aside)
{
	char path[128], text[64];

	if (strangers[_i] == make_foreign && geteuid() != 0) {
		fprintf(stderr, "NOT TESTED: files of others, which take root to be made\n");
		return;
	}
	strcpy(path, path_of("x"));
	strangers[_i](path);
	ck_assert_int_eq(read_text("x", text), -EBADMSG);
	ck_assert_int_eq(files_set_aside(&files, "x"), 0);
	ck_assert_int_eq(read_text("x", text), -ENOENT);
	ck_assert_int_eq(faccessat(files.directory, ".quarantine/x.0", F_OK, AT_SYMLINK_NOFOLLOW),
			 0);
	write_text("x", "ours");
	ck_assert_int_eq(files_set_aside(&files, "x"), 0);
	ck_assert_int_eq(faccessat(files.directory, ".quarantine/x.1", F_OK, AT_SYMLINK_NOFOLLOW),
			 0);
}
END_TEST

START_TEST(a_directory_that_is_not_ours_is_refused)
{
	struct files other;
	char path[128];

	snprintf(path, sizeof(path), "%s/open", home);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chmod(path, 0777), 0);
	ck_assert_int_eq(files_open(&other, parent, "open"), -EPERM);
	snprintf(path, sizeof(path), "%s/link", home);
	ck_assert_int_eq(symlink("/tmp", path), 0);
	ck_assert_int_eq(files_open(&other, parent, "link"), -EPERM);
	snprintf(path, sizeof(path), "%s/file", home);
	make_long(path);
	ck_assert_int_eq(files_open(&other, parent, "file"), -EPERM);
	ck_assert_int_eq(other.directory, -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("files");
	TCase *tcase = tcase_create("files");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, what_is_written_is_there_until_it_is_removed);
	tcase_add_test(tcase, it_is_there_for_the_next_process);
	tcase_add_test(tcase, without_room_the_old_text_stays);
	tcase_add_test(tcase, only_a_text_of_the_same_size_takes_the_place_of_one);
	tcase_add_test(tcase, an_empty_one_is_none);
	tcase_add_test(tcase, what_an_interrupted_write_left_is_removed);
	tcase_add_loop_test(tcase, what_is_no_file_of_ours_is_not_read_and_can_be_set_aside, 0,
			    ARRAY_SIZE(strangers));
	tcase_add_test(tcase, a_directory_that_is_not_ours_is_refused);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
