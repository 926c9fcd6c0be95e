/*
 * Everything in the runtime directory that is not an object. The directory must be the broker's
 * own: in one where others may write, names could be taken from under it.
 */
#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "log.h"
#include "socket_file.h"
#include "wire/place.h"

#define LOCK_WAIT_MS 5000
#define LOCK_POLL_MS 5

static int put(char *to, size_t size, const char *path)
{
	if ((size_t)snprintf(to, size, "%s", path) < size)
		return 0;
	return log_failure(-ENAMETOOLONG, "cannot use the path", path, "choose a shorter one");
}

/* Make DIRECTORY if it is missing, and be sure that it is ours alone to write. */
static int make_directory(const char *path, bool per_user)
{
	mode_t mode = per_user ? 0700 : 0755;
	struct stat st;

	/* Made and then set, whatever the umask is. */
	if (mkdir(path, 0700) == 0) {
		if (chmod(path, mode) < 0)
			return log_failure(-errno, "cannot open the directory", path,
					   "check its parent");
	} else if (errno != EEXIST) {
		return log_failure(-errno, "cannot make the directory", path,
				   "make it, owned by the broker's user");
	}
	if (lstat(path, &st) < 0)
		return log_failure(-errno, "cannot look at the directory", path,
				   "check its permissions");
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0022))
		return log_failure(
			-EPERM, "refuses the directory", path,
			"it must belong to the broker's user, be writable by nobody else and be "
			"no symbolic link; give another with --runtime-dir");
	if (per_user && (st.st_mode & 0777) != 0700)
		return log_failure(-EPERM, "refuses the directory", path,
				   "that of a per-user broker must have mode 0700");
	return 0;
}

/* The directory by the options or by the rules. */
static void choose_directory(const struct runtime_plan *plan, char directory[static PATH_MAX])
{
	if (plan->directory) {
		text_copy(directory, PATH_MAX, plan->directory);
	} else if (plan->socket) {
		const char *slash = strrchr(plan->socket, '/');
		int size = slash ? (int)(slash - plan->socket) : 0;

		snprintf(directory, PATH_MAX, "%.*s", size, plan->socket);
		if (size == 0)
			text_copy(directory, PATH_MAX, slash ? "/" : ".");
	} else if (plan->per_user) {
		wire_place_of_user(getenv("XDG_RUNTIME_DIR"), geteuid(), directory);
	} else {
		text_copy(directory, PATH_MAX, WIRE_PLACE_SYSTEM);
	}
}

/* The directory, made, and the paths in it: absolute, since clients get them. */
static int settle_paths(struct runtime *runtime, const struct runtime_plan *plan)
{
	char directory[PATH_MAX], whole[PATH_MAX], socket[PATH_MAX + sizeof("/" WIRE_PLACE_SOCKET)];
	int r;

	choose_directory(plan, directory);
	r = make_directory(directory, plan->per_user);
	if (r < 0)
		return r;
	if (!realpath(directory, whole))
		return log_failure(-errno, "cannot follow", directory, "check its parents");
	snprintf(socket, sizeof(socket), "%s/%s", whole, WIRE_PLACE_SOCKET);
	r = put(runtime->directory, sizeof(runtime->directory), whole);
	if (r == 0)
		r = put(runtime->socket, sizeof(runtime->socket),
			plan->socket ? plan->socket : socket);
	return r;
}

static int open_lock(const struct runtime *runtime, const char *name, int *ret_fd)
{
	char path[sizeof(runtime->directory) + 16];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", runtime->directory, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return log_failure(-errno, "cannot open the lock", path, "check the directory");
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

static int make_listener(struct runtime *runtime, bool per_user)
{
	const struct socket_file_plan plan = {.path = runtime->socket,
					      .type = SOCK_SEQPACKET,
					      .backlog = SOMAXCONN,
					      .mode = per_user ? 0600 : 0666};
	int r;

	if (!lock_soon(runtime->start_lock))
		return log_failure(-EBUSY, "cannot start at", runtime->socket,
				   "another program has been starting a broker there for too long");
	r = socket_file_listen(&plan, &runtime->listener);
	(void)flock(runtime->start_lock, LOCK_UN);
	return r;
}

static int take_listener(struct runtime *runtime, int fd)
{
	int type = 0, listens = 0;
	socklen_t size = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0)
		return log_failure(-errno, "cannot use the descriptor given with", "--listener",
				   "it must be a listening socket");
	if (type != SOCK_SEQPACKET || !listens)
		return log_failure(-EINVAL, "cannot use the descriptor given with", "--listener",
				   "it must be a listening SOCK_SEQPACKET socket");
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return log_failure(-errno, "cannot use the descriptor given with", "--listener",
				   "it must be open");
	runtime->listener = fd;
	return 0;
}

static int listen_at(struct runtime *runtime, const struct runtime_plan *plan)
{
	int r = plan->listener >= 0 ? take_listener(runtime, plan->listener)
				    : make_listener(runtime, plan->per_user);

	if (r == 0 && plan->is_managed)
		return 0; /* its name is not ours to take away */
	if (r == 0 && lstat(runtime->socket, &runtime->bound) < 0)
		r = log_failure(-errno, "cannot find the socket", runtime->socket,
				"somebody has removed it just now");
	return r;
}

/* While the lock is held: a former broker is through with it then. */
static int make_fifo_directory(struct runtime *runtime, bool per_user)
{
	snprintf(runtime->fifo_directory, sizeof(runtime->fifo_directory), "%s/fifo",
		 runtime->directory);
	return make_directory(runtime->fifo_directory, per_user);
}

int runtime_open(struct runtime *runtime, const struct runtime_plan *plan)
{
	int r;

	*runtime = (struct runtime){.lock = -1, .start_lock = -1, .listener = -1};
	r = settle_paths(runtime, plan);
	if (r == 0)
		r = open_lock(runtime, "lock", &runtime->lock);
	if (r == 0)
		r = open_lock(runtime, WIRE_PLACE_START, &runtime->start_lock);
	if (r == 0 && !lock_soon(runtime->lock))
		r = log_failure(-EBUSY, "cannot run in", runtime->directory,
				"another broker runs in it; end that one or give another with "
				"--runtime-dir");
	if (r == 0)
		r = listen_at(runtime, plan);
	if (r == 0)
		r = make_fifo_directory(runtime, plan->per_user);
	return r;
}

bool runtime_lock_start(struct runtime *runtime)
{
	return flock(runtime->start_lock, LOCK_EX | LOCK_NB) == 0;
}

void runtime_withdraw(struct runtime *runtime)
{
	if (runtime->bound.st_ino != 0 && lock_soon(runtime->start_lock) &&
	    socket_file_is(runtime->socket, &runtime->bound))
		(void)unlink(runtime->socket);
	runtime->bound.st_ino = 0;
}

void runtime_close(struct runtime *runtime)
{
	runtime_withdraw(runtime);
	if (runtime->fifo_directory[0])
		(void)rmdir(runtime->fifo_directory); /* stays if it is not empty */
	runtime->listener = fd_close(runtime->listener);
	runtime->start_lock = fd_close(runtime->start_lock);
	runtime->lock = fd_close(runtime->lock);
}
