/*
 * A connected datagram socket, a datagram for each message.
 */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "wire/packet.h"

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(address);
	autofd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	text_copy(address.sun_path, sizeof(address.sun_path), path);
	if (path[0] == '@') { /* an abstract name has a length, and a 0 in front */
		address.sun_path[0] = '\0';
		size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	}
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, size) < 0)
		return -1;
	return fd_steal(&fd);
}

void notify_open(struct notify *notify, const char *path)
{
	*notify = (struct notify){.socket = -1, .has_manager = path != NULL};
	if (path && (path[0] == '/' || path[0] == '@') &&
	    strlen(path) < sizeof(((struct sockaddr_un *)NULL)->sun_path))
		notify->socket = connect_to(path);
}

void notify_close(struct notify *notify)
{
	notify->socket = fd_close(notify->socket);
}

uint64_t notify_watchdog_usec(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(usec, NULL, 10);
}

int notify_send(const struct notify *notify, const char *text, int fd)
{
	int r;

	if (notify->socket < 0)
		return -ENOTCONN;
	r = packet_send(notify->socket, text, strlen(text), fd);
	return r == -EWOULDBLOCK || r == -ENOBUFS ? -EAGAIN : r;
}
