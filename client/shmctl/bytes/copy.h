/*
 * Moving bytes between memory and descriptors, whole, in bounded steps.
 */
#ifndef SHMCTL_BYTES_COPY_H
#define SHMCTL_BYTES_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct progress;

/* Whether R says that there was no room, so that more of it, or another place, would do. */
bool copy_lacks_room(int r);

/* Write all of BYTES. Returns 0, or -errno with *ret_done, which may be NULL, bytes written. With
 * PROGRESS, which may be NULL, it is shown, and -EINTR when a signal ends it. */
int copy_out(int fd, const void *bytes, size_t size, struct progress *progress, size_t *ret_done);

/* One read(2) that comes to an end. Returns the number of bytes, 0 at the end, or -errno. */
ssize_t copy_some(int fd, void *bytes, size_t size);

/*
 * Read until the end of the input or until SIZE bytes are there, their number in *ret_done. Returns
 * 0 with *ret_more telling whether the input goes on; else -errno. PROGRESS as above.
 */
int copy_in(int fd, void *bytes, size_t size, struct progress *progress, size_t *ret_done,
	    bool *ret_more);

/* Read until the end of the input, but no more than MOST bytes and one, into memory that is the
 * caller's to free. Returns 0 or -errno. */
int copy_in_all(int fd, size_t most, void **ret_bytes, size_t *ret_size);

#endif
