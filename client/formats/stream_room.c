/*
 * Room in a lane: how far its producer may write. In a queue that is what is done, which is
 * stream_claim.c's matter; here is the rest.
 *
 * What consumers have yet to read holds it back, as far as their cursors say; those that left, died
 * or were lapped hold nobody. In `oldest` the producer says what it is about to write over before
 * it does, and whoever reads looks there afterwards: so a cursor that is wrong, or one that nobody
 * has seen, costs its owner records and nobody anything else.
 *
 * A consumer that sits down stores where it begins and then looks at `oldest`; a producer that
 * stores `oldest` then looks for cursors again. So one of the two sees the other, and a consumer
 * that begins with the oldest record loses nothing.
 */
#include "formats/stream_claim.h"
#include "formats/stream_seat.h"

#include <errno.h>
#include <inttypes.h>

#include <shmbroker/error.h>

#include "base/fence.h"
#include "base/payload.h"
#include "core/error.h"

#define CLEAN_AHEAD 2048

static uint64_t oldest_of(const struct shmb_producer *producer)
{
	/* It is this producer's own. */
	return producer->limit - (producer->mask + 1);
}

void stream_set_oldest(struct shmb_producer *producer, uint64_t oldest)
{
	/* Pairs with the acquire in stream_track.c: who begins there finds what was committed, and
	 * behind it an empty place. */
	atomic_store_explicit(&producer->head->oldest, oldest, memory_order_release);
	/* Pairs with the acquire fence after a copy: who has seen a byte that is written after this
	 * sees that it may have been. */
	fence_release();
	producer->limit = oldest + producer->mask + 1;
}

/* The first position from FROM on that somebody has yet to read; UINT64_MAX when nobody reads. */
static uint64_t first_unread(const struct shmb_producer *producer, uint64_t from)
{
	const struct stream_view *view = &producer->stream->view;
	size_t lane = (size_t)(producer->head - view->heads);
	uint64_t most = producer->position - from, first = UINT64_MAX;

	for (unsigned i = 0; i < view->shape.n_seats; i++) {
		struct stream_seat *seat = &view->seats[i];
		uint64_t cursor;

		/* Pairs with the release of who sat down: its cursors are there. */
		if (atomic_load_explicit(&seat->ticket, memory_order_acquire) == 0)
			continue;
		/* Pairs with the release of who goes on: it has read what is before. */
		cursor = atomic_load_explicit(&view->cursors[i * view->row + lane].position,
					      memory_order_acquire);
		cursor &= ~UINT64_C(7); /* whatever a peer has made of it */
		if (cursor - from <= most && cursor < first &&
		    seat_holds_back(producer->stream, seat))
			first = cursor;
	}
	return first;
}

/* What can be kept when there is to be room up to END, and a bit more: so that readers do not lose
 * the line of `oldest` at each record. Not of large ones, of which nothing would be left. */
static uint64_t first_kept(const struct shmb_producer *producer, uint64_t end)
{
	uint64_t more = (producer->mask + 1) / 16;
	uint64_t wanted = end - (producer->mask + 1);
	uint64_t first = oldest_of(producer);

	if (end - producer->position <= more)
		wanted += more;
	while (first < wanted && first < producer->position) {
		first = stream_record_end(producer_header(producer, first), producer->prefix, first,
					  producer->mask);
		if (first == 0 || first > producer->position)
			first = producer->position;
	}
	return first;
}

/* Whether it is worth it to say that what lies between is given up: each time consumers lose the
 * line where it stands, and a producer at their heels would do that for each record. */
static bool is_much(const struct shmb_producer *producer, uint64_t before, uint64_t oldest)
{
	return oldest - before >= (producer->mask + 1) / 16 || oldest == producer->position;
}

/* Let what all have read be written over; or, where nobody reads, what is oldest, for room up to
 * END. */
static void catch_up_read(struct shmb_producer *producer, uint64_t end)
{
	uint64_t before = oldest_of(producer);
	uint64_t unread = first_unread(producer, before);
	uint64_t oldest = unread != UINT64_MAX ? unread : first_kept(producer, end);

	if (oldest == before || !is_much(producer, before, oldest))
		return;
	stream_set_oldest(producer, oldest);
	/* Pairs with the one of who sits down. */
	fence_full();
	unread = first_unread(producer, before);
	if (unread < oldest)
		stream_set_oldest(producer, unread);
}

/* Of a queue: let what is done be written over. */
static void catch_up_done(struct shmb_producer *producer)
{
	const struct stream_done *done = &producer->done;
	uint64_t claims = producer->claims_mask + 1;

	claim_pass_done(producer);
	if (done->count + claims - producer->limit_count < claims / 16 &&
	    !is_much(producer, oldest_of(producer), done->position))
		return;
	stream_set_oldest(producer, done->position);
	producer->limit_count = done->count + claims;
}

/* Get what room there is, up to END. */
static void catch_up(struct shmb_producer *producer, uint64_t end)
{
	if (producer->claims)
		catch_up_done(producer);
	else
		catch_up_read(producer, end);
}

