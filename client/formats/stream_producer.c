/*
 * Who has which lane. A lane is taken by exchanging the member in its head: for nobody, or for one
 * that is dead, whose records stay in the lane and come before the next one's.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/error.h"
#include "formats/stream_claim.h"

#define POSITION_MOST (UINT64_C(1) << 62) /* nobody comes so far */

/* Take the lane at HEAD for ID if nobody has it, or, with FROM_DEAD, nobody who lives. */
static bool take(const struct shmb_stream *stream, struct stream_lane *head, uint64_t id,
		 bool from_dead)
{
	/* Pairs with the release in shmb_producer_close(), or comes after the end of a process. */
	uint64_t owner = atomic_load_explicit(&head->owner, memory_order_acquire);

	if (owner != 0 && !(from_dead && !roster_lives(&stream->member->roster, owner)))
		return false;
	return atomic_compare_exchange_strong_explicit(&head->owner, &owner, id,
						       memory_order_acq_rel, memory_order_relaxed);
}

static struct stream_lane *take_any(const struct shmb_stream *stream, uint64_t id)
{
	const struct stream_view *view = &stream->view;

	for (unsigned from_dead = 0; from_dead < 2; from_dead++)
		for (unsigned i = 0; i < view->shape.n_lanes; i++)
			if (take(stream, &view->heads[i], id, from_dead))
				return &view->heads[i];
	return NULL;
}

/* Go on to the end of what the last producer committed. It may not have come to say so. */
static void find_end(struct shmb_producer *producer)
{
	uint64_t header = producer_header(producer, producer->position);
	uint64_t walked = 0;

	if (header != 0)
		producer->count += (uint64_t)(int64_t)(int32_t)(stream_record_number(header) -
								(uint32_t)producer->count);
	while (header != 0 && walked <= producer->mask) {
		uint64_t end = stream_record_end(header, producer->prefix, producer->position,
						 producer->mask);

		if (end == 0 || stream_record_number(header) != (uint32_t)producer->count)
			return; /* a peer's doing */
		if (stream_record_kind(header) == STREAM_RECORD)
			producer->count++;
		walked += end - producer->position;
		producer->position = end;
		header = producer_header(producer, end);
	}
}

/* Go on where the last producer came to. Of what makes no sense nothing is kept. */
static void take_over(struct shmb_producer *producer)
{
	struct stream_lane *head = producer->head;
	uint64_t oldest = atomic_load_explicit(&head->oldest, memory_order_relaxed);
	/* Pairs with the release in stream_send.c. */
	uint64_t written = atomic_load_explicit(&head->written, memory_order_acquire);

	if (written % sizeof(uint64_t) != 0 || written > POSITION_MOST)
		written = 0;
	producer->position = written;
	producer->count = atomic_load_explicit(&head->count, memory_order_relaxed);
	find_end(producer);
	if (oldest % sizeof(uint64_t) != 0 || producer->position - oldest > producer->mask)
		oldest = producer->position;
	stream_set_oldest(producer, oldest);
	if (producer->claims)
		claim_find_done(producer);
	/* Its own place is empty, also where a peer has written something into it. */
	atomic_store_explicit(stream_at(producer->lane, producer->mask, producer->position), 0,
			      memory_order_relaxed);
	/* Pairs with the acquire in stream_track.c. */
	atomic_store_explicit(&head->count, producer->count, memory_order_release);
	/* Pairs with the acquire of who comes later. */
	atomic_store_explicit(&head->written, producer->position, memory_order_release);
	atomic_store_explicit(&head->wanted, 0, memory_order_relaxed);
	barrier_side_init(&producer->barrier, &head->unfenced);
	/* The last one may have died with a record that nobody was told of. */
	stream_hear(producer);
}

static int check_writes(const struct shmb_stream *stream)
{
	int r = stream_check(stream);

	if (r < 0 || stream->member)
		return r;
	return error_set(-EPERM, "\"%s\" is open to be read only, so that nothing can be sent",
			 stream->name);
}

int shmb_producer_open(struct shmb_stream *stream, struct shmb_producer **ret_producer)
{
	struct shmb_producer *producer;
	unsigned lane;
	int r = check_writes(stream);

	if (r < 0)
		return r;
	producer = calloc(1, sizeof(*producer));
	if (!producer)
		return error_no_memory();
	producer->stream = stream;
	producer->id = atomic_load_explicit(&stream->member->id, memory_order_relaxed);
	producer->mask = stream->view.mask;
	producer->prefix = stream->view.prefix;
	producer->most = stream_record_most(&stream->view.shape);
	producer->head = take_any(stream, producer->id);
	if (!producer->head) {
		free(producer);
		return error_set(-EBUSY,
				 "all %u lanes of \"%s\" have producers that live; make it with "
				 "more lanes",
				 stream->view.shape.n_lanes, stream->name);
	}
	lane = (unsigned)(producer->head - stream->view.heads);
	producer->lane = stream_lane_bytes(&stream->view, lane);
	if (stream->view.n_claims) {
		producer->claims = stream_claim_at(&stream->view, lane, 0);
		producer->claims_mask = stream->view.n_claims - 1;
	} else {
		producer->limit_count = UINT64_MAX;
	}
	take_over(producer);
	*ret_producer = producer;
	return 0;
}

void shmb_producer_close(struct shmb_producer *producer)
{
	uint64_t id;

	if (!producer)
		return;
	id = producer->id;
	if (segment_data(producer->stream->segment)) {
		if (producer->barrier.is_cheap &&
		    atomic_load_explicit(&producer->head->owner, memory_order_relaxed) == id)
			barrier_turn_dear(&producer->barrier);
		/* Pairs with the acquire of the next one. */
		(void)atomic_compare_exchange_strong_explicit(&producer->head->owner, &id, 0,
							      memory_order_release,
							      memory_order_relaxed);
	}
	free(producer);
}
