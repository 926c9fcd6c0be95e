/*
 * What the broker says unasked: it becomes events of the connection.
 */
#ifndef CORE_NOTICES_H
#define CORE_NOTICES_H

#include <stddef.h>
#include <stdint.h>

struct shmb_connection;
struct wire_header;

/* Take in a notice of SIZE bytes behind HEADER. Called with the lock. Returns 0, or -EBADMSG for
 * one that cannot be read. */
int notices_take(struct shmb_connection *connection, const struct wire_header *header,
		 const uint8_t *body, size_t size);

#endif
