/*
 * message_queue of boost.interprocess (package libboost-dev), which copies in and out under a
 * mutex.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/attr.h"
#include "stream/boost_queue.h"
#include "stream/transport.h"

#define ROOM  ((size_t)1 << 20)
#define MOST  1024u
#define LEAST 16u

static void *prepare(const struct cargo *cargo, const struct server *broker attr_unused)
{
	static unsigned n;
	size_t messages = ROOM / cargo->size;
	char name[64];

	messages = messages > MOST ? MOST : messages < LEAST ? LEAST : messages;
	snprintf(name, sizeof(name), "shmbroker-bench-%d-%u", (int)getpid(), n++);
	return boost_queue_make(name, messages, cargo->size);
}

static void send(void *queue, struct cargo *cargo, uint64_t n)
{
	for (; n > 0; n--) {
		cargo_fill(cargo, cargo->bytes);
		if (cargo->wait == CARGO_SLEEP) {
			if (!boost_queue_send(queue, cargo->bytes, cargo->size))
				bench_fail("boost: a message cannot be sent");
			continue;
		}
		while (!boost_queue_try_send(queue, cargo->bytes, cargo->size))
			cargo_idle(cargo, false);
	}
}

static void take(void *queue, struct cargo *cargo, uint64_t n)
{
	for (; n > 0; n--) {
		if (cargo->wait == CARGO_SLEEP) {
			if (!boost_queue_take(queue, cargo->bytes, cargo->size))
				bench_fail("boost: a message cannot be taken");
		} else {
			while (!boost_queue_try_take(queue, cargo->bytes, cargo->size))
				cargo_idle(cargo, false);
		}
		cargo_check(cargo, cargo->bytes);
	}
}

const struct transport transport_boost = {
	.name = "boost message_queue",
	.prepare = prepare,
	.dispose = boost_queue_end,
	.send = send,
	.take = take,
};
