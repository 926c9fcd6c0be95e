/*
 * The magic is not looked at here alone: who fetches the rest has loaded it with acquire before.
 */
#include "layout/head.h"

#include <string.h>

void layout_head_fill(struct layout_head *head, uint32_t version, uint32_t header_size,
		      uint32_t flags, const uint8_t instance[static LAYOUT_INSTANCE_SIZE])
{
	head->version = version;
	head->abi = LAYOUT_ABI;
	head->header_size = header_size;
	head->flags = flags;
	memcpy(head->instance, instance, LAYOUT_INSTANCE_SIZE);
}

const char *layout_head_fault(const struct layout_head *copy, uint64_t magic, uint32_t version,
			      uint32_t header_size)
{
	if (copy->magic != magic)
		return "is something else";
	if (copy->abi != LAYOUT_ABI)
		return "was laid out by another kind of machine";
	if (copy->version != version)
		return "is of another version of the layout";
	if (copy->header_size != header_size)
		return "has another header";
	return NULL;
}
