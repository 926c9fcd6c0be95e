/*
 * A pair of Unix sockets that keep records apart, with the largest buffer that they may have, asked
 * again and again without sleeping, or sleeping.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "stream/transport.h"

#define BUFFER (1 << 20)

static void *prepare(const struct cargo *cargo, const struct server *broker attr_unused)
{
	int *ends = malloc(2 * sizeof(*ends));
	int flags = SOCK_CLOEXEC | (cargo->wait == CARGO_SLEEP ? 0 : SOCK_NONBLOCK);
	int buffer = BUFFER;

	if (!ends || socketpair(AF_UNIX, SOCK_SEQPACKET | flags, 0, ends) < 0)
		bench_fail("no sockets");
	if (setsockopt(ends[1], SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer)) < 0)
		(void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	return ends;
}

static void dispose(void *prepared)
{
	int *ends = prepared;

	(void)close(ends[0]);
	(void)close(ends[1]);
	free(ends);
}

static void send_all(void *opened, struct cargo *cargo, uint64_t n)
{
	int end = ((int *)opened)[1];

	for (; n > 0; n--) {
		cargo_fill(cargo, cargo->bytes);
		while (send(end, cargo->bytes, cargo->size, MSG_NOSIGNAL) < 0) {
			if (errno != EAGAIN)
				bench_fail("a socket is broken");
			cargo_idle(cargo, false);
		}
	}
}

static void take_all(void *opened, struct cargo *cargo, uint64_t n)
{
	int end = ((int *)opened)[0];

	for (; n > 0; n--) {
		ssize_t got;

		while ((got = recv(end, cargo->bytes, cargo->size, 0)) < 0 && errno == EAGAIN)
			cargo_idle(cargo, false);
		if (got != (ssize_t)cargo->size)
			bench_fail("a socket is broken");
		cargo_check(cargo, cargo->bytes);
	}
}

const struct transport transport_seqpacket = {
	.name = "seqpacket",
	.prepare = prepare,
	.dispose = dispose,
	.send = send_all,
	.take = take_all,
};
