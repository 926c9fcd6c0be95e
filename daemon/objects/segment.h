/*
 * What holds the bytes of a segment: a System V segment or a sealed memfd. The broker makes it,
 * hands it out and ends it; it never maps it.
 */
#ifndef OBJECTS_SEGMENT_H
#define OBJECTS_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rules/access.h"
#include "wire/vocabulary.h"

struct segment {
	uint8_t backing; /* WIRE_BACKING_SYSV or _MEMFD; 0 when there is none */
	union {
		struct {
			int id;
			key_t key;
			uid_t maker; /* the broker */
		} sysv;
		struct {
			int fd;
			int read_fd; /* opened read-only, at the first grant that needs it; else -1
				      */
		} memfd;
	};
};

/*
 * What a new segment of this BACKING will be before it is made: for System V its key, which is
 * random and nobody's now. Returns 0 or -errno.
 */
int segment_plan(struct segment *segment, uint8_t backing);

/*
 * Make it as it was planned, zeroed; GRANT is for System V. Returns 0 or -errno, and then SEGMENT
 * is empty: -EEXIST when somebody has taken the key meanwhile, -ENOSPC when the machine has no more
 * segments or memory for it, -EINVAL for a size that the kernel does not take, -EMFILE, -ENOMEM.
 */
int segment_make(struct segment *segment, uint64_t size, const struct sysv_grant *grant,
		 const char *name);

/*
 * Find again a segment of SIZE bytes that an earlier broker made: of System V by its KEY, a memfd
 * in TAKE_FD, which on success is SEGMENT's. Returns 0; -ENOENT when it is not there; -EEXIST when
 * another has its key, or the memfd is not what was made; another -errno when that cannot be told.
 */
int segment_find_sysv(struct segment *segment, uint32_t key, uint64_t size);
int segment_find_memfd(struct segment *segment, int take_fd, uint64_t size);

/* From now on it may be attached as GRANT says; what is attached stays. Only System V has a say in
 * that: a memfd is handed out anew each time. Returns 0 or -errno. */
int segment_permit(const struct segment *segment, const struct sysv_grant *grant);

/* End it: nobody can attach it any more; what is attached stays. Does nothing to an empty one. */
void segment_destroy(struct segment *segment);

/* The same in silence, for other threads than the loop's. Returns 0 or -errno, with which a System
 * V segment is left, for the loop to say so. */
int segment_end(struct segment *segment);
void segment_say_left(int id, int error);

/* Leave the kernel's object alone, closing what the broker has of it. */
void segment_abandon(struct segment *segment);

/*
 * The descriptor to send for ACCESS, borrowed, or -1 for System V. Its mode and access mode are
 * checked against what the grant may carry. Returns 0 or -errno.
 */
int segment_descriptor(struct segment *segment, unsigned access, int *ret_fd);

/* Whether it is still the segment that was made, of SIZE bytes: anybody of the broker's uid and
 * root can remove a System V segment, and its id comes round again. */
bool segment_is_intact(const struct segment *segment, uint64_t size);

/* Whether the kernel still has what SEGMENT was before it was destroyed, or is about to be; false
 * for a memfd, of which the broker does not know. */
bool segment_lives_on(const struct segment *destroyed);

/* Whether it can be found by its key, which a System V segment loses when it is removed; false for
 * a memfd. */
bool segment_has_key(const struct segment *segment);

/* How many attachments the kernel counts, also those that the ledger does not know. 0 for memfd. */
uint64_t segment_attachments(const struct segment *segment);

#endif
