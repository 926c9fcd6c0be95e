#include "socket_file.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "log.h"

static int fail(int r, const char *path, const char *advice)
{
	return log_failure(r, "cannot listen at", path, advice);
}

/*
 * Make way at the path: nothing there is fine, and so is the socket of one that died. Anything else
 * is somebody's.
 */
static int make_way(const struct sockaddr_un *address, int type)
{
	autofd fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char *path = address->sun_path;
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : fail(-errno, path, "check its directory");
	if (!S_ISSOCK(st.st_mode))
		return fail(-EEXIST, path,
			    "something that is no socket is there; remove it or choose another "
			    "path");
	if (fd < 0)
		return fail(-errno, path, "check the limits");
	/* A full backlog answers EAGAIN: also a sign of life. */
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return fail(-EADDRINUSE, path, "another broker listens there already");
	if (errno != ECONNREFUSED)
		return fail(-errno, path, "another service's socket is there; choose another path");
	return unlink(path) < 0 ? fail(-errno, path, "check its directory") : 0;
}

static int bind_and_listen(const struct sockaddr_un *address, const struct socket_file_plan *plan,
			   int *ret_fd)
{
	autofd fd = socket(AF_UNIX, plan->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before;
	int r;

	if (fd < 0)
		return -errno;
	before = umask(~plan->mode & 0777u);
	r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	(void)umask(before);
	if (r == 0 && listen(fd, plan->backlog) < 0)
		r = -errno;
	if (r == 0)
		*ret_fd = fd_steal(&fd);
	return r;
}

int socket_file_listen(const struct socket_file_plan *plan, int *ret_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int r;

	text_copy(address.sun_path, sizeof(address.sun_path), plan->path);
	r = make_way(&address, plan->type);
	if (r < 0)
		return r;
	r = bind_and_listen(&address, plan, ret_fd);
	return r < 0 ? fail(r, plan->path, "check the path and its directory") : 0;
}

bool socket_file_is(const char *path, const struct stat *bound)
{
	struct stat now;

	return lstat(path, &now) == 0 && now.st_ino == bound->st_ino && now.st_dev == bound->st_dev;
}
