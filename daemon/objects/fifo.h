/*
 * FIFOs in the broker's FIFO directory. A FIFO is a file of mode 0600 that belongs to the broker's
 * user; everybody else's permission is an entry of its POSIX ACL. The broker keeps it open for
 * reading, so that unread data outlive their writers.
 */
#ifndef OBJECTS_FIFO_H
#define OBJECTS_FIFO_H

#include "rules/access.h"
#include "wire/name.h"

struct fifo {
	int keeper; /* -1 when there is none */
};

/*
 * Make the FIFO of NAME in DIRECTORY, under another name first. Returns 0 or -errno: -ENOTSUP when
 * the permission needs an ACL and the file system has none, -EEXIST when something that is not the
 * broker's FIFO is in the way.
 */
int fifo_create(struct fifo *fifo, int directory, const char *name,
		const struct permission *permission, const struct broker_identity *broker);

/* Now it has its path, in the place of the generation before or of one that an earlier broker left.
 * Returns 0 or -errno. */
int fifo_publish(int directory, const char *name);

/*
 * Find again what an earlier broker made, in TAKE_KEEPER, which is FIFO's on success; perhaps it
 * has not been published yet. Returns 0; -ENOENT when it is not there, or has lost its path.
 */
int fifo_find(struct fifo *fifo, int take_keeper, int directory, const char *name);

/* From now on it may be opened as PERMISSION says; who has it open keeps it. Returns 0 or -errno:
 * -ENOTSUP when that needs an ACL and the file system has none. */
int fifo_permit(const struct fifo *fifo, const struct permission *permission,
		const struct broker_identity *broker);

/* Take its path away, or the other name when it has not been published, and close it; who has it
 * open keeps it. Does nothing to an empty one. */
void fifo_destroy(struct fifo *fifo, int directory, const char *name);

/* Close it and leave its path. */
void fifo_abandon(struct fifo *fifo);

/*
 * A new descriptor for ACCESS, either reading or writing, non-blocking; the caller's. Returns 0 or
 * -errno.
 */
int fifo_descriptor(const struct fifo *fifo, unsigned access, int *ret_fd);

#endif
