/*
 * Who has which seat. Seats are taken under the lock of the seats, and given back without it.
 *
 * Somebody sits there from the moment on that the ticket is in the seat. His cursors are stored
 * before; then he looks whether a producer has gone on meanwhile, who had not seen him.
 */
#include <errno.h>
#include <stdlib.h>

#include <shmbroker/lock.h>

#include "base/clock.h"
#include "base/fence.h"
#include "core/error.h"
#include "core/lock.h"
#include "formats/stream.h"

#define SEAT_NS UINT64_C(1000000000) /* to take one, which is a matter of microseconds */

static struct shmb_lock *lock_of(const struct shmb_stream *stream)
{
	static_assert(sizeof(stream->view.header->lock) == sizeof(struct shmb_lock), "it is one");

	return (struct shmb_lock *)stream->view.header->lock;
}

static bool is_free(const struct shmb_stream *stream, const struct stream_seat *seat)
{
	return atomic_load_explicit(&seat->ticket, memory_order_acquire) == 0 ||
	       !roster_lives(&stream->member->roster,
			     atomic_load_explicit(&seat->owner, memory_order_relaxed));
}

static struct stream_seat *find_seat(const struct shmb_stream *stream)
{
	for (unsigned i = 0; i < stream->view.shape.n_seats; i++)
		if (is_free(stream, &stream->view.seats[i]))
			return &stream->view.seats[i];
	return NULL;
}

/* Begin at POSITION of LANE. */
static void place_cursor(struct shmb_consumer *consumer, unsigned lane, uint64_t position)
{
	struct stream_track *track = &consumer->tracks[lane];

	track->cursor = position & ~UINT64_C(7);
	track->has_number =
		stream_number_at(&consumer->stream->view, lane, track->cursor, &track->number);
	if (consumer->seat)
		atomic_store_explicit(&consumer->cursors[lane], track->cursor,
				      memory_order_relaxed);
}

static uint64_t oldest_in(const struct shmb_consumer *consumer, unsigned lane)
{
	/* Pairs with the release in stream_set_oldest(). */
	return atomic_load_explicit(&consumer->stream->view.heads[lane].oldest,
				    memory_order_acquire);
}

static void place_cursors(struct shmb_consumer *consumer, enum shmb_start start)
{
	const struct stream_view *view = &consumer->stream->view;

	for (unsigned lane = 0; lane < view->shape.n_lanes; lane++)
		place_cursor(consumer, lane,
			     start == SHMB_START_OLDEST
				     ? oldest_in(consumer, lane)
				     /* Pairs with the release in stream_send.c. */
				     : atomic_load_explicit(&view->heads[lane].written,
							    memory_order_acquire));
}

/* What producers have begun to write over before they saw the ticket is not begun with. */
static void move_cursors(struct shmb_consumer *consumer)
{
	for (unsigned lane = 0; lane < consumer->stream->view.shape.n_lanes; lane++) {
		uint64_t oldest = oldest_in(consumer, lane);

		if ((int64_t)(oldest - consumer->tracks[lane].cursor) > 0)
			place_cursor(consumer, lane, oldest);
	}
}

/* With the lock. */
static int sit_down(struct shmb_consumer *consumer, enum shmb_start start)
{
	struct shmb_stream *stream = consumer->stream;
	struct stream_view *view = &stream->view;
	struct stream_seat *seat = find_seat(stream);

	if (!seat)
		return error_set(-EBUSY,
				 "\"%s\" has %u consumers that live, which is as many as it can "
				 "have; make it with more",
				 stream->name, view->shape.n_seats);
	atomic_store_explicit(&seat->ticket, 0, memory_order_relaxed);
	consumer->seat = seat;
	consumer->cursors = view->cursors + (size_t)(seat - view->seats) * view->row;
	consumer->ticket = view->header->tickets += 2;
	atomic_store_explicit(&seat->owner, consumer->id, memory_order_relaxed);
	atomic_store_explicit(&seat->away, 0, memory_order_relaxed);
	atomic_store_explicit(&seat->retain, 0, memory_order_relaxed);
	atomic_store_explicit(&seat->lost, 0, memory_order_relaxed);
	barrier_side_init(&consumer->barrier, &seat->unfenced);
	place_cursors(consumer, start);
	/* Pairs with the acquire in stream_room.c. */
	atomic_store_explicit(&seat->ticket, consumer->ticket, memory_order_release);
	/* Pairs with the one in catch_up(). */
	fence_full();
	move_cursors(consumer);
	return 0;
}

static int take_seat(struct shmb_consumer *consumer, enum shmb_start start)
{
	struct shmb_stream *stream = consumer->stream;
	struct shmb_lock *lock = lock_of(stream);
	int r, released;

	if (!stream->member)
		return error_set(-EPERM,
				 "\"%s\" is open to be read only, so that this one cannot be "
				 "waited for; let it look on",
				 stream->name);
	consumer->id = atomic_load_explicit(&stream->member->id, memory_order_relaxed);
	r = shmb_lock_acquire(lock, stream->member, clock_now_ns() + SEAT_NS);
	/* Half a seat is none, and the next one's. */
	if (r == SHMB_OWNER_DIED)
		r = shmb_lock_repaired(lock, stream->member);
	if (r < 0)
		return r;
	r = sit_down(consumer, start);
	released = lock_put_back(lock, stream->member);
	return r < 0 ? r : released;
}

int shmb_consumer_open(struct shmb_stream *stream, const struct shmb_consumer_options *options,
		       struct shmb_consumer **ret_consumer)
{
	static const struct shmb_consumer_options plain;
	struct shmb_consumer *consumer;
	int r = stream_check(stream);

	if (r < 0)
		return r;
	if (!options)
		options = &plain;
	consumer = calloc(1, sizeof(*consumer) +
				     stream->view.shape.n_lanes * sizeof(consumer->tracks[0]));
	if (!consumer)
		return error_no_memory();
	consumer->stream = stream;
	consumer->spins = STREAM_SPINS_FIRST;
	if (options->looks_on)
		place_cursors(consumer, options->start);
	else
		r = take_seat(consumer, options->start);
	if (r < 0) {
		shmb_consumer_close(consumer);
		return r;
	}
	*ret_consumer = consumer;
	return 0;
}

/* Whoever it held back may go on. */
static void get_up(struct shmb_consumer *consumer)
{
	const struct stream_view *view = &consumer->stream->view;
	uint64_t ticket = consumer->ticket;

	/* Pairs with the acquire in is_free(), and with the full fence of who waits for room. */
	if (!atomic_compare_exchange_strong_explicit(&consumer->seat->ticket, &ticket, 0,
						     memory_order_seq_cst, memory_order_relaxed))
		return;
	for (unsigned lane = 0; lane < view->shape.n_lanes; lane++)
		if (atomic_load_explicit(&view->heads[lane].wanted, memory_order_relaxed) != 0)
			stream_wake_producer(&view->heads[lane]);
}

void shmb_consumer_close(struct shmb_consumer *consumer)
{
	if (!consumer)
		return;
	if (consumer->seat && segment_data(consumer->stream->segment) &&
	    atomic_load_explicit(&consumer->stream->member->id, memory_order_relaxed) ==
		    consumer->id)
		get_up(consumer);
	free(consumer);
}
