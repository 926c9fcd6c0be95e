/*
 * The 22nd field of /proc/PID/stat, behind the name of the program, which may hold anything.
 */
#include "objects/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

uint64_t process_start(pid_t pid)
{
	char path[32], text[1024];
	const char *at;
	uint64_t start;
	ssize_t size;
	autofd fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (size <= 0)
		return 0;
	text[size] = '\0';
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1,
			  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			  "%*d %*d %" SCNu64,
			  &start) != 1)
		return 0;
	return start;
}

int process_open(pid_t pid, uint64_t start)
{
	/* What it is a descriptor of then does not change: so it is opened first. */
	autofd fd = (int)syscall(SYS_pidfd_open, pid, 0);
	uint64_t now;

	if (fd < 0) /* -EINVAL, or -ENOENT of later kernels: now it is a thread's number */
		return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
	now = process_start(pid);
	if (start != 0 && now != 0 && now != start)
		return -ESRCH;
	return fd_steal(&fd);
}
