/*
 * The order is: what the caller says, what the environment says, the system broker, the user's own.
 * Where there is a system broker no other is looked for, also when it does not run: two worlds with
 * the same names would be worse than none.
 */
#include "core/locate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/error.h"

static int set_path(struct location *location, const char *path)
{
	size_t size = strlen(path);

	if (size >= sizeof(location->address.sun_path))
		return error_set(-ENAMETOOLONG,
				 "the path of the broker's socket is longer than %zu bytes: %s; "
				 "choose a shorter one",
				 sizeof(location->address.sun_path) - 1, path);
	location->address.sun_family = AF_UNIX;
	memcpy(location->address.sun_path, path, size + 1);
	return 0;
}

static bool is_set(const char *value)
{
	return value && value[0];
}

/* The user's own broker, the only one that is ever started. */
static int decide_per_user(const struct locate_facts *facts, struct location *location)
{
	char path[WIRE_PLACE_MAX + sizeof("/" WIRE_PLACE_SOCKET)];

	wire_place_of_user(facts->is_secure ? NULL : facts->runtime_dir, facts->uid,
			   location->directory);
	location->may_start = !facts->is_secure && !facts->no_start;
	snprintf(path, sizeof(path), "%s/%s", location->directory, WIRE_PLACE_SOCKET);
	return set_path(location, path);
}

int locate_decide(const struct locate_facts *facts, struct location *ret_location)
{
	struct location location = {.may_start = false};
	int r;

	if (facts->asked_for && !facts->asked_for[0])
		return error_set(-EINVAL, "the path of the broker's socket is empty; give one, or "
					  "NULL to have it found");
	if (facts->asked_for)
		r = set_path(&location, facts->asked_for);
	else if (!facts->is_secure && is_set(facts->socket))
		r = set_path(&location, facts->socket);
	else if (facts->has_system)
		r = set_path(&location, WIRE_PLACE_SYSTEM "/" WIRE_PLACE_SOCKET);
	else
		r = decide_per_user(facts, &location);
	if (r < 0)
		return r;
	*ret_location = location;
	return 0;
}

int locate(const char *asked_for, bool no_start, struct location *ret_location)
{
	struct stat st;
	struct locate_facts facts = {
		.asked_for = asked_for,
		.socket = getenv("SHMBROKER_SOCKET"),
		.runtime_dir = getenv("XDG_RUNTIME_DIR"),
		.uid = geteuid(),
		.is_secure = getauxval(AT_SECURE) != 0,
		.has_system = stat(WIRE_PLACE_SYSTEM, &st) == 0,
		.no_start = no_start,
	};

	return locate_decide(&facts, ret_location);
}

/* A umask that takes the owner's bits must not lock this user out for good. */
static int make_directory(const char *path)
{
	if (mkdir(path, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;
	return chmod(path, 0700) < 0 ? -errno : 0;
}

int locate_check_directory(const struct location *location, bool make)
{
	const char *path = location->directory;
	struct stat st;

	if (make) {
		int r = make_directory(path);

		if (r < 0)
			return error_set(r, "no directory for a broker can be made at %s: %s", path,
					 strerror(-r));
	}
	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return -ENOENT;
		return error_set(-errno, "the broker's directory %s cannot be looked at: %s", path,
				 strerror(errno));
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0777) != 0700)
		return error_set(-EACCES,
				 "%s is not a directory of yours alone (owned by uid %u with mode "
				 "0700, no symbolic link), so a broker in it cannot be trusted; "
				 "remove it or correct its owner and mode",
				 path, (unsigned)geteuid());
	return 0;
}

int locate_connect(const struct location *location, int *ret_fd)
{
	autofd fd = -1;

	if (location->directory[0]) {
		int r = locate_check_directory(location, false);

		if (r < 0)
			return r;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(-errno, "no socket can be made: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)&location->address, sizeof(location->address)) <
	    0) {
		if (errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN)
			return -errno;
		return error_set(-errno, "the broker's socket %s cannot be connected to: %s",
				 location->address.sun_path, strerror(errno));
	}
	*ret_fd = fd_steal(&fd);
	return 0;
}
