/*
 * What opening a segment and opening a FIFO have in common: the creation part of the request, and
 * the hold behind the handle.
 */
#ifndef CORE_OPENING_H
#define CORE_OPENING_H

#include <stdint.h>
#include <sys/types.h>

#include <shmbroker/segment.h>

#include "wire/messages.h"

struct opening {
	uint8_t kind;
	uint8_t access;
	const char *name;
	const char *layout; /* or NULL */
	unsigned flags;     /* enum shmb_flags */
	enum shmb_backing backing;
	enum shmb_lifetime lifetime;
	unsigned mode;
	uint32_t linger_ms;
	uint32_t timeout_ms;
	uint64_t size;
	uint32_t gid;
	const struct shmb_acl_entry *acl;
	unsigned acl_n;
};

/* Returns 0 with a request to be submitted for *ret_timeout_ms, or -errno with a text. */
int opening_prepare(struct shmb_connection *connection, const struct opening *opening,
		    struct shmb_request **ret_request, uint64_t *ret_timeout_ms);

/* The outcome of a request to open a KIND; as call_take(). */
int opening_take(struct shmb_request *request, uint8_t kind);

#endif
