/*
 * The broker may have a page of another size than this process, and is not believed more than
 * another one: the seals are what keeps a peer from making the next access a SIGBUS.
 */
#include "core/doorbell.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/attach.h"
#include "core/error.h"

#define SIZE_MAX_HERE (UINT64_C(1) << 20)

int doorbell_map(int fd, uint64_t size, struct doorbell *ret_doorbell)
{
	const struct wire_open_reply opened = {.size = size};
	const struct attach_grant grant = {.name = "doorbell",
					   .opened = &opened,
					   .fd = fd,
					   .writable = true};
	void *data;
	int r;

	if (size < sizeof(struct doorbell_page) || size > SIZE_MAX_HERE)
		return error_set(-EPROTO, "the broker has sent a doorbell of an impossible size");
	r = attach_memfd(&grant, &data);
	if (r < 0)
		return r;
	*ret_doorbell = (struct doorbell){.page = data, .size = size};
	return 0;
}

void doorbell_unmap(struct doorbell *doorbell)
{
	if (doorbell->page)
		(void)munmap(doorbell->page, doorbell->size);
	*doorbell = (struct doorbell){.page = NULL};
}
