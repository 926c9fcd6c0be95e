/*
 * A POSIX message queue, asked again and again without sleeping, or sleeping. It has as many
 * messages as the others have room for, where that is allowed, or else ten; where its messages may
 * not be so large, it takes no part.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/attr.h"
#include "stream/transport.h"

#define ROOM  ((size_t)1 << 20)
#define MOST  1024u
#define LEAST 10u

static mqd_t of(void *prepared)
{
	return (mqd_t)(intptr_t)prepared - 1;
}

static void *prepare(const struct cargo *cargo, const struct server *broker attr_unused)
{
	static unsigned n;
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	int flags = O_RDWR | O_CREAT | O_EXCL | (cargo->wait == CARGO_SLEEP ? 0 : O_NONBLOCK);
	size_t messages = ROOM / cargo->size;
	struct mq_attr attributes = {.mq_msgsize = (long)cargo->size};
	char name[64];
	mqd_t queue;

	messages = messages > MOST ? MOST : messages < LEAST ? LEAST : messages;
	attributes.mq_maxmsg = (long)messages;
	(void)setrlimit(RLIMIT_MSGQUEUE, &all);
	snprintf(name, sizeof(name), "/shmbroker-bench-%d-%u", (int)getpid(), n++);
	queue = mq_open(name, flags, 0600, &attributes);
	if (queue < 0) {
		attributes.mq_maxmsg = LEAST;
		queue = mq_open(name, flags, 0600, &attributes);
	}
	if (queue < 0)
		return NULL;
	(void)mq_unlink(name);
	return (void *)(intptr_t)(queue + 1);
}

static void dispose(void *prepared)
{
	(void)mq_close(of(prepared));
}

static void send(void *prepared, struct cargo *cargo, uint64_t n)
{
	for (; n > 0; n--) {
		cargo_fill(cargo, cargo->bytes);
		while (mq_send(of(prepared), (const char *)cargo->bytes, cargo->size, 0) < 0) {
			if (errno != EAGAIN)
				bench_fail("a POSIX queue is broken");
			cargo_idle(cargo, false);
		}
	}
}

static void take(void *prepared, struct cargo *cargo, uint64_t n)
{
	for (; n > 0; n--) {
		ssize_t got;

		while ((got = mq_receive(of(prepared), (char *)cargo->bytes, cargo->size, NULL)) <
			       0 &&
		       errno == EAGAIN)
			cargo_idle(cargo, false);
		if (got != (ssize_t)cargo->size)
			bench_fail("a POSIX queue is broken");
		cargo_check(cargo, cargo->bytes);
	}
}

const struct transport transport_mq = {
	.name = "POSIX mq",
	.prepare = prepare,
	.dispose = dispose,
	.send = send,
	.take = take,
};
