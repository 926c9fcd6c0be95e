/*
 * A segment, planned and made.
 */
#ifndef UNIT_MAKE_SEGMENT_H
#define UNIT_MAKE_SEGMENT_H

#include "objects/segment.h"

static inline int make_segment(struct segment *segment, uint8_t backing, uint64_t size,
			       const struct sysv_grant *grant)
{
	int r = segment_plan(segment, backing);

	return r < 0 ? r : segment_make(segment, size, grant, "n");
}

#endif
