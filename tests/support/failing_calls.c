/*
 * Calls that fail, to be preloaded into shmctl: SHMB_FAIL_CALL is the name of one, which fails from
 * the start and always with EIO. Of open() it is that of /dev/null. A user is in 300 groups where
 * getgrouplist() fails, and a program dies where shmb_state_publish() does.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

#define GROUPS 300

struct shmb_state;

EXPORT int shmb_state_publish(struct shmb_state *state, const void *value, size_t size,
			      uint64_t deadline, uint64_t *ret_version);

/* What stands behind ours. */
static void find_next(const char *call, void *ret_function)
{
	void *found = dlsym(RTLD_NEXT, call);

	memcpy(ret_function, &found, sizeof(found));
}

static bool fails(const char *call)
{
	const char *name = getenv("SHMB_FAIL_CALL");

	if (!name || strcmp(name, call) != 0)
		return false;
	errno = EIO;
	return true;
}

EXPORT int open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	if (strcmp(path, "/dev/null") == 0 && fails("open"))
		return -1;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* What open() is where its flags are not known when it is compiled, see _FORTIFY_SOURCE. */
EXPORT int __open_2(const char *path, int flags);

EXPORT int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

EXPORT int close(int fd)
{
	int r = (int)syscall(SYS_close, fd);

	return fails("close") ? -1 : r;
}

EXPORT int fstat(int fd, struct stat *ret)
{
	return fails("fstat") ? -1 : fstatat(fd, "", ret, AT_EMPTY_PATH);
}

EXPORT pid_t fork(void)
{
	pid_t (*next)(void);

	find_next("fork", &next);
	return fails("fork") ? -1 : next();
}

EXPORT int socket(int domain, int type, int protocol)
{
	return fails("socket") ? -1 : (int)syscall(SYS_socket, domain, type, protocol);
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	if (fails("connect")) {
		errno = ECONNREFUSED; /* as where nobody listens */
		return -1;
	}
	return (int)syscall(SYS_connect, fd, address, size);
}

/* It is not heard whether the broker was executed. */
EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	return fails("poll") ? -1 : (int)syscall(SYS_poll, fds, n, timeout);
}

EXPORT ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
	return fails("getrandom") ? -1 : syscall(SYS_getrandom, bytes, size, flags);
}

EXPORT int getgroups(int n, gid_t *groups)
{
	return fails("getgroups") ? -1 : (int)syscall(SYS_getgroups, n, groups);
}

EXPORT int getgrouplist(const char *user, gid_t group, gid_t *groups, int *n)
{
	int (*next)(const char *user, gid_t group, gid_t *groups, int *n);

	if (fails("getgrouplist")) {
		*n = GROUPS;
		return -1;
	}
	find_next("getgrouplist", &next);
	return next(user, group, groups, n);
}

EXPORT int shmb_state_publish(struct shmb_state *state, const void *value, size_t size,
			      uint64_t deadline, uint64_t *ret_version)
{
	int (*next)(struct shmb_state * state, const void *value, size_t size, uint64_t deadline,
		    uint64_t *ret_version);

	if (fails("shmb_state_publish"))
		_exit(EXIT_FAILURE);
	find_next("shmb_state_publish", &next);
	return next(state, value, size, deadline, ret_version);
}
