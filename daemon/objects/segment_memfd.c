/*
 * Sealed memfds. A memfd is born with mode 0777, with which an unprivileged holder of a read-only
 * descriptor can open it again for writing through /proc: so it is 0600 before anybody has it. It
 * can neither shrink nor grow, so no peer gets SIGBUS from another's ftruncate.
 *
 * Readers get a descriptor of their own kind: opened read-only, so that the kernel refuses them a
 * writable mapping. It is opened when the first reader comes and shared by all readers: what they
 * could change through it, offset and status flags, mapping does not look at.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "objects/segment_backing.h"
#include "wire/name.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int segment_memfd_make(struct segment *segment, uint64_t size, const char *name)
{
	char label[WIRE_NAME_MAX + sizeof("shmbroker:")];
	autofd fd = -1;

	snprintf(label, sizeof(label), "shmbroker:%s", name);
	fd = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) < 0 || ftruncate(fd, (off_t)size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	segment->memfd.fd = fd_steal(&fd);
	segment->memfd.read_fd = -1;
	return 0;
}

bool segment_memfd_is_intact(const struct segment *segment, uint64_t size)
{
	int fd = segment->memfd.fd, flags = fcntl(fd, F_GETFL);
	struct stat st;

	return flags >= 0 && (flags & O_ACCMODE) == O_RDWR && fcntl(fd, F_GET_SEALS) == SEALS &&
	       fstat(fd, &st) == 0 && (uint64_t)st.st_size == size && (st.st_mode & 07777) == 0600;
}

void segment_memfd_close(struct segment *segment)
{
	segment->memfd.fd = fd_close(segment->memfd.fd);
	segment->memfd.read_fd = fd_close(segment->memfd.read_fd);
}

static int open_for_reading(struct segment *segment)
{
	int fd;

	if (segment->memfd.read_fd >= 0)
		return 0;
	fd = fd_reopen(segment->memfd.fd, O_RDONLY);
	if (fd < 0)
		return fd;
	segment->memfd.read_fd = fd;
	return 0;
}

/* The last look before a descriptor leaves: nothing that was granted may be wider than the grant.
 */
static int check_grant(int fd, int access_mode)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st) < 0)
		return -errno;
	return (flags & O_ACCMODE) == access_mode && (st.st_mode & 07777) == 0600 ? 0 : -EPERM;
}

int segment_memfd_descriptor(struct segment *segment, unsigned access, int *ret_fd)
{
	bool writes = access & WIRE_ACCESS_WRITE;
	int fd, r;

	if (!writes) {
		r = open_for_reading(segment);
		if (r < 0)
			return r;
	}
	fd = writes ? segment->memfd.fd : segment->memfd.read_fd;
	r = check_grant(fd, writes ? O_RDWR : O_RDONLY);
	if (r < 0)
		return r;
	*ret_fd = fd;
	return 0;
}
