/*
 * Mapping what the broker granted. Neither the answer nor what it points to is believed: each
 * backing first maps, which pins, and then proves that this is what was granted.
 */
#ifndef CORE_ATTACH_H
#define CORE_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/messages.h"

/* What was granted, as far as the mapping has to know. */
struct attach_grant {
	const char *name;
	const struct wire_open_reply *opened;
	int fd; /* memfd */
	bool writable;
	bool inherits; /* forked children keep the mapping */
};

struct attachment {
	void *data;
	size_t size;
	uint8_t backing;
};

/* Returns 0, or -errno with a text: -EIDRM when it was removed meanwhile; -ESTALE when what is
 * there is not what was granted. */
int attach(const struct attach_grant *grant, struct attachment *ret_attachment);

/* Unmap; an attachment that has been ended is left alone. */
void attach_end(struct attachment *attachment);

/* The backings, for attach.c alone. */
int attach_sysv(const struct attach_grant *grant, void **ret_data);
int attach_memfd(const struct attach_grant *grant, void **ret_data);

#endif
