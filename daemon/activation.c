/*
 * Which is which is told by name, never by order, which the manager does not keep.
 */
#include "activation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

#define LISTEN_FDS_START 3 /* the first of them */

static bool listens(int fd)
{
	int is_listening = 0;
	socklen_t size = sizeof(is_listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 && is_listening;
}

/* The first one by that name; a second listener is none of ours. */
static void sort_out(struct activation *activation, int fd, const char *name)
{
	if (strcmp(name, ACTIVATION_LISTENER) == 0 && activation->listener < 0 && listens(fd))
		activation->listener = fd;
	else
		activation->stored[activation->n_stored++] =
			(struct stored){.fd = fd, .name = name};
}

/* What the environment says of NAME, if that is a number from 1 to MAX; else 0. */
static unsigned long number_of(const char *name, unsigned long max)
{
	const char *text = getenv(name);
	unsigned long number;
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return 0;
	number = strtoul(text, &end, 10);
	return *end || number > max ? 0 : number;
}

/* How many descriptors are this process's own; those of a parent are none. */
static unsigned long count(void)
{
	if (number_of("LISTEN_PID", INT_MAX) != (unsigned long)getpid())
		return 0;
	return number_of("LISTEN_FDS", INT_MAX - LISTEN_FDS_START);
}

static int take(struct activation *activation, unsigned long n)
{
	const char *names = getenv("LISTEN_FDNAMES");
	char *rest;

	activation->names = strdup(names ? names : "");
	activation->stored = calloc(n, sizeof(*activation->stored));
	rest = activation->names;
	for (unsigned long i = 0; i < n; i++) {
		int fd = LISTEN_FDS_START + (int)i;
		const char *name = rest ? strsep(&rest, ":") : NULL;

		if (!activation->names || !activation->stored)
			fd_close(fd);
		else if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
			sort_out(activation, fd, name ? name : "");
	}
	return activation->names && activation->stored ? 0 : -ENOMEM;
}

int activation_take(struct activation *activation)
{
	unsigned long n = count();
	int r = 0;

	*activation = (struct activation){.listener = -1};
	if (n > 0)
		r = take(activation, n);
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return r;
}

void activation_fini(struct activation *activation)
{
	activation->listener = fd_close(activation->listener);
	for (size_t i = 0; i < activation->n_stored; i++)
		fd_close(activation->stored[i].fd);
	free(activation->stored);
	free(activation->names);
	*activation = (struct activation){.listener = -1};
}
