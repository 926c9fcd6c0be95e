/*
 * A look (MSG_PEEK) without room for descriptors says that they are there (MSG_CTRUNC), and leaves
 * them to the packet.
 */
#include "server/rights.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Later than the headers of Debian 12. */
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

#define DROPPED_MAX 8 /* more is not worth it */

void rights_refuse(int listener)
{
	static const int off = 0;

	(void)setsockopt(listener, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
}

bool rights_may_come(int socket)
{
	int is_on = 1;
	socklen_t size = sizeof(is_on);

	return getsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &is_on, &size) < 0 || is_on;
}

/* The size of the next packet; 0 also at the end, negative when there is none. That the other end
 * left with something unread is said before what it has sent, and once. */
static ssize_t look(int socket, bool *ret_has_more)
{
	struct msghdr message = {.msg_iov = NULL};
	ssize_t size;

	do
		size = recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);
	while (size < 0 && errno == ECONNRESET);
	*ret_has_more = size >= 0 && (message.msg_flags & MSG_CTRUNC);
	return size;
}

bool rights_are_next(int socket)
{
	bool are_there;

	(void)look(socket, &are_there);
	return are_there;
}

/* An empty packet looks like the end; but its sender's credentials would come with it. */
static bool is_at_end(int socket)
{
	static const int on = 1;
	bool is_packet;

	(void)setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	(void)look(socket, &is_packet);
	return !is_packet;
}

bool rights_are_left(int socket)
{
	(void)shutdown(socket, SHUT_RD);
	for (unsigned i = 0; i < DROPPED_MAX; i++) {
		bool are_there;
		ssize_t size = look(socket, &are_there);
		char first;

		if (are_there)
			return true;
		if (size <= 0)
			return !is_at_end(socket);
		(void)!recv(socket, &first, sizeof(first), MSG_DONTWAIT);
	}
	return true;
}
