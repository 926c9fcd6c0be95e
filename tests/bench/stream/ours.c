/*
 * A stream of shmbroker's that waits when a lane is full, asked again and again without sleeping,
 * as the others are, or sleeping as they do. Copied, or filled and read in place.
 */
#include "stream/ours.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define LANE_SIZE      (UINT64_C(1) << 20)
#define LITTLE_LANE    (UINT64_C(1) << 18) /* where there are many of them */
#define LANES_LEAST    4u
#define CONSUMERS_FEW  4u
#define CONSUMERS_MORE 16u

struct ours_named {
	char name[32];
	const char *socket;
	struct shmb_stream_options options;
	unsigned idle_lanes;
	_Atomic uint64_t *taken; /* shared */
};

void ours_give_up(const char *what)
{
	bench_fail("%s: %s", what, shmb_last_error());
}

void *ours_prepare(const struct cargo *cargo, const struct server *broker)
{
	static unsigned n;
	struct ours_named *named = calloc(1, sizeof(*named));
	unsigned lanes = cargo->producers + cargo->idle_lanes;

	if (!named)
		bench_fail("no memory");
	snprintf(named->name, sizeof(named->name), "stream/%u", n++);
	named->socket = broker->socket;
	named->idle_lanes = cargo->idle_lanes;
	named->taken = transport_share(sizeof(*named->taken));
	named->options = (struct shmb_stream_options){
		.segment.flags = SHMB_CREATE,
		.lane_size = cargo->producers > 1 ? LITTLE_LANE : LANE_SIZE,
		.lanes = lanes > LANES_LEAST ? lanes : LANES_LEAST,
		.consumers = cargo->consumers > CONSUMERS_FEW ? CONSUMERS_MORE : CONSUMERS_FEW,
		.delivery = cargo->is_queue ? SHMB_QUEUE : SHMB_BROADCAST,
	};
	return named;
}

/* Producers that live and send nothing; they end with the process. */
static void open_idle(struct shmb_stream *stream, unsigned n)
{
	struct shmb_producer *idle;

	for (unsigned i = 0; i < n; i++)
		if (shmb_producer_open(stream, &idle) < 0)
			ours_give_up("a lane that is idle");
}

void *ours_open(void *prepared, bool sends, unsigned which)
{
	const struct ours_named *named = prepared;
	const struct shmb_connect_options options = {.socket = named->socket};
	struct ours *ours = calloc(1, sizeof(*ours));

	if (!ours || shmb_connect(&options, &ours->connection) < 0 ||
	    shmb_stream_open(ours->connection, named->name, &named->options, &ours->stream) < 0 ||
	    (sends ? shmb_producer_open(ours->stream, &ours->producer)
		   : shmb_consumer_open(ours->stream, NULL, &ours->consumer)) < 0)
		ours_give_up(named->name);
	ours->named = named;
	if (!sends && which == 0)
		open_idle(ours->stream, named->idle_lanes);
	return ours;
}

void ours_dispose(void *prepared)
{
	struct ours_named *named = prepared;

	transport_unshare((void *)named->taken, sizeof(*named->taken));
	free(named);
}

_Atomic uint64_t *ours_taken(const struct ours *ours)
{
	return ours->named->taken;
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
					       ours_deadline(cargo), &sent);

		if (r == -ETIMEDOUT)
			cargo_idle(cargo, false);
		else if (r < 0)
			ours_give_up("sending");
		done += sent;
	}
}

void ours_send(void *opened, struct cargo *cargo, uint64_t n)
{
	struct shmb_producer *producer = ((struct ours *)opened)->producer;
	uint64_t deadline = ours_deadline(cargo);

	if (cargo->batch > 1) {
		for (; n > 0; n -= CARGO_BATCH)
			send_batch(producer, cargo);
		return;
	}
	for (; n > 0; n--) {
		int r;

		cargo_fill(cargo, cargo->bytes);
		while ((r = shmb_producer_send(producer, cargo->bytes, cargo->size, deadline)) ==
		       -ETIMEDOUT)
			cargo_idle(cargo, false);
		if (r < 0)
			ours_give_up("sending");
	}
}

static void send_in_place(void *opened, struct cargo *cargo, uint64_t n)
{
	struct shmb_producer *producer = ((struct ours *)opened)->producer;
	uint64_t deadline = ours_deadline(cargo);

	for (; n > 0; n--) {
		void *bytes;
		int r;

		while ((r = shmb_producer_reserve(producer, cargo->size, deadline, &bytes)) ==
		       -ETIMEDOUT)
			cargo_idle(cargo, false);
		if (r < 0)
			ours_give_up("reserving");
		cargo_fill(cargo, bytes);
		if (shmb_producer_commit(producer, cargo->size) < 0)
			ours_give_up("committing");
	}
}

static void take_copied(struct shmb_consumer *consumer, struct cargo *cargo, uint64_t n)
{
	uint64_t deadline = ours_deadline(cargo);

	while (n > 0) {
		int r = shmb_consumer_take(consumer, cargo->bytes, cargo->size, deadline, NULL);

		if (r < 0)
			ours_give_up("taking");
		if (r != 0) {
			cargo_idle(cargo, false);
			continue;
		}
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
		int r = shmb_consumer_peek(consumer, records, cargo->batch, ours_deadline(cargo),
					   &got);

		if (r < 0)
			ours_give_up("peeking");
		if (r != 0) {
			cargo_idle(cargo, false);
			continue;
		}
		for (unsigned i = 0; i < got; i++)
			cargo_check(cargo, records[i].data);
		if (shmb_consumer_release(consumer, got) < 0)
			ours_give_up("releasing");
		n -= got;
	}
}

static void take(void *opened, struct cargo *cargo, uint64_t n)
{
	if (cargo->batch > 1)
		take_in_place(opened, cargo, n);
	else
		take_copied(((struct ours *)opened)->consumer, cargo, n);
}

const struct transport transport_ours = {
	.name = "ours",
	.prepare = ours_prepare,
	.open = ours_open,
	.dispose = ours_dispose,
	.send = ours_send,
	.take = take,
};

const struct transport transport_ours_in_place = {
	.name = "ours, in place",
	.prepare = ours_prepare,
	.open = ours_open,
	.dispose = ours_dispose,
	.send = send_in_place,
	.take = take_in_place,
};
