/*
 * mkfifoat(2), a look at what was really opened, and an ACL by libacl, set last: chmod(2) after it
 * would clear its mask.
 */
#include "objects/fifo.h"

#include <acl/libacl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/acl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "wire/vocabulary.h"

static void acl_cleanup(acl_t *acl)
{
	if (*acl)
		acl_free(*acl);
}

static const char *bits_text(unsigned bits)
{
	static const char *const texts[] = {"---", "-w-", "r--", "rw-"};

	return texts[(bits >> 1) & 3u];
}

/* Everything but the broker's own access: the owner, the group and the others. */
static int set_acl(int fd, const struct permission *permission)
{
	char text[160];
	attr_cleanup(acl_cleanup) acl_t acl = NULL;

	snprintf(text, sizeof(text), "u::rw-,u:%u:%s,g::---,g:%u:%s,m::rw-,o::%s", permission->uid,
		 bits_text(permission->mode >> 6), permission->gid,
		 bits_text(permission->mode >> 3), bits_text(permission->mode));
	acl = acl_from_text(text);
	if (!acl)
		return -errno;
	return acl_set_fd(fd, acl) < 0 ? -errno : 0;
}

/* Open what is at FILE and be sure that it is a FIFO of ours and nothing that was put in its place.
 */
static int open_keeper(int directory, const char *file, uid_t broker_uid, int *ret_fd)
{
	autofd fd = openat(directory, file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISFIFO(st.st_mode) || st.st_uid != broker_uid)
		return -EEXIST;
	*ret_fd = fd_steal(&fd);
	return 0;
}

/* A FIFO that nobody in the registry has is an earlier broker's. */
static int make_file(int directory, const char *file, uid_t broker_uid)
{
	struct stat st;

	if (mkfifoat(directory, file, 0600) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (fstatat(directory, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISFIFO(st.st_mode) || st.st_uid != broker_uid)
		return -EEXIST;
	if (unlinkat(directory, file, 0) < 0)
		return -errno;
	return mkfifoat(directory, file, 0600) < 0 ? -errno : 0;
}

int fifo_create(struct fifo *fifo, int directory, const char *name,
		const struct permission *permission, uid_t broker_uid)
{
	char file[WIRE_NAME_MAX + 1];
	autofd keeper = -1;
	int r;

	wire_name_to_file(name, file);
	r = make_file(directory, file, broker_uid);
	if (r < 0)
		return r;
	r = open_keeper(directory, file, broker_uid, &keeper);
	if (r == 0 && (permission->uid != broker_uid || (permission->mode & 0066u)))
		r = set_acl(keeper, permission);
	if (r < 0) {
		(void)unlinkat(directory, file, 0);
		return r;
	}
	fifo->keeper = fd_steal(&keeper);
	return 0;
}

void fifo_destroy(struct fifo *fifo, int directory, const char *name)
{
	char file[WIRE_NAME_MAX + 1];

	if (fifo->keeper < 0)
		return;
	wire_name_to_file(name, file);
	(void)unlinkat(directory, file, 0);
	fifo_abandon(fifo);
}

void fifo_abandon(struct fifo *fifo)
{
	fifo->keeper = fd_close(fifo->keeper);
}

int fifo_descriptor(const struct fifo *fifo, unsigned access, int *ret_fd)
{
	int mode = access == WIRE_ACCESS_READ ? O_RDONLY : O_WRONLY;
	char path[sizeof("/proc/self/fd/") + 12];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fifo->keeper);
	fd = open(path, mode | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}
