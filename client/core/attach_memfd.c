/*
 * Sealed memfds. Without the seals a peer could cut the file short, and the next access to what is
 * gone would be a SIGBUS.
 */
#include "core/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/error.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int prove(const struct attach_grant *grant)
{
	struct stat st;
	int seals;

	if (grant->fd < 0)
		return error_set(-EPROTO, "\"%s\" was granted as a memfd, but none came with it",
				 grant->name);
	seals = fcntl(grant->fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS) != SEALS)
		return error_set(
			-ESTALE,
			"\"%s\" was granted as a file that could still change its size; it "
			"is not attached",
			grant->name);
	if (fstat(grant->fd, &st) < 0 || (uint64_t)st.st_size != grant->opened->size)
		return error_set(-ESTALE, "\"%s\" is not of the size that was granted",
				 grant->name);
	return 0;
}

int attach_memfd(const struct attach_grant *grant, void **ret_data)
{
	int protection = grant->writable ? PROT_READ | PROT_WRITE : PROT_READ;
	void *data;
	int r = prove(grant);

	if (r < 0)
		return r;
	data = mmap(NULL, grant->opened->size, protection, MAP_SHARED, grant->fd, 0);
	if (data == MAP_FAILED)
		return error_set(-errno, "\"%s\" cannot be mapped: %s", grant->name,
				 strerror(errno));
	*ret_data = data;
	return 0;
}
