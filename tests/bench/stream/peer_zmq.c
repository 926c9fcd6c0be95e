/*
 * ZeroMQ over ipc (package libzmq3-dev): PUSH and PULL, each process with a context of its own,
 * whose thread is on the same core. It has no busy way: it sleeps, whatever is asked for. It
 * gathers small messages by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "base/attr.h"
#include "stream/transport.h"

#define ROOM  (1 << 20)
#define LEAST 16
#define MOST  (1 << 16)

struct peer {
	int high_water; /* messages, on each side */
	char address[64];
};

static void *prepare(const struct cargo *cargo, const struct server *broker attr_unused)
{
	static unsigned n;
	struct peer *peer = calloc(1, sizeof(*peer));
	int messages = ROOM / (int)cargo->size;

	if (!peer)
		bench_fail("no memory");
	peer->high_water = messages > MOST ? MOST : messages < LEAST ? LEAST : messages;
	/* In the abstract namespace: there is no file to be removed. */
	snprintf(peer->address, sizeof(peer->address), "ipc://@shmbroker-bench-%d-%u",
		 (int)getpid(), n++);
	return peer;
}

static void *open_side(void *prepared, bool sends, unsigned which attr_unused)
{
	const struct peer *peer = prepared;
	void *context = zmq_ctx_new();
	void *socket = context ? zmq_socket(context, sends ? ZMQ_PUSH : ZMQ_PULL) : NULL;

	if (!socket ||
	    zmq_setsockopt(socket, sends ? ZMQ_SNDHWM : ZMQ_RCVHWM, &peer->high_water,
			   sizeof(peer->high_water)) < 0 ||
	    (sends ? zmq_connect(socket, peer->address) : zmq_bind(socket, peer->address)) < 0)
		bench_fail("ZeroMQ: %s", zmq_strerror(zmq_errno()));
	return socket;
}

static void send(void *socket, struct cargo *cargo, uint64_t n)
{
	for (; n > 0; n--) {
		zmq_msg_t message;

		if (zmq_msg_init_size(&message, cargo->size) < 0)
			bench_fail("ZeroMQ: no memory");
		cargo_fill(cargo, zmq_msg_data(&message));
		if (zmq_msg_send(&message, socket, 0) < 0)
			bench_fail("ZeroMQ: %s", zmq_strerror(zmq_errno()));
	}
}

/* Where it lies does not follow from anything. */
static void check(struct cargo *cargo, const void *bytes)
{
	if ((uintptr_t)bytes % sizeof(uint64_t) != 0)
		bytes = memcpy(cargo->bytes, bytes, cargo->size);
	cargo_check(cargo, bytes);
}

static void take(void *socket, struct cargo *cargo, uint64_t n)
{
	zmq_msg_t message;

	(void)zmq_msg_init(&message);
	for (; n > 0; n--) {
		if (zmq_msg_recv(&message, socket, 0) != (int)cargo->size)
			bench_fail("ZeroMQ: %s", zmq_strerror(zmq_errno()));
		check(cargo, zmq_msg_data(&message));
	}
	(void)zmq_msg_close(&message);
}

const struct transport transport_zmq = {
	.name = "ZeroMQ ipc",
	.prepare = prepare,
	.open = open_side,
	.dispose = free,
	.send = send,
	.take = take,
};