static int refuse(const struct shmb_producer *producer, int r)
{
	const char *name = producer->stream->name;
	const char *why =
		producer->claims ? "consumers are slow, or there are none" : "a consumer is slow";

	if (r == -ETIMEDOUT)
		return error_set(r,
				 "the lane of \"%s\" was full until the deadline, since %s; "
				 "\"shmctl stream stat\" says who is there",
				 name, why);
	if (r == -EAGAIN)
		return error_set(r,
				 "the lane of \"%s\" is full, since %s, and this stream does not "
				 "wait; \"shmctl stream stat\" says who is there",
				 name, why);
	return error_set(r, "a signal ended the wait for room in \"%s\"", name);
}

static bool has_room_to(const struct shmb_producer *producer, uint64_t end)
{
	return end <= producer->limit && producer->count < producer->limit_count;
}

/* How far all have to have read, or be done, so that there is room up to END and for some more: but
 * no further than they can. In a queue a number, for of claims there may be too few. */
static uint64_t enough_for(const struct shmb_producer *producer, uint64_t end)
{
	uint64_t lane = producer->mask + 1, claims = producer->claims_mask + 1;
	uint64_t enough = end > lane ? end - lane + lane / 4 : 0;
	uint64_t count = producer->count + 1 + claims / 4;

	if (enough > producer->position)
		enough = producer->position;
	if (!producer->claims)
		return enough;
	count = count > claims ? count - claims : 0;
	return claim_wanted(producer, enough, count < producer->count ? count : producer->count);
}

/* Sleep until consumers have read a good part of what they hold back. */
static int await_room(struct shmb_producer *producer, uint64_t end, struct futex_patience *patience)
{
	const struct stream_view *view = &producer->stream->view;
	struct stream_lane *head = producer->head;
	const struct roster *roster = &producer->stream->member->roster;
	uint32_t room = atomic_load_explicit(&head->room, memory_order_acquire);
	uint32_t epoch = atomic_load_explicit(&roster->shared->epoch, memory_order_acquire);
	const struct futex_word words[] = {{&head->room, room}, {&roster->shared->epoch, epoch}};

	/* Pairs with the load in stream_track.h, as barrier.h has it. */
	atomic_store_explicit(&head->wanted, enough_for(producer, end), memory_order_relaxed);
	barrier_before_sleep(&view->seats->unfenced, view->shape.n_seats,
			     sizeof(struct stream_seat));
	catch_up(producer, end);
	if (has_room_to(producer, end))
		return FUTEX_STIRRED;
	return futex_sleep(words, 2, patience);
}

/* Wait for room up to END. */
static int wait_for_room(struct shmb_producer *producer, uint64_t end, uint64_t deadline)
{
	struct futex_patience patience = futex_patience(deadline);
	int r = deadline == SHMB_AT_ONCE ? -ETIMEDOUT : 0;

	while (r >= 0 && !has_room_to(producer, end)) {
		r = await_room(producer, end, &patience);
		catch_up(producer, end);
	}
	atomic_store_explicit(&producer->head->wanted, 0, memory_order_relaxed);
	return has_room_to(producer, end) ? 0 : refuse(producer, r);
}

/* Room up to END, by what the stream does with a full lane. */
static int make_room_to(struct shmb_producer *producer, uint64_t end, uint64_t deadline)
{
	unsigned flags = producer->stream->view.shape.flags;

	if (has_room_to(producer, end))
		return 0;
	if (flags & STREAM_OVERWRITE)
		stream_set_oldest(producer, first_kept(producer, end));
	else
		catch_up(producer, end);
	if (has_room_to(producer, end))
		return 0;
	return flags & STREAM_REFUSE ? refuse(producer, -EAGAIN)
				     : wait_for_room(producer, end, deadline);
}

/* Empty what is in front of POSITION, so far as there is room and the lane does not end. False when
 * that is nothing. */
bool stream_clean_ahead(struct shmb_producer *producer, uint64_t position)
{
	uint64_t rest = producer->mask + 1 - (position & producer->mask);
	uint64_t length = CLEAN_AHEAD;

	if (length > rest)
		length = rest;
	if (length > producer->limit - position)
		length = producer->limit - position;
	length &= ~UINT64_C(7);
	payload_zero(producer->lane + (position & producer->mask), length);
	producer->clean = position + length;
	return length > 0;
}

/* Fill the rest of the lane, so that the position is at its beginning again. */
static void skip_rest(struct shmb_producer *producer, uint64_t rest)
{
	uint64_t end = producer->position + rest;

	atomic_store_explicit(stream_at(producer->lane, producer->mask, end), 0,
			      memory_order_relaxed);
	/* Pairs with the acquire in stream_track.h. */
	atomic_store_explicit(stream_at(producer->lane, producer->mask, producer->position),
			      stream_record(STREAM_SKIP, 0, producer->count), memory_order_release);
	producer->position = end;
}

int stream_make_room(struct shmb_producer *producer, uint64_t stride, uint64_t deadline)
{
	uint64_t rest = producer->mask + 1 - (producer->position & producer->mask);
	uint64_t skipped = stride > rest ? rest : 0;
	int r = make_room_to(producer, producer->position + skipped + stride + sizeof(uint64_t),
			     deadline);

	if (r == 0 && skipped)
		skip_rest(producer, skipped);
	return r;
}
