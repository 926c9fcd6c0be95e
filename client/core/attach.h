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
	bool is_huge;  /* its pages may be huge */
};

struct attachment {
	void *data;
	size_t size;
	uint8_t backing;
	bool is_placed; /* where other memory was, which it has to give back */
};

/* Returns 0, or -errno with a text: -EIDRM when it was removed meanwhile; -ESTALE when what is
 * there is not what was granted. */
int attach(const struct attach_grant *grant, struct attachment *ret_attachment);

/*
 * Let the memory from OFFSET on take the place of what is at ADDRESS, also in forked children, and
 * unmap what is before. Returns 0, or -errno with a text about NAME, and nothing has changed.
 */
int attach_place(struct attachment *attachment, const char *name, size_t offset, void *address);

/* Unmap, or put a private copy in the place that was taken; an attachment that has been ended is
 * left alone. */
void attach_end(struct attachment *attachment);

/* The rest is for attach.c alone. Put a private copy in the place that was taken. */
void attach_withdraw(const struct attachment *attachment);

/* The backings. */
int attach_sysv(const struct attach_grant *grant, void **ret_data);
int attach_memfd(const struct attach_grant *grant, void **ret_data);

#endif
