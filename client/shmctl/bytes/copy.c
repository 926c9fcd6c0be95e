/*
 * One system call moves at most a step, so that a signal is never long in coming and the kernel
 * never refuses a size. A descriptor that somebody else made non-blocking is waited for.
 */
#include "copy.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "progress.h"

#define STEP ((size_t)1 << 20)

static size_t step_of(size_t left)
{
	return left < STEP ? left : STEP;
}

/* After a call on FD that failed: 0 when it is worth another try, which is waited for; else -errno.
 */
static int settle(int fd, short events)
{
	struct pollfd wait = {.fd = fd, .events = events};

	if (errno == EINTR)
		return 0;
	if (errno != EAGAIN)
		return -errno;
	return poll(&wait, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

bool copy_lacks_room(int r)
{
	return r == -ENOSPC || r == -EDQUOT || r == -EFBIG;
}

int copy_out(int fd, const void *bytes, size_t size, struct progress *progress, size_t *ret_done)
{
	size_t done = 0;
	int r = 0;

	while (done < size && r == 0) {
		ssize_t n = write(fd, (const char *)bytes + done, step_of(size - done));

		if (n < 0)
			r = settle(fd, POLLOUT);
		else
			done += (size_t)n;
		if (r == 0)
			r = progress_at(progress, done);
	}
	if (ret_done)
		*ret_done = done;
	return r;
}

/* One read(2) that comes to an end, after DONE bytes. */
static ssize_t read_some(int fd, void *bytes, size_t size, struct progress *progress, uint64_t done)
{
	for (;;) {
		ssize_t n = read(fd, bytes, size);
		int r;

		if (n >= 0)
			return n;
		r = settle(fd, POLLIN);
		if (r == 0)
			r = progress_at(progress, done);
		if (r < 0)
			return r;
	}
}

ssize_t copy_some(int fd, void *bytes, size_t size)
{
	return read_some(fd, bytes, size, NULL, 0);
}

int copy_in(int fd, void *bytes, size_t size, struct progress *progress, size_t *ret_done,
	    bool *ret_more)
{
	size_t done = 0;
	char beyond;
	ssize_t n = 1;
	int r = 0;

	while (done < size && n > 0 && r == 0) {
		n = read_some(fd, (char *)bytes + done, step_of(size - done), progress, done);
		if (n > 0)
			done += (size_t)n;
		r = n < 0 ? (int)n : progress_at(progress, done);
	}
	*ret_done = done;
	if (r < 0)
		return r;
	n = done < size ? 0 : read_some(fd, &beyond, 1, progress, done);
	if (n < 0)
		return (int)n;
	*ret_more = n > 0;
	return 0;
}

/* What comes from a pipe is of a size that only its end tells, so the room for it grows. */
int copy_in_all(int fd, size_t most, void **ret_bytes, size_t *ret_size)
{
	char *bytes = NULL;
	size_t room = 0, done = 0;
	ssize_t n = 1;

	while (n > 0 && done <= most) {
		if (done == room) {
			char *larger = realloc(bytes, room + STEP);

			if (!larger) {
				n = -ENOMEM;
				break;
			}
			bytes = larger;
			room += STEP;
		}
		n = copy_some(fd, bytes + done,
			      room - done <= most - done ? room - done : most - done + 1);
		if (n > 0)
			done += (size_t)n;
	}
	if (n < 0) {
		free(bytes);
		return (int)n;
	}
	*ret_bytes = bytes;
	*ret_size = done;
	return 0;
}
