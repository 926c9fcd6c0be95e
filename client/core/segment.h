/*
 * Segments as the formats use them, beyond what programs can.
 */
#ifndef CORE_SEGMENT_H
#define CORE_SEGMENT_H

#include <shmbroker/segment.h>

#include "core/doorbell.h"

struct shmb_connection;

/* The connection that it was opened through; NULL when that has ended. */
struct shmb_connection *segment_connection(const struct shmb_segment *segment);

/* The segment's doorbell, for which the broker is asked; it is the caller's. Returns 0, or -errno
 * with a text. */
int segment_doorbell(struct shmb_segment *segment, struct doorbell *ret_doorbell);

#endif
