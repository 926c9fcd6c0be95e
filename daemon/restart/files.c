/*
 * All names are looked up from directory descriptors, which stay what they were opened on whatever
 * happens to the paths.
 */
#include "restart/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "restart/names.h"

/* No name of ours begins with a dot, so what is being written is told from what is there. */
#define TEMPORARY      ".new"
#define QUARANTINE     ".quarantine"
#define QUARANTINE_MAX 100 /* of the same name; then files stay where they are */

static int open_directory(int parent, const char *name, int *ret_fd)
{
	autofd fd = -1;
	struct stat st;

	if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return -EPERM;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || (st.st_mode & 0022))
		return -EPERM;
	*ret_fd = fd_steal(&fd);
	return 0;
}

int files_open(struct files *files, int parent, const char *name)
{
	*files = (struct files){.directory = -1, .owner = geteuid()};
	return open_directory(parent, name, &files->directory);
}

void files_close(struct files *files)
{
	files->directory = fd_close(files->directory);
}

static const char *fault_of(const struct files *files, const struct stat *st, size_t capacity)
{
	if (!S_ISREG(st->st_mode))
		return "is no file";
	if (st->st_uid != files->owner)
		return "belongs to somebody else";
	if (st->st_nlink != 1)
		return "has a second name";
	if (st->st_mode & 0022)
		return "can be written by others";
	if ((size_t)st->st_size >= capacity)
		return "is too long";
	return NULL;
}

/* What cannot be opened is judged all the same: there are kinds of things, and things of others, of
 * which that is true always. Returns the fault, or NULL when the error is all that is known. */
static const char *fault_of_closed(const struct files *files, const char *name, size_t capacity)
{
	struct stat st;

	if (fstatat(files->directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return NULL;
	return fault_of(files, &st, capacity);
}

/* Nothing shows between the bytes of one write within a page. */
static int write_at_once(int fd, const char *text, size_t size)
{
	ssize_t n = pwrite(fd, text, size, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -ENOSPC;
}

/* What has a new text of another size, or has to make room for a file. */
static int write_beside(const struct files *files, const char *name, const char *text, size_t size)
{
	autofd fd = openat(files->directory, TEMPORARY,
			   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : write_at_once(fd, text, size);

	if (r == 0 && renameat(files->directory, TEMPORARY, files->directory, name) < 0)
		r = -errno;
	if (r < 0 && fd >= 0)
		(void)unlinkat(files->directory, TEMPORARY, 0);
	return r;
}

int files_write(const struct files *files, const char *name, const char *text, size_t size)
{
	autofd fd = openat(files->directory, name,
			   O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || fault_of(files, &st, FILES_SIZE_MAX + 1) ||
	    (st.st_size != 0 && (size_t)st.st_size != size))
		return write_beside(files, name, text, size);
	r = write_at_once(fd, text, size);
	if (r < 0 && st.st_size == 0)
		(void)unlinkat(files->directory, name, 0);
	return r;
}

static int read_all(int fd, char *text, size_t capacity, size_t *ret_size)
{
	size_t size = 0;

	while (size < capacity) {
		ssize_t n = read(fd, text + size, capacity - size);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		size += n > 0 ? (size_t)n : 0;
	}
	if (size == capacity)
		return -EFBIG;
	if (size == 0)
		return -ENODATA;
	text[size] = '\0';
	*ret_size = size;
	return 0;
}

int files_read(const struct files *files, const char *name, char *text, size_t capacity,
	       size_t *ret_size, const char **ret_fault)
{
	autofd fd = openat(files->directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool is_open = fd >= 0 && fstat(fd, &st) == 0;
	int r = -errno;

	*ret_fault =
		is_open ? fault_of(files, &st, capacity) : fault_of_closed(files, name, capacity);
	if (*ret_fault)
		return -EBADMSG;
	return is_open ? read_all(fd, text, capacity, ret_size) : r;
}

int files_remove(const struct files *files, const char *name)
{
	return unlinkat(files->directory, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int files_set_aside(const struct files *files, const char *name)
{
	char aside[FILES_NAME_MAX + 16];
	autofd quarantine = -1;
	int r = open_directory(files->directory, QUARANTINE, &quarantine);

	if (r < 0)
		return r;
	for (int i = 0; i < QUARANTINE_MAX; i++) {
		snprintf(aside, sizeof(aside), "%.*s.%d", FILES_NAME_MAX, name, i);
		if (renameat2(files->directory, name, quarantine, aside, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* No name of ours begins with a dot. */
static const char *next_file(DIR *names)
{
	const char *name;

	do
		name = names_next(names);
	while (name && name[0] == '.');
	return name;
}

int files_have_set_aside(const struct files *files)
{
	attr_cleanup(names_close) DIR *names = names_open(files->directory, QUARANTINE);

	if (!names && errno == ENOENT)
		return 0;
	if (!names)
		return errno == ENOTDIR || errno == ELOOP || errno == EACCES ? 1 : -errno;
	return next_file(names) ? 1 : -errno;
}

int files_each(const struct files *files, void (*each)(void *data, const char *name), void *data)
{
	attr_cleanup(names_close) DIR *names = names_open(files->directory, ".");
	const char *name;

	if (!names)
		return -errno;
	(void)unlinkat(files->directory, TEMPORARY, 0);
	while ((name = next_file(names)))
		each(data, name);
	return -errno;
}
