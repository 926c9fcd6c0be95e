/*
 * The client of the limit, and the way in which every benchmark client exchanges packets.
 */
#include "support/echo.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/bench.h"

int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		bench_fail("cannot make a socket for %s: %s", path, strerror(errno));
	memcpy(address.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		bench_fail("cannot connect to %s: %s", path, strerror(errno));
	return fd;
}

/* One blocking call, with room for a descriptor only where one is expected. */
static ssize_t receive_packet(int socket, void *answer, size_t capacity, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {answer, capacity};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t size;

	if (!ret_fd)
		return recv(socket, answer, capacity, 0);
	message.msg_control = control.bytes;
	message.msg_controllen = sizeof(control.bytes);
	size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	*ret_fd = -1;
	if (size > 0 && CMSG_FIRSTHDR(&message))
		memcpy(ret_fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*ret_fd));
	return size;
}

size_t receive(int socket, void *answer, size_t capacity, int *ret_fd)
{
	ssize_t size = receive_packet(socket, answer, capacity, ret_fd);

	if (size <= 0)
		bench_fail("no answer came: %s", size < 0 ? strerror(errno) : "hang-up");
	return (size_t)size;
}

void send_packet(int socket, const void *bytes, size_t size)
{
	if (send(socket, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
		bench_fail("cannot send a request: %s", strerror(errno));
}

size_t exchange(int socket, const void *request, size_t size, void *answer, size_t capacity,
		int *ret_fd)
{
	send_packet(socket, request, size);
	return receive(socket, answer, capacity, ret_fd);
}

void echo_connect(struct echo_client *client, const char *path)
{
	*client = (struct echo_client){.socket = connect_to(path)};
}

void echo_disconnect(struct echo_client *client)
{
	client->socket = fd_close(client->socket);
}

int echo_call(struct echo_client *client, size_t request_size, size_t answer_size,
	      uint32_t descriptor, bool reopen)
{
	struct echo_request head = {
		.serial = ++client->serial,
		.answer_size = (uint32_t)answer_size,
		.descriptor = descriptor,
		.reopen = reopen,
	};
	uint8_t answer[ECHO_PACKET_MAX];
	int fd = -1;
	size_t size;

	memcpy(client->request, &head, sizeof(head));
	size = exchange(client->socket, client->request, request_size, answer, sizeof(answer),
			descriptor ? &fd : NULL);
	if (size != answer_size || memcmp(answer, &head, sizeof(head)) != 0 ||
	    (descriptor && fd < 0))
		bench_fail("the limit answered something else than it should");
	return fd;
}

void echo_tell(struct echo_client *client, size_t size)
{
	struct echo_request head = {.serial = ++client->serial, .answer_size = 0};

	memcpy(client->request, &head, sizeof(head));
	send_packet(client->socket, client->request, size);
}
