/*
 * The handle of a segment, for the formats: they look at each call whether its memory is still
 * there, which is a nanosecond's matter here, and ring at its doorbell.
 */
#ifndef CORE_SEGMENT_H
#define CORE_SEGMENT_H

#include <shmbroker/segment.h>

#include <stdint.h>

#include "core/attach.h"
#include "core/doorbell.h"
#include "core/process.h"

struct shmb_segment {
	struct shmb_connection *connection;
	struct shmb_request *hold; /* NULL once the connection has ended */
	uint64_t process;          /* that it is attached in; no process once it is nowhere */
	struct attachment attachment;
	struct shmb_segment_facts info;
	/* What a format does in a forked child that goes on with it (shmb_rejoin()), before
	 * anything else: what its handle remembers is the parent's. NULL: nothing. */
	void (*passed_on)(void *handle);
	void *format_handle;
	char why[];
};

/* Whether the memory is there. False also when that cannot be told so quickly: then
 * segment_data() can. */
static inline bool segment_is_here(const struct shmb_segment *segment)
{
	return process_is(segment->process);
}

/* As shmb_segment_data(). */
static inline void *segment_data(const struct shmb_segment *segment)
{
	return segment->process == process_here() ? segment->attachment.data : NULL;
}

/* Why segment_data() is NULL. Returns -EOWNERDEAD or -ENOTCONN, with a text. */
int segment_gone(const struct shmb_segment *segment);

/* Whether it is not another process's. Returns 0, or -EOWNERDEAD with a text in a forked child. */
int segment_check(const struct shmb_segment *segment);

/*
 * Let the memory of SEGMENT from OFFSET on, both whole pages, take the place of what this process
 * has at ADDRESS, in one step; what is before OFFSET is unmapped. It is there in forked children
 * too. When the segment is detached, or its connection ends, a private copy takes its place.
 *
 * Returns 0, or -errno with a text, and nothing has changed.
 */
int segment_place(struct shmb_segment *segment, size_t offset, void *address);

/* The segment's doorbell, for which the broker is asked; it is the caller's. Returns 0, or -errno
 * with a text. */
int segment_doorbell(struct shmb_segment *segment, struct doorbell *ret_doorbell);

#endif
