#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/fd.h"

#define FIRST_ROOM       4096
#define NUMBER_FILE_MOST 4096

char *files_path(const char *root, const char *name, char path[static PATH_MAX])
{
	int length = snprintf(path, PATH_MAX, "%s%s", root, name);

	return length < 0 || length >= PATH_MAX ? NULL : path;
}

/* Returns a descriptor or -errno. */
static int open_regular(const char *root, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	autofd fd = -1;

	if (!files_path(root, name, path))
		return -ENAMETOOLONG;
	/* A FIFO that was put there would else be waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? fd_steal(&fd) : -EBADMSG;
}

/* Files of /proc have no size that could be known before. */
static int read_all(int fd, size_t most, char **text, size_t *ret_size)
{
	size_t room = FIRST_ROOM, size = 0;

	for (;;) {
		char *longer = realloc(*text, room + 1);
		ssize_t n;

		if (!longer)
			return -ENOMEM;
		*text = longer;
		n = read(fd, *text + size, room - size);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		size += n > 0 ? (size_t)n : 0;
		if (size > most)
			return -EFBIG;
		if (size == room)
			room *= 2;
	}
	*ret_size = size;
	return 0;
}

int files_read_text(const char *root, const char *name, size_t most, char **ret_text)
{
	autofd fd = open_regular(root, name);
	char *text = NULL;
	size_t size = 0;
	int r = fd < 0 ? fd : read_all(fd, most, &text, &size);

	if (r < 0) {
		free(text);
		return r;
	}
	for (size_t i = 0; i < size; i++)
		if (text[i] == '\0')
			text[i] = '?';
	text[size] = '\0';
	*ret_text = text;
	return 0;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

int files_take_number(const char **text, uint64_t *ret_number)
{
	const char *at = *text, *digits;
	uint64_t number = 0;

	while (is_blank(*at))
		at++;
	for (digits = at; *at >= '0' && *at <= '9'; at++)
		if (!checked_mul_u64(number, 10, &number) ||
		    !checked_add_u64(number, (uint64_t)(*at - '0'), &number))
			number = UINT64_MAX;
	if (at == digits || (*at && !is_blank(*at)))
		return -EBADMSG;
	*text = at;
	*ret_number = number;
	return 0;
}

int files_read_number(const char *root, const char *name, uint64_t *ret_number)
{
	char *text = NULL;
	const char *at;
	int r = files_read_text(root, name, NUMBER_FILE_MOST, &text);

	if (r < 0)
		return r;
	at = text;
	r = files_take_number(&at, ret_number);
	free(text);
	return r;
}
