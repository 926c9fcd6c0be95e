/*
 * Who has which seat. Seats are taken under the lock of the seats, and given back without it.
 *
 * Somebody sits there from the moment on that the ticket is in the seat. His cursors are stored
 * before; then he looks whether a producer has gone on meanwhile, who had not seen him.
 *
 * A seat with a name is kept when who sat there has left, or died: for whoever comes with the name,
 * who goes on where the last one stopped. Only where there is no other it goes to somebody else.
 */
#include "formats/stream_seat.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <shmbroker/lock.h>

#include "base/clock.h"
#include "base/fence.h"
#include "base/payload.h"
#include "core/error.h"
#include "core/lock.h"
#include "formats/stream_track.h"

#define SEAT_NS UINT64_C(1000000000) /* to take one, which is a matter of microseconds */

static struct shmb_lock *lock_of(const struct shmb_stream *stream)
{
	static_assert(sizeof(stream->view.header->lock) == sizeof(struct shmb_lock), "it is one");

	return (struct shmb_lock *)stream->view.header->lock;
}

static uint64_t ticket_of(const struct stream_seat *seat)
{
	return atomic_load_explicit(&seat->ticket, memory_order_acquire);
}

bool seat_is_used(const struct shmb_stream *stream, const struct stream_seat *seat)
{
	/* Pairs with the release of who sits down: the owner is his, or a later one's. */
	if (!stream_is_here(atomic_load_explicit(&seat->away, memory_order_acquire)))
		return false;
	return roster_lives(&stream->member->roster,
			    atomic_load_explicit(&seat->owner, memory_order_relaxed));
}

bool seat_holds_back(const struct shmb_stream *stream, struct stream_seat *seat)
{
	uint64_t away = atomic_load_explicit(&seat->away, memory_order_acquire);
	uint64_t retain, now;

	if (stream_is_here(away) &&
	    roster_lives(&stream->member->roster,
			 atomic_load_explicit(&seat->owner, memory_order_relaxed)))
		return true;
	retain = atomic_load_explicit(&seat->retain, memory_order_relaxed);
	if (retain == 0)
		return false;
	now = stream_away_at(clock_now_ns());
	if (!stream_is_here(away) && away <= now)
		return now - away < retain;
	/* It died, or its clock is not ours: it is away from now on. If it fails it has come back.
	 */
	(void)atomic_compare_exchange_strong_explicit(&seat->away, &away, now, memory_order_relaxed,
						      memory_order_relaxed);
	return true;
}

void seat_name(const struct stream_seat *seat, char name[static STREAM_NAME_SIZE])
{
	payload_read(name, seat->name, STREAM_NAME_SIZE);
	name[STREAM_NAME_SIZE - 1] = '\0';
}

/* The seat that is kept for NAME; NULL when there is none. */
static struct stream_seat *find_name(const struct shmb_stream *stream, const char *wanted)
{
	for (unsigned i = 0; i < stream->view.shape.n_seats; i++) {
		struct stream_seat *seat = &stream->view.seats[i];
		char name[STREAM_NAME_SIZE];

		seat_name(seat, name);
		if (ticket_of(seat) != 0 && strcmp(name, wanted) == 0)
			return seat;
	}
	return NULL;
}

/* Who died is away since now, as far as anybody knows. */
static uint64_t away_since(const struct stream_seat *seat)
{
	uint64_t away = atomic_load_explicit(&seat->away, memory_order_relaxed);

	return stream_is_here(away) ? UINT64_MAX : away;
}

/* A seat that nobody has; of those that are kept the one whose owner is away longest. */
static struct stream_seat *find_free(const struct shmb_stream *stream)
{
	struct stream_seat *kept = NULL;

	for (unsigned i = 0; i < stream->view.shape.n_seats; i++) {
		struct stream_seat *seat = &stream->view.seats[i];
		bool has_name = *(volatile char *)seat->name != '\0';

		if (ticket_of(seat) == 0 || (!has_name && !seat_is_used(stream, seat)))
			return seat;
		if (has_name && !seat_holds_back(stream, seat) &&
		    (!kept || away_since(seat) < away_since(kept)))
			kept = seat;
	}
	return kept;
}

/* What producers have begun to write over before they saw the ticket is not begun with. */
static void move_cursors(struct shmb_consumer *consumer)
{
	for (unsigned lane = 0; lane < consumer->stream->view.shape.n_lanes; lane++) {
		uint64_t oldest = track_oldest(consumer, lane);

		if ((int64_t)(oldest - track_at(&consumer->tracks[lane])) > 0)
			track_begin(consumer, lane, oldest);
	}
}

/* Go on where the last one with the name stopped. What was written over since is lost, and told. */
static void resume_cursors(struct shmb_consumer *consumer)
{
	for (unsigned lane = 0; lane < consumer->stream->view.shape.n_lanes; lane++) {
		const struct stream_cursor *cursor = &consumer->cursors[lane];
		/* Pairs with the release in stream_track.h: the number is not older. */
		uint64_t position = atomic_load_explicit(&cursor->position, memory_order_acquire) &
				    ~UINT64_C(7);
		uint64_t count = atomic_load_explicit(&cursor->count, memory_order_relaxed);
		uint32_t number = stream_count_number(count);

		/* It may be newer: then the record there says it. */
		(void)track_number_at(&consumer->stream->view, lane, position, &number);
		consumer->tracks[lane].lost_all = stream_count_lost(count);
		consumer->tracks[lane].lost =
			stream_count_lost(count) -
			atomic_load_explicit(&cursor->told, memory_order_relaxed);
		track_begin_at(consumer, lane, position, number);
	}
}

