#include "monitoring/way.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "log.h"

static int fail(const char *what, const char *path, int r, const char *advice)
{
	log_error("%s %s: %s; %s", what, path, strerror(-r), advice);
	return r;
}

static int fail_to_find(const char *path, int r)
{
	return fail("cannot serve figures in", path, r,
		    "make it, or choose another path for Socket= of [Metrics]");
}

/* Whether nobody else can put another file into the place of what is in a directory; above the last
 * one that takes no more than being its owner where it is as /tmp. A link is its owner's alone. */
static bool is_safe(const struct stat *directory, bool is_last)
{
	bool is_open = directory->st_mode & 0022;

	if (directory->st_uid != 0 && directory->st_uid != geteuid())
		return false;
	return S_ISLNK(directory->st_mode) || !is_open ||
	       (!is_last && (directory->st_mode & S_ISVTX));
}

static int check_directory(const char *path, bool is_last)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return fail_to_find(path, -errno);
	if (!is_safe(&st, is_last))
		return fail("refuses to serve figures in", path, -EPERM,
			    "it must belong to root or the broker's user and be writable by nobody "
			    "else; the broker's own is /run/shmbroker");
	return 0;
}

/* All directories above PATH, and all links among them as what they are themselves. */
static int check_directories(const char *path)
{
	char directory[WAY_SIZE];
	const char *last = strrchr(path, '/'), *slash = path;
	int r = 0;

	while (r == 0 && slash) {
		/* "/" is called so, and others without the slash behind them. */
		size_t size = slash == path ? 1 : (size_t)(slash - path);

		memcpy(directory, path, size);
		directory[size] = '\0';
		r = check_directory(directory, slash == last);
		slash = slash == last ? NULL : strchr(slash + 1, '/');
	}
	return r;
}

/* SOCKET with no links in the directory's part. */
static int follow_links(const char *socket, char path[WAY_SIZE])
{
	const char *last = strrchr(socket, '/');
	char directory[WAY_SIZE];
	char *real;
	int size;

	text_copy(directory, (size_t)(last - socket) + 1, socket);
	real = realpath(*directory ? directory : "/", NULL);
	if (!real)
		return fail_to_find(directory, -errno);
	size = snprintf(path, WAY_SIZE, "%s%s", strcmp(real, "/") == 0 ? "" : real, last);
	free(real);
	return size < (int)WAY_SIZE
		       ? 0
		       : fail("cannot serve figures at", socket, -ENAMETOOLONG,
			      "the path that its links lead to is too long; choose another");
}

int way_find(const char *socket, char path[WAY_SIZE])
{
	int r = check_directories(socket);

	if (r == 0)
		r = follow_links(socket, path);
	return r < 0 ? r : check_directories(path);
}
