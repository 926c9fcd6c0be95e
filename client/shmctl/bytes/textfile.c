#include "textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "copy.h"
#include "words/complain.h"

#define FILE_MODE 0644 /* the collector is another user */

/* A name for mkstemp(3) in the directory of FILE, the caller's to free; NULL for no memory. */
static char *name_beside(const char *file)
{
	const char *slash = strrchr(file, '/');
	int length = slash ? (int)(slash + 1 - file) : 0;
	char *name;

	return asprintf(&name, "%.*s.shmctl-XXXXXX", length, file) < 0 ? NULL : name;
}

/* Some file systems only say at the end that they had no room. Returns 0 or -errno. */
static int fill(int take_fd, const void *text, size_t size)
{
	autofd fd = take_fd;
	int r = copy_out(fd, text, size, NULL);

	if (r < 0)
		return r;
	return fchmod(fd, FILE_MODE) < 0 || close(fd_steal(&fd)) < 0 ? -errno : 0;
}

/* Returns 0 or -errno. */
static int replace(const char *file, char *beside, const void *text, size_t size)
{
	int fd = mkostemp(beside, O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = fill(fd, text, size);
	if (r == 0 && rename(beside, file) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(beside);
	return r;
}

int textfile_write(const char *file, const void *text, size_t size)
{
	struct stat status;
	char *beside;
	int r;

	/* A device would be replaced as any file is. */
	if (stat(file, &status) == 0 && !S_ISREG(status.st_mode))
		return complain_failed("\"%s\" is no regular file and stays what it is; name one, "
				       "or \"-\" for standard output",
				       file);
	beside = name_beside(file);
	r = beside ? replace(file, beside, text, size) : -ENOMEM;
	free(beside);
	if (r < 0)
		return complain_failed(
			"cannot write \"%s\", which takes a file beside it: %s; name one in a "
			"directory that is there, has room and may be written to",
			file, strerror(-r));
	return STATUS_DONE;
}
