/*
 * The journal of one run of an operation: where the victim stood after each instruction, and what
 * each has changed in the image. From it come the states in which the image can be left, one after
 * the other.
 */
#ifndef CRASH_JOURNAL_H
#define CRASH_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes from OFFSET on that differ after step STEP from what they were before it; none where it
 * was a system call that is to be seen as one. */
struct change {
	size_t step;
	size_t offset, length;
	unsigned char *bytes;
};

struct journal {
	size_t size; /* of the image */
	unsigned char *first, *last, *now;

	/* places[k]: the next instruction when k have been executed. anchors[k]: the largest j that
	 * is not beyond k, and where the run comes to places[j] for the first time. */
	uintptr_t *places;
	size_t *anchors;
	size_t n_steps, places_room;

	struct change *changes;
	size_t n_changes, changes_room;
};

/* Begin at PLACE, with IMAGE as it is. */
void journal_init(struct journal *journal, const void *image, size_t size, uintptr_t place);
void journal_fini(struct journal *journal);

/* Another instruction has been executed, and led to PLACE. IS_CALL: it counts as a change. */
void journal_add(struct journal *journal, const void *image, uintptr_t place, bool is_call);

/* The run has ended: find the anchors. */
void journal_close(struct journal *journal);

#endif
