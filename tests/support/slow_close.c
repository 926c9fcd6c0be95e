#include "support/slow_close.h"

#include <check.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

/* Both buffers are small, so that they are soon full. */
static int make_socket(int option)
{
	static const int least = 4096;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, option, &least, sizeof(least)), 0);
	return fd;
}

static void linger(int socket, int seconds)
{
	const struct linger linger = {.l_onoff = 1, .l_linger = seconds};

	ck_assert_int_eq(setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
}

static void fill(int socket)
{
	static const char bytes[4096];

	while (send(socket, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

void slow_close_make(struct slow_close *slow)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *any = (struct sockaddr *)&address;
	socklen_t size = sizeof(address);
	autofd listener = make_socket(SO_RCVBUF);

	slow->socket = make_socket(SO_SNDBUF);
	ck_assert_int_eq(bind(listener, any, size), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, any, &size), 0);
	ck_assert_int_eq(connect(slow->socket, any, size), 0);
	slow->far_end = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(slow->far_end, 0);
	linger(slow->socket, SLOW_CLOSE_S);
	fill(slow->socket);
}

void slow_close_end(struct slow_close *slow)
{
	if (slow->socket >= 0)
		linger(slow->socket, 0);
	slow->socket = fd_close(slow->socket);
	slow->far_end = fd_close(slow->far_end);
}
