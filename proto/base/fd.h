/*
 * Owned file descriptors. A descriptor has one owner and one end: `autofd` closes at the end of
 * the scope unless fd_steal() hands the descriptor on.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <errno.h>
#include <unistd.h>

#include "base/attr.h"

/* Close FD unless it is negative; errno stays as it was. Returns -1, so that `fd = fd_close(fd)`.
 */
static inline int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return -1;
}

static inline void fd_cleanup(int *fd)
{
	*fd = fd_close(*fd);
}

/* Give up ownership: the descriptor is returned, the variable is left at -1. */
static inline int fd_steal(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/*
 * Open anew what FD is open on, with an offset and FLAGS of its own. Returns the descriptor, which
 * is close-on-exec, or -errno.
 */
int fd_reopen(int fd, int flags);

#define autofd attr_cleanup(fd_cleanup) int

#endif