/* Who had a seat has it no more: in a queue what he had claimed is there to be had. One of those
 * who sleep may be who was sent away. */
static void return_claims(const struct stream_view *view)
{
	/* Pairs with the acquire in claim_begin_anew(). */
	(void)atomic_fetch_add_explicit(&view->header->returned, 1, memory_order_release);
	stream_wake_consumers(view);
}

static void sit_down(struct shmb_consumer *consumer, struct stream_seat *seat,
		     const struct shmb_consumer_options *options, bool resumes)
{
	struct stream_view *view = &consumer->stream->view;
	unsigned number = (unsigned)(seat - view->seats);
	char name[STREAM_NAME_SIZE] = "";

	if (options->name)
		strcpy(name, options->name); /* its length was checked */
	if (!resumes)
		atomic_store_explicit(&seat->ticket, 0, memory_order_relaxed);
	consumer->seat = seat;
	consumer->claims = view->shape.flags & STREAM_QUEUE;
	if (!consumer->claims)
		consumer->cursors = view->cursors + number * view->row;
	consumer->lane = number % view->shape.n_lanes;
	view->header->serial = stream_next_serial(view->header->serial);
	consumer->ticket = stream_ticket(view->header->serial, number);
	if (resumes) {
		resume_cursors(consumer);
	} else {
		payload_write(seat->name, name, sizeof(name));
		track_begin_all(consumer, options);
	}
	barrier_side_init(&consumer->barrier, &seat->unfenced);
	atomic_store_explicit(&seat->owner, consumer->id, memory_order_relaxed);
	/* Pairs with the acquire of who looks whether somebody is here. */
	atomic_store_explicit(&seat->away, stream_here(consumer->ticket), memory_order_release);
	atomic_store_explicit(&seat->retain, options->retain_ms * UINT64_C(1000000),
			      memory_order_relaxed);
	/* Pairs with the acquire in stream_room.c. */
	atomic_store_explicit(&seat->ticket, consumer->ticket, memory_order_release);
	/* Pairs with the one in catch_up(). */
	fence_full();
	if (resumes || options->start == SHMB_START_AT)
		for (unsigned lane = 0; lane < view->shape.n_lanes; lane++)
			track_leave_behind(consumer, lane);
	else
		move_cursors(consumer);
	/* Of who had it before. */
	return_claims(view);
}

/* With the lock. */
static int choose(struct shmb_consumer *consumer, const struct shmb_consumer_options *options)
{
	struct shmb_stream *stream = consumer->stream;
	struct stream_seat *seat = options->name ? find_name(stream, options->name) : NULL;
	bool resumes = seat && !(stream->view.shape.flags & STREAM_QUEUE);

	if (seat && seat_is_used(stream, seat))
		return error_set(-EBUSY,
				 "\"%s\" has a consumer called \"%s\", and that lives; there "
				 "can be another when it has closed it or ended",
				 stream->name, options->name);
	if (!seat)
		seat = find_free(stream);
	if (!seat)
		return error_set(
			-EBUSY,
			"\"%s\" has %u consumers, which is as many as it can have; make it "
			"with more, or send one away with \"shmctl stream evict\"",
			stream->name, stream->view.shape.n_seats);
	sit_down(consumer, seat, options, resumes);
	return 0;
}

int seat_take(struct shmb_consumer *consumer, const struct shmb_consumer_options *options)
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
	r = choose(consumer, options);
	released = lock_put_back(lock, stream->member);
	return r < 0 ? r : released;
}

/* Somebody has left: whom he held back may go on, and what he had claimed is there to be had. */
static void announce(const struct stream_view *view)
{
	return_claims(view);
	for (unsigned lane = 0; lane < view->shape.n_lanes; lane++)
		if (atomic_load_explicit(&view->heads[lane].wanted, memory_order_relaxed) != 0)
			stream_wake_producer(&view->heads[lane]);
}

/* Who has TICKET at SEAT has it no more. False when it was another's. */
static bool vacate(const struct stream_view *view, struct stream_seat *seat, uint64_t ticket)
{
	/* Pairs with the acquire of who sits down next, and with the fence of who waits for room.
	 */
	if (!atomic_compare_exchange_strong_explicit(&seat->ticket, &ticket, 0,
						     memory_order_seq_cst, memory_order_relaxed))
		return false;
	announce(view);
	return true;
}

void seat_leave(struct shmb_consumer *consumer)
{
	struct stream_seat *seat = consumer->seat;

	uint64_t here = stream_here(consumer->ticket);

	if (ticket_of(seat) != consumer->ticket)
		return;
	if (consumer->barrier.is_cheap)
		barrier_turn_dear(&consumer->barrier);
	if (*(volatile char *)seat->name == '\0') {
		(void)vacate(&consumer->stream->view, seat, consumer->ticket);
		return;
	}
	/* Unless it was sent away meanwhile, and another sits here. */
	if (atomic_compare_exchange_strong_explicit(&seat->away, &here,
						    stream_away_at(clock_now_ns()),
						    memory_order_seq_cst, memory_order_relaxed))
		announce(&consumer->stream->view);
}

int shmb_stream_evict(struct shmb_stream *stream, uint64_t ticket)
{
	int r = stream_check(stream);

	if (r < 0)
		return r;
	if (!stream->member)
		return error_set(
			-EPERM, "\"%s\" is open to be read only; open it to write to send one away",
			stream->name);
	for (unsigned i = 0; ticket != 0 && i < stream->view.shape.n_seats; i++)
		if (vacate(&stream->view, &stream->view.seats[i], ticket))
			return 0;
	return error_set(-ENOENT, "no consumer of \"%s\" has the ticket %" PRIu64, stream->name,
			 ticket);
}
