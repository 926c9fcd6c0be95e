/*
 * Records in a stream of bytes: lines, each ended by a line feed that is no part of it, or framed,
 * each behind its length in four bytes, the highest first.
 */
#ifndef SHMCTL_BYTES_FRAMING_H
#define SHMCTL_BYTES_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/uio.h>

struct framing {
	int fd;
	bool is_framed;
	size_t most; /* bytes of a record */
	char *bytes; /* what was read and not taken: from `at` to `end` of `room` */
	size_t at, end, room;
	size_t searched; /* of what is there, for the end of a line */
	bool is_over;
};

void framing_init(struct framing *framing, int fd, bool is_framed, size_t most);
void framing_fini(struct framing *framing);

/*
 * Up to N whole records, which are there until the next call: as many as have come, waiting only
 * for the first. Returns 0 with *ret_n of them, none at the end of the input; -EFBIG when the next
 * one is larger than the most, behind *ret_n that are not; -EBADMSG when the input ends within one;
 * else -errno.
 */
int framing_next(struct framing *framing, struct iovec *records, unsigned n, unsigned *ret_n);

/* Print a record so that the same comes out of it. */
void framing_print(FILE *out, bool is_framed, const void *bytes, size_t size);

#endif
