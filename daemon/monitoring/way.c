#include "monitoring/way.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "log.h"

#define LINKS_MAX 40 /* as many as the kernel follows */

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
		return log_failure(-errno, "cannot serve figures in", path,
				   "make it, or choose another path for Socket= of [Metrics]");
	if (!is_safe(&st, is_last))
		return log_failure(-EPERM, "refuses to serve figures in", path,
				   "it must belong to root or the broker's user and be writable by "
				   "nobody else; the broker's own is /run/shmbroker");
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

static int refuse_links(const char *path, int r)
{
	return log_failure(r, "cannot serve figures at", path,
			   "its links lead too far; choose another path for Socket= of [Metrics]");
}

/* Put what the link AT a directory of PATH is of into its place. */
static int replace_link(char path[WAY_SIZE], const char *at, const char *target)
{
	char followed[WAY_SIZE];
	const char *name = at;
	int size;

	while (name[-1] != '/')
		name--;
	size = snprintf(followed, sizeof(followed), "%.*s%s%s",
			*target == '/' ? 0 : (int)(name - path), path, target, at);
	if (size >= (int)sizeof(followed))
		return refuse_links(path, -ENAMETOOLONG);
	text_copy(path, WAY_SIZE, followed);
	return 0;
}

/* Follow the first link among the directories of PATH. Returns 1, 0 when there is none, or -errno,
 * having said what is wrong. */
static int follow_link(char path[WAY_SIZE])
{
	char target[WAY_SIZE];

	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		ssize_t size;

		*slash = '\0';
		size = readlink(path, target, sizeof(target));
		*slash = '/';
		if (size == (ssize_t)sizeof(target))
			return refuse_links(path, -ENAMETOOLONG);
		if (size >= 0) {
			int r;

			target[size] = '\0';
			r = replace_link(path, slash, target);
			return r < 0 ? r : 1;
		}
	}
	return 0;
}

int way_find(const char *socket, char path[WAY_SIZE])
{
	text_copy(path, WAY_SIZE, socket);
	for (unsigned n = 0; n < LINKS_MAX; n++) {
		int r = check_directories(path);

		if (r == 0)
			r = follow_link(path);
		if (r <= 0)
			return r;
	}
	return refuse_links(socket, -ELOOP);
}
