/*
 * Which is which is told by name, never by order, which the manager does not keep.
 */
#include "activation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "base/fd.h"
#include "log.h"

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

int activation_take(struct activation *activation)
{
	int n;

	*activation = (struct activation){.listener = -1};
	n = sd_listen_fds_with_names(1, &activation->names);
	if (n < 0) {
		log_error("cannot take the descriptors of the service manager: %s", strerror(-n));
		return n;
	}
	if (n == 0)
		return 0;
	activation->stored = calloc((size_t)n, sizeof(*activation->stored));
	for (int i = 0; i < n; i++) {
		if (activation->stored)
			sort_out(activation, SD_LISTEN_FDS_START + i, activation->names[i]);
		else
			fd_close(SD_LISTEN_FDS_START + i);
	}
	return activation->stored ? 0 : -ENOMEM;
}

void activation_fini(struct activation *activation)
{
	activation->listener = fd_close(activation->listener);
	for (size_t i = 0; i < activation->n_stored; i++)
		fd_close(activation->stored[i].fd);
	free(activation->stored);
	for (char **name = activation->names; name && *name; name++)
		free(*name);
	free(activation->names);
	*activation = (struct activation){.listener = -1};
}
