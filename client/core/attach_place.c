/*
 * Memory that takes the place of other memory. It was attached elsewhere first, and proved there;
 * now the mapping itself moves, so that nothing has to be attached by its number again, and what a
 * segment begins with can stay behind, which shmat(2) at an address cannot do. The kernel exchanges
 * the pages in one step: a thread that uses them meanwhile sees the old or the new.
 */
#include "core/attach.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/error.h"
#include "core/words.h"

static int move(void *from, size_t size, void *to)
{
	return mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to ? 0 : -errno;
}

int attach_place(struct attachment *attachment, const char *name, size_t offset, void *address)
{
	char *from = (char *)attachment->data + offset;
	size_t size = attachment->size - offset;
	int r = 0;

	/* Before it moves: a child that is forked in between would have a hole there. */
	if (madvise(from, size, MADV_DOFORK) < 0)
		r = -errno;
	if (r == 0)
		r = move(from, size, address);
	if (r < 0) {
		(void)madvise(from, size, MADV_DONTFORK);
		return error_set(r, "\"%s\" cannot take the place of the memory at %p: %s", name,
				 address, strerror(-r));
	}
	if (offset > 0)
		(void)munmap(attachment->data, offset);
	attachment->data = address;
	attachment->size = size;
	attachment->is_placed = true;
	return 0;
}

void attach_withdraw(const struct attachment *attachment)
{
	size_t size = attachment->size;
	void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* With no memory for a copy the place keeps what it has: a hole would be a fault. */
	if (copy == MAP_FAILED)
		return;
	words_copy(copy, attachment->data, size);
	if (move(copy, size, attachment->data) < 0)
		(void)munmap(copy, size);
}
