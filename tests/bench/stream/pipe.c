/*
 * A pipe, of the largest buffer that it may have, asked again and again without sleeping, or
 * sleeping. Records of up to a page are written whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/attr.h"
#include "stream/transport.h"

#define BUFFER (1 << 20)

static void *prepare(const struct cargo *cargo, const struct server *broker attr_unused)
{
	int *ends = malloc(2 * sizeof(*ends));
	int flags = cargo->wait == CARGO_SLEEP ? 0 : O_NONBLOCK;

	if (!ends || pipe2(ends, O_CLOEXEC | flags) < 0)
		bench_fail("no pipe");
	(void)fcntl(ends[1], F_SETPIPE_SZ, BUFFER);
	return ends;
}

static void dispose(void *prepared)
{
	int *ends = prepared;

	(void)close(ends[0]);
	(void)close(ends[1]);
	free(ends);
}

/* All of SIZE bytes, by DEED, which is read(2) or write(2). */
#define MOVE(deed, fd, bytes, size)                                                                \
	for (size_t done = 0; done < (size);) {                                                    \
		ssize_t moved = deed(fd, (bytes) + done, (size)-done);                             \
                                                                                                   \
		if (moved < 0 && errno != EAGAIN)                                                  \
			bench_fail("the pipe is broken");                                          \
		if (moved < 0)                                                                     \
			cargo_idle(cargo, false);                                                  \
		done += moved > 0 ? (size_t)moved : 0;                                             \
	}

static void send(void *opened, struct cargo *cargo, uint64_t n)
{
	size_t size = cargo->size * cargo->batch;

	for (; n > 0; n -= cargo->batch) {
		for (unsigned i = 0; i < cargo->batch; i++)
			cargo_fill(cargo, cargo->bytes + i * cargo->size);
		MOVE(write, ((int *)opened)[1], cargo->bytes, size)
	}
}

static void take(void *opened, struct cargo *cargo, uint64_t n)
{
	size_t size = cargo->size * cargo->batch;

	for (; n > 0; n -= cargo->batch) {
		MOVE(read, ((int *)opened)[0], cargo->bytes, size)
		for (unsigned i = 0; i < cargo->batch; i++)
			cargo_check(cargo, cargo->bytes + i * cargo->size);
	}
}

const struct transport transport_pipe = {
	.name = "pipe", .prepare = prepare, .dispose = dispose, .send = send, .take = take};
