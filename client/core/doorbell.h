/*
 * The doorbell of a segment: a page beside it, which the broker hands to everybody who may open the
 * segment, also to those who may only read. Who is about to sleep rings; who changes something
 * looks whether anybody has rung, and only then wakes. Garbage in it costs a wake-up, or a sleep
 * until the next look.
 */
#ifndef CORE_DOORBELL_H
#define CORE_DOORBELL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct doorbell_page {
	_Atomic uint32_t rung; /* not 0: somebody may be asleep, or about to */
	uint32_t reserved_4[15];
};

/* Zeroed there is none. */
struct doorbell {
	struct doorbell_page *page;
	size_t size;
};

/* Map the sealed memfd FD of SIZE bytes, which stays the caller's. Returns 0, or -errno with a
 * text.
 */
int doorbell_map(int fd, uint64_t size, struct doorbell *ret_doorbell);
void doorbell_unmap(struct doorbell *doorbell);

#endif
