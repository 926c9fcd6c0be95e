/*
 * limit_echo SOCKET DESCRIPTORS: a server that does what every server of this kind has to, and
 * nothing else. It waits in libevent with raw events, receives a packet and sends one back: as many
 * bytes as the request says, and the descriptor that it names, if it names one. The descriptors
 * are memfds, each beginning with its own number, so that a client can tell whether it got the
 * right one. "Reopen" opens it anew through /proc for reading, as handing out a read-only grant
 * does.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/echo.h"
#include "wire/packet.h"

#define MEMFD_SIZE 4096

static struct event_base *base;
static int *descriptors;
static unsigned n_descriptors;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "limit_echo: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static int answer(int socket, const uint8_t *packet, const struct echo_request *request)
{
	int fd = -1, r;

	if (request->answer_size > ECHO_PACKET_MAX || request->descriptor > n_descriptors)
		return -EINVAL;
	if (request->answer_size == 0)
		return 0;
	if (request->descriptor == 0)
		return packet_send(socket, packet, request->answer_size, -1);
	fd = descriptors[request->descriptor - 1];
	if (!request->reopen)
		return packet_send(socket, packet, request->answer_size, fd);
	fd = fd_reopen(fd, O_RDONLY);
	if (fd < 0)
		return fd;
	r = packet_send(socket, packet, request->answer_size, fd);
	fd_close(fd);
	return r;
}

static void on_packet(evutil_socket_t socket, short what, void *data)
{
	static uint8_t packet[ECHO_PACKET_MAX];
	struct event **self = data;
	struct echo_request request;
	ssize_t size = recv(socket, packet, sizeof(packet), MSG_DONTWAIT);

	(void)what;
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size >= (ssize_t)sizeof(request)) {
		memcpy(&request, packet, sizeof(request));
		if (answer(socket, packet, &request) == 0)
			return;
	}
	event_free(*self);
	free(self);
	fd_close(socket);
}

static void on_connection(evutil_socket_t listener, short what, void *data)
{
	struct event **self = malloc(sizeof(struct event *));
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	(void)data;
	if (!self || fd < 0)
		fail("accept");
	*self = event_new(base, fd, EV_READ | EV_PERSIST, on_packet, self);
	if (!*self || event_add(*self, NULL) < 0)
		fail("event");
}

static void make_descriptors(unsigned n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	descriptors = calloc(n ? n : 1, sizeof(*descriptors));
	if (!descriptors)
		fail("memory");
	for (; n_descriptors < n; n_descriptors++) {
		uint64_t number = n_descriptors + 1;
		int fd = memfd_create("limit", MFD_CLOEXEC);

		if (fd < 0 || ftruncate(fd, MEMFD_SIZE) < 0 ||
		    pwrite(fd, &number, sizeof(number), 0) != sizeof(number))
			fail("memfd");
		descriptors[n_descriptors] = fd;
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		fail(path);
	memcpy(address.sun_path, path, strlen(path));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		fail(path);
	return fd;
}

static struct event_base *make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *made;

	if (!config || event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) < 0)
		fail("libevent");
	made = event_base_new_with_config(config);
	event_config_free(config);
	if (!made)
		fail("libevent");
	return made;
}

int main(int argc, char **argv)
{
	struct event *listening;

	if (argc != 3) {
		fputs("Usage: limit_echo SOCKET DESCRIPTORS\n", stderr);
		return 2;
	}
	make_descriptors((unsigned)strtoul(argv[2], NULL, 10));
	base = make_base();
	listening = event_new(base, listen_at(argv[1]), EV_READ | EV_PERSIST, on_connection, NULL);
	if (!listening || event_add(listening, NULL) < 0)
		fail("event");
	return event_base_dispatch(base) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
