/*
 * What both backings have in common: the bounds of the size, and that a forked child does not get
 * the mapping unless it is to.
 */
#include "core/attach.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "core/error.h"
#include "wire/vocabulary.h"

#define SIZE_LIMIT (UINT64_C(1) << 47)

static_assert(sizeof(size_t) == 8, "segments of up to 2^47 bytes are mapped");

static int attach_backing(const struct attach_grant *grant, void **ret_data)
{
	switch (grant->opened->backing) {
	case WIRE_BACKING_SYSV:
		return attach_sysv(grant, ret_data);
	case WIRE_BACKING_MEMFD:
		return attach_memfd(grant, ret_data);
	default:
		return error_set(-EPROTO,
				 "\"%s\" has a backing (%u) that this library does not know; bring "
				 "it up to date with the broker",
				 grant->name, grant->opened->backing);
	}
}

int attach(const struct attach_grant *grant, struct attachment *ret_attachment)
{
	struct attachment attachment = {
		.size = grant->opened->size,
		.backing = grant->opened->backing,
	};
	int r;

	if (grant->opened->size == 0 || grant->opened->size > SIZE_LIMIT)
		return error_set(-EPROTO, "\"%s\" was granted with an impossible size, %" PRIu64,
				 grant->name, grant->opened->size);
	r = attach_backing(grant, &attachment.data);
	if (r < 0)
		return r;
	/* A kernel without them has nothing that could be different. */
	if (grant->is_huge)
		(void)madvise(attachment.data, attachment.size, MADV_HUGEPAGE);
	if (!grant->inherits && madvise(attachment.data, attachment.size, MADV_DONTFORK) < 0) {
		r = -errno;
		attach_end(&attachment);
		return error_set(r, "\"%s\" cannot be kept out of forked children: %s", grant->name,
				 strerror(-r));
	}
	*ret_attachment = attachment;
	return 0;
}

void attach_end(struct attachment *attachment)
{
	if (!attachment->data)
		return;
	if (attachment->is_placed)
		attach_withdraw(attachment);
	else if (attachment->backing == WIRE_BACKING_SYSV)
		(void)shmdt(attachment->data);
	else
		(void)munmap(attachment->data, attachment->size);
	attachment->data = NULL;
}
