/*
 * nng over ipc (package libnng-dev): push and pull, each process with threads of its own, which are
 * on the same core. It has no busy way: it sleeps, whatever is asked for.
 */
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/attr.h"
#include "stream/transport.h"

#define RETRY_MS 10

struct peer {
	char path[128];
	char address[160];
};

static void must(int r)
{
	if (r != 0)
		bench_fail("nng: %s", nng_strerror(r));
}

static void *prepare(const struct cargo *cargo attr_unused, const struct server *broker)
{
	static unsigned n;
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		bench_fail("no memory");
	snprintf(peer->path, sizeof(peer->path), "%s/nng-%u", broker->directory, n++);
	snprintf(peer->address, sizeof(peer->address), "ipc://%s", peer->path);
	return peer;
}

static void dispose(void *prepared)
{
	struct peer *peer = prepared;

	(void)unlink(peer->path);
	free(peer);
}

static void *open_side(void *prepared, bool sends, unsigned which attr_unused)
{
	const struct peer *peer = prepared;
	nng_socket *socket = calloc(1, sizeof(*socket));

	if (!socket)
		bench_fail("no memory");
	if (sends) {
		must(nng_push0_open(socket));
		must(nng_socket_set_ms(*socket, NNG_OPT_RECONNMINT, RETRY_MS));
		must(nng_dial(*socket, peer->address, NULL, NNG_FLAG_NONBLOCK));
	} else {
		must(nng_pull0_open(socket));
		must(nng_listen(*socket, peer->address, NULL, 0));
	}
	return socket;
}

static void send(void *opened, struct cargo *cargo, uint64_t n)
{
	const nng_socket *socket = opened;

	for (; n > 0; n--) {
		nng_msg *message;

		must(nng_msg_alloc(&message, cargo->size));
		cargo_fill(cargo, nng_msg_body(message));
		must(nng_sendmsg(*socket, message, 0));
	}
}

static void take(void *opened, struct cargo *cargo, uint64_t n)
{
	const nng_socket *socket = opened;

	for (; n > 0; n--) {
		nng_msg *message;

		must(nng_recvmsg(*socket, &message, 0));
		if (nng_msg_len(message) != cargo->size)
			bench_fail("nng: a message of another size");
		cargo_check(cargo, nng_msg_body(message));
		nng_msg_free(message);
	}
}

const struct transport transport_nng = {
	.name = "nng ipc",
	.prepare = prepare,
	.open = open_side,
	.dispose = dispose,
	.send = send,
	.take = take,
};
