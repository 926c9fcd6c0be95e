/*
 * A stream of shmbroker's that waits when a lane is full, asked again and again without sleeping,
 * as the others are. Copied, or filled and read in place.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <shmbroker/shmbroker.h>

#include "base/attr.h"
#include "base/pause.h"
#include "stream/transport.h"

#define LANE_SIZE (UINT64_C(1) << 20)

struct named {
	char name[32];
	const char *socket;
};

struct ours {
	struct shmb_connection *connection;
	struct shmb_stream *stream;
	struct shmb_producer *producer;
	struct shmb_consumer *consumer;
};

static void give_up(const char *what)
{
	bench_fail("%s: %s", what, shmb_last_error());
}

static void *prepare(const struct cargo *cargo attr_unused, const struct server *broker)
{
	static unsigned n;
	struct named *named = calloc(1, sizeof(*named));

	if (!named)
		bench_fail("no memory");
	snprintf(named->name, sizeof(named->name), "stream/%u", n++);
	named->socket = broker->socket;
	return named;
}

static void *open_side(void *prepared, bool sends)
{
	const struct named *named = prepared;
	const struct shmb_connect_options options = {.socket = named->socket};
	const struct shmb_stream_options stream_options = {.segment.flags = SHMB_CREATE,
							   .lane_size = LANE_SIZE,
							   .lanes = 4,
							   .consumers = 4};
	struct ours *ours = calloc(1, sizeof(*ours));

	if (!ours || shmb_connect(&options, &ours->connection) < 0 ||
	    shmb_stream_open(ours->connection, named->name, &stream_options, &ours->stream) < 0 ||
	    (sends ? shmb_producer_open(ours->stream, &ours->producer)
		   : shmb_consumer_open(ours->stream, NULL, &ours->consumer)) < 0)
		give_up(named->name);
	return ours;
}

static void close_side(void *opened)
{
	struct ours *ours = opened;

	shmb_producer_close(ours->producer);
	shmb_consumer_close(ours->consumer);
	shmb_stream_close(ours->stream);
	shmb_disconnect(ours->connection);
	free(ours);
}

static void send_batch(struct shmb_producer *producer, struct cargo *cargo)
{
	struct iovec records[CARGO_BATCH];
	unsigned done = 0, sent;

	for (unsigned i = 0; i < CARGO_BATCH; i++) {
		records[i] = (struct iovec){cargo->bytes + i * cargo->size, cargo->size};
		cargo_fill(cargo, records[i].iov_base);
	}
	while (done < CARGO_BATCH) {
		int r = shmb_producer_send_all(producer, records + done, CARGO_BATCH - done,
					       SHMB_AT_ONCE, &sent);

		if (r < 0 && r != -ETIMEDOUT)
			give_up("sending");
		done += sent;
	}
}

static void send_copied(void *opened, struct cargo *cargo, uint64_t n)
{
	struct shmb_producer *producer = ((struct ours *)opened)->producer;

	if (cargo->batch > 1) {
		for (; n > 0; n -= CARGO_BATCH)
			send_batch(producer, cargo);
		return;
	}
	for (; n > 0; n--) {
		int r;

		cargo_fill(cargo, cargo->bytes);
		do
			r = shmb_producer_send(producer, cargo->bytes, cargo->size, SHMB_AT_ONCE);
		while (r == -ETIMEDOUT);
		if (r < 0)
			give_up("sending");
	}
}

static void send_in_place(void *opened, struct cargo *cargo, uint64_t n)
{
	struct shmb_producer *producer = ((struct ours *)opened)->producer;

	for (; n > 0; n--) {
		void *bytes;
		int r;

		do
			r = shmb_producer_reserve(producer, cargo->size, SHMB_AT_ONCE, &bytes);
		while (r == -ETIMEDOUT);
		if (r < 0)
			give_up("reserving");
		cargo_fill(cargo, bytes);
		if (shmb_producer_commit(producer, cargo->size) < 0)
			give_up("committing");
	}
}

static void take_copied(void *opened, struct cargo *cargo, uint64_t n)
{
	struct shmb_consumer *consumer = ((struct ours *)opened)->consumer;

	while (n > 0) {
		int r = shmb_consumer_take(consumer, cargo->bytes, cargo->size, SHMB_AT_ONCE, NULL);

		if (r < 0)
			give_up("taking");
		if (r != 0)
			continue;
		cargo_check(cargo, cargo->bytes);
		n--;
	}
}

static void take_in_place(void *opened, struct cargo *cargo, uint64_t n)
{
	struct shmb_consumer *consumer = ((struct ours *)opened)->consumer;
	struct shmb_record records[CARGO_BATCH];

	while (n > 0) {
		unsigned got;
		int r = shmb_consumer_peek(consumer, records, cargo->batch, SHMB_AT_ONCE, &got);

		if (r < 0)
			give_up("peeking");
		if (r != 0)
			continue;
		for (unsigned i = 0; i < got; i++)
			cargo_check(cargo, records[i].data);
		if (shmb_consumer_release(consumer, got) < 0)
			give_up("releasing");
		n -= got;
	}
}

static void take(void *opened, struct cargo *cargo, uint64_t n)
{
	if (cargo->batch > 1)
		take_in_place(opened, cargo, n);
	else
		take_copied(opened, cargo, n);
}

const struct transport transport_ours = {
	.name = "ours",
	.prepare = prepare,
	.open = open_side,
	.close = close_side,
	.dispose = free,
	.send = send_copied,
	.take = take,
};

const struct transport transport_ours_in_place = {
	.name = "ours, in place",
	.prepare = prepare,
	.open = open_side,
	.close = close_side,
	.dispose = free,
	.send = send_in_place,
	.take = take_in_place,
};
