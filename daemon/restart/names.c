/*
 * readdir(3), with the descriptor and errno in order.
 */
#include "restart/names.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"

DIR *names_open(int parent, const char *directory)
{
	autofd fd = openat(parent, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *names = fd < 0 ? NULL : fdopendir(fd);
	int error = errno;

	if (names)
		(void)fd_steal(&fd);
	else
		fd = fd_close(fd);
	errno = error;
	return names;
}

void names_close(DIR **names)
{
	if (*names)
		(void)closedir(*names);
}

const char *names_next(DIR *names)
{
	const struct dirent *entry;

	errno = 0;
	entry = readdir(names);
	return entry ? entry->d_name : NULL;
}
