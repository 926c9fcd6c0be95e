/*
 * Where the kernel numbers processes for good, by the inodes of their pidfds (pidfs, Linux 6.9), a
 * mark is that number, and costs two calls. Else it is the 22nd field of /proc/PID/stat, behind the
 * name of the program, which may hold anything.
 */
#include "objects/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

#define PIDFS         0x50494446 /* the type of that file system */
#define MARK_IS_INODE (UINT64_C(1) << 63)

static uint64_t inode_mark(int pidfd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(pidfd, &fs) < 0 || fs.f_type != PIDFS || fstat(pidfd, &st) < 0)
		return 0;
	return MARK_IS_INODE | st.st_ino;
}

/* When PID began, in ticks since boot; 0 when that cannot be told. */
static uint64_t start_mark(pid_t pid)
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
	return start & ~MARK_IS_INODE;
}

uint64_t process_mark(pid_t pid, int pidfd, bool by_start)
{
	uint64_t mark = by_start || pidfd < 0 ? 0 : inode_mark(pidfd);

	return mark ? mark : start_mark(pid);
}

int process_open(pid_t pid, uint64_t mark)
{
	/* What it is a descriptor of then does not change: so it is opened first. */
	autofd fd = (int)syscall(SYS_pidfd_open, pid, 0);
	uint64_t now;

	if (fd < 0) /* -EINVAL, or -ENOENT of later kernels: now it is a thread's number */
		return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
	now = process_mark(pid, fd, !(mark & MARK_IS_INODE));
	if (mark != 0 && now != 0 && now != mark)
		return -ESRCH;
	return fd_steal(&fd);
}
