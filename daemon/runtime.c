/*
 * Everything in the runtime directory that is not an object. The directory must be the broker's
 * own: in one where others may write, names could be taken from under it.
 */
#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "log.h"
#include "wire/place.h"

#define LOCK_WAIT_MS 5000
#define LOCK_POLL_MS 5

static int fail(int r, const char *what, const char *path, const char *advice)
{
	log_error("%s %s: %s; %s", what, path, strerror(-r), advice);
	return r;
}

static int put(char *to, size_t size, const char *path)
{
	if ((size_t)snprintf(to, size, "%s", path) < size)
		return 0;
	return fail(-ENAMETOOLONG, "cannot use the path", path, "choose a shorter one");
}

/* Where things are, by the options or by the rules. */
static int choose_paths(struct runtime *runtime, const struct runtime_plan *plan)
{
	char directory[WIRE_PLACE_MAX];
	char socket[WIRE_PLACE_MAX + sizeof("/socket")];
	int r;

	if (plan->directory)
		snprintf(directory, sizeof(directory), "%s", plan->directory);
	else if (plan->socket) {
		const char *slash = strrchr(plan->socket, '/');
		int size = slash ? (int)(slash - plan->socket) : 1;

		snprintf(directory, sizeof(directory), "%.*s", size ? size : 1,
			 slash ? plan->socket : ".");
	} else if (plan->per_user)
		wire_place_of_user(getenv("XDG_RUNTIME_DIR"), geteuid(), directory);
	else
		snprintf(directory, sizeof(directory), "%s", WIRE_PLACE_SYSTEM);
	snprintf(socket, sizeof(socket), "%s/%s", directory, WIRE_PLACE_SOCKET);
	r = put(runtime->directory, sizeof(runtime->directory), directory);
	if (r == 0)
		r = put(runtime->socket, sizeof(runtime->socket),
			plan->socket ? plan->socket : socket);
	return r;
}

/* Make DIRECTORY if it is missing, and be sure that it is ours alone to write. */
static int make_directory(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return fail(-errno, "cannot make the directory", path,
			    "make it, owned by the broker's user");
	if (stat(path, &st) < 0)
		return fail(-errno, "cannot look at the directory", path, "check its permissions");
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0022))
		return fail(
			-EPERM, "refuses the directory", path,
			"it must belong to the broker's user and be writable by nobody else; give "
			"another with --runtime-dir");
	return 0;
}

static int open_lock(const struct runtime *runtime, const char *name, int *ret_fd)
{
	char path[sizeof(runtime->directory) + 16];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", runtime->directory, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(-errno, "cannot open the lock", path, "check the directory");
	*ret_fd = fd;
	return 0;
}

/* Wait for a lock that others hold for moments only. */
static bool lock_soon(int fd)
{
	uint64_t deadline = deadline_in_ms(LOCK_WAIT_MS);

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (deadline_left_ms(deadline) == 0)
			return false;
		(void)usleep(LOCK_POLL_MS * 1000);
	}
	return true;
}

static bool somebody_listens(const struct sockaddr_un *address)
{
	autofd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	/* A full backlog answers EAGAIN: also a sign of life. */
	return connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	       errno == EAGAIN;
}

static int bind_and_listen(const struct sockaddr_un *address, bool per_user, int *ret_fd)
{
	autofd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before;
	int r;

	if (fd < 0)
		return -errno;
	(void)unlink(address->sun_path); /* nobody listens there: a dead broker's */
	before = umask(per_user ? 0177 : 0111);
	r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	(void)umask(before);
	if (r == 0 && listen(fd, SOMAXCONN) < 0)
		r = -errno;
	if (r == 0)
		*ret_fd = fd_steal(&fd);
	return r;
}

static int make_listener(struct runtime *runtime, bool per_user)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int r = 0;

	memcpy(address.sun_path, runtime->socket, sizeof(runtime->socket));
	if (!lock_soon(runtime->start_lock))
		return fail(-EBUSY, "cannot start at", runtime->socket,
			    "another program has been starting a broker there for too long");
	if (somebody_listens(&address))
		r = fail(-EADDRINUSE, "cannot start at", runtime->socket,
			 "another broker listens there already");
	else
		r = bind_and_listen(&address, per_user, &runtime->listener);
	(void)flock(runtime->start_lock, LOCK_UN);
	if (r < 0 && r != -EADDRINUSE)
		return fail(r, "cannot listen at", runtime->socket,
			    "check the path and its directory");
	return r;
}

static int take_listener(struct runtime *runtime, int fd)
{
	int type = 0, listens = 0;
	socklen_t size = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0)
		return fail(-errno, "cannot use the descriptor given with", "--listener",
			    "it must be a listening socket");
	if (type != SOCK_SEQPACKET || !listens)
		return fail(-EINVAL, "cannot use the descriptor given with", "--listener",
			    "it must be a listening SOCK_SEQPACKET socket");
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return fail(-errno, "cannot use the descriptor given with", "--listener",
			    "it must be open");
	runtime->listener = fd;
	return 0;
}

static int make_directories(struct runtime *runtime, bool per_user)
{
	mode_t mode = per_user ? 0700 : 0755;
	int r = make_directory(runtime->directory, mode);

	if (r < 0)
		return r;
	snprintf(runtime->fifo_directory, sizeof(runtime->fifo_directory), "%s/fifo",
		 runtime->directory);
	return make_directory(runtime->fifo_directory, mode);
}

int runtime_open(struct runtime *runtime, const struct runtime_plan *plan)
{
	int r;

	*runtime = (struct runtime){.lock = -1, .start_lock = -1, .listener = -1};
	r = choose_paths(runtime, plan);
	if (r == 0)
		r = make_directories(runtime, plan->per_user);
	if (r == 0)
		r = open_lock(runtime, "lock", &runtime->lock);
	if (r == 0)
		r = open_lock(runtime, "start.lock", &runtime->start_lock);
	if (r < 0)
		return r;
	if (plan->listener >= 0)
		r = take_listener(runtime, plan->listener);
	else
		r = make_listener(runtime, plan->per_user);
	if (r == 0 && !lock_soon(runtime->lock))
		r = fail(-EBUSY, "cannot run in", runtime->directory,
			 "another broker runs in it; end that one or give another with "
			 "--runtime-dir");
	return r;
}

bool runtime_lock_start(struct runtime *runtime)
{
	return flock(runtime->start_lock, LOCK_EX | LOCK_NB) == 0;
}

void runtime_close(struct runtime *runtime)
{
	if (runtime->start_lock >= 0 && lock_soon(runtime->start_lock)) {
		(void)rmdir(runtime->fifo_directory);
		(void)unlink(runtime->socket);
	}
	runtime->listener = fd_close(runtime->listener);
	runtime->start_lock = fd_close(runtime->start_lock);
	runtime->lock = fd_close(runtime->lock);
}
