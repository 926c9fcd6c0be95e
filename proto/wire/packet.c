/*
 * send(2), sendmsg(2), recv(2) and recvmsg(2) with the flags that this protocol always wants. The
 * kernel installs every descriptor for which the control buffer has room, and rounds that room up:
 * so whatever arrives is looked at, and all but the first is closed.
 */
#include "wire/packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

#define RECEIVED_FDS_MAX 4 /* room for the one that is expected, and what alignment adds to it */

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(RECEIVED_FDS_MAX * sizeof(int))];
};

static ssize_t send_with_fd(int socket, const void *bytes, size_t size, int fd)
{
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = size};
	union control control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = CMSG_SPACE(sizeof(int))};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int packet_send(int socket, const void *bytes, size_t size, int fd)
{
	ssize_t sent;

	do
		sent = fd < 0 ? send(socket, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL)
			      : send_with_fd(socket, bytes, size, fd);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Keep the first descriptor of a message, close the rest. */
static int collect_fd(struct msghdr *message)
{
	int kept = -1;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		size_t n;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		n = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
			if (kept < 0)
				kept = fd;
			else
				fd_close(fd);
		}
	}
	return kept;
}

/* Without room for descriptors none is installed. */
static ssize_t receive_bytes(int socket, void *buffer, size_t capacity, int flags)
{
	ssize_t size = recv(socket, buffer, capacity, flags | MSG_TRUNC);

	if (size < 0)
		return -errno;
	return (size_t)size > capacity ? -EMSGSIZE : size;
}

static ssize_t receive(int socket, void *buffer, size_t capacity, int flags, int *ret_fd)
{
	struct iovec part = {.iov_base = buffer, .iov_len = capacity};
	union control control;
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	autofd fd = -1;
	ssize_t size;

	if (!ret_fd)
		return receive_bytes(socket, buffer, capacity, flags);
	size = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
	if (size < 0)
		return -errno;
	fd = collect_fd(&message);
	if (message.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	*ret_fd = fd_steal(&fd);
	return size;
}

ssize_t packet_receive(int socket, void *buffer, size_t capacity, int *ret_fd)
{
	ssize_t size;

	do
		size = receive(socket, buffer, capacity, MSG_DONTWAIT, ret_fd);
	while (size == -EINTR);
	return size;
}

ssize_t packet_await(int socket, void *buffer, size_t capacity, int *ret_fd)
{
	return receive(socket, buffer, capacity, 0, ret_fd);
}
