/*
 * Memory that forked children share, mapped twice, writable and read-only, each time between two
 * pages that fault: what formats are tried in without a broker.
 */
#ifndef UNIT_TWIN_MEMORY_H
#define UNIT_TWIN_MEMORY_H

#include <stddef.h>

#include "core/doorbell.h"
#include "core/segment.h"

struct twin_memory {
	void *writable;
	const void *locked; /* the same, read-only */
	size_t size;
	struct doorbell_page *bell;
};

/* SIZE bytes of zeros. Fails the test when there is no memory. */
void twin_memory_start(struct twin_memory *memory, size_t size);
void twin_memory_stop(struct twin_memory *memory);

/* A segment as the calling process has it attached at DATA, to be freed. */
struct shmb_segment *twin_memory_segment(const struct twin_memory *memory, const void *data);

#endif
