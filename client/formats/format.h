/*
 * What the formats have in common that live in a segment of their own: a handle, and opening it.
 */
#ifndef FORMATS_FORMAT_H
#define FORMATS_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include <shmbroker/connection.h>
#include <shmbroker/segment.h>

#include "core/member.h"
#include "layout/head.h"

/* A handle of SIZE bytes, all zero but for a copy of NAME in the array at NAME_AT, which is its
 * last member. free() it. NULL without memory. */
void *format_handle_new(size_t size, size_t name_at, const char *name);

/* -EINVAL, with a text: the options for a FORMAT are not in order, since they WHY. */
int format_refuse_options(const char *format, const char *name, const char *why);

/* Whether OPTIONS leave to the format what is its own: 0, or -EINVAL with a text. */
int format_check_options(const char *format, const char *name,
			 const struct shmb_segment_options *options);

/*
 * As shmb_segment_open() for a segment with the layout tag TAG, of SIZE bytes when it is created.
 * One that is there and smaller than that is good all the same: what is in it depends on who
 * created it.
 */
int format_open_segment(struct shmb_connection *connection, const char *name,
			const struct shmb_segment_options *options, const char *tag, uint64_t size,
			struct shmb_segment **ret_segment);

/* Whether the object was made with the roster of MEMBER. Returns 0, or -ESTALE with a text that
 * says whose lives cannot be told, as USERS. */
int format_check_roster(const char *name, const struct shmb_member *member,
			const uint8_t instance[static LAYOUT_INSTANCE_SIZE], const char *users);

#endif
