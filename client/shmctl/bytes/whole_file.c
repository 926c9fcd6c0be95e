#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

bool whole_file_is_special(const char *file)
{
	struct stat status;

	return stat(file, &status) == 0 && !S_ISREG(status.st_mode);
}

/* A name for mkstemp(3) in the directory of FILE, the caller's to free; NULL for no memory. */
static char *name_beside(const char *file)
{
	const char *slash = strrchr(file, '/');
	int length = slash ? (int)(slash + 1 - file) : 0;
	char *name;

	return asprintf(&name, "%.*s.shmctl-XXXXXX", length, file) < 0 ? NULL : name;
}

static void forget(struct whole_file *file)
{
	free(file->name);
	free(file->beside);
	*file = (struct whole_file){.fd = -1};
}

/* The file that is replaced may be for others of its group than those of the writer's: the new one
 * is for the same, or, where it cannot be given to them, for no group more than for everybody. */
static int take_permission(int fd, const char *name, mode_t mode)
{
	const mode_t everybody = mode & S_IRWXO;
	struct stat before;

	if (stat(name, &before) == 0 && fchown(fd, (uid_t)-1, before.st_gid) < 0)
		mode = (mode & ~(mode_t)S_IRWXG) | (mode & everybody << 3);
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

int whole_file_begin(struct whole_file *file, const char *name, mode_t mode)
{
	int r = 0;

	*file = (struct whole_file){.fd = -1, .name = realpath(name, NULL)};
	if (!file->name)
		file->name = strdup(name);
	file->beside = file->name ? name_beside(file->name) : NULL;
	if (!file->beside)
		r = -ENOMEM;
	else if ((file->fd = mkostemp(file->beside, O_CLOEXEC)) < 0)
		r = -errno;
	if (r < 0) {
		forget(file);
		return r;
	}
	r = take_permission(file->fd, file->name, mode);
	if (r < 0)
		whole_file_abandon(file);
	return r;
}

/* What a signal interrupts is begun again. */
static int sync_to_disk(int fd)
{
	int r;

	do
		r = fsync(fd) < 0 ? -errno : 0;
	while (r == -EINTR);
	return r;
}

/* Some file systems only say at the end that they had no room. */
int whole_file_end(struct whole_file *file)
{
	int r = sync_to_disk(file->fd);

	/* What a signal interrupts is closed all the same. */
	if (close(fd_steal(&file->fd)) < 0 && errno != EINTR && r == 0)
		r = -errno;
	if (r == 0 && rename(file->beside, file->name) < 0)
		r = -errno;
	if (r < 0)
		whole_file_abandon(file);
	else
		forget(file);
	return r;
}

void whole_file_abandon(struct whole_file *file)
{
	file->fd = fd_close(file->fd);
	(void)unlink(file->beside);
	forget(file);
}
