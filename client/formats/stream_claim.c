#include "formats/stream_claim.h"

#include "base/fence.h"
#include "formats/stream_seat.h"
#include "formats/stream_track.h"

/* Whether HOLDER, which stands in a claim, has a seat no more, or has died. */
static bool is_gone(const struct shmb_stream *stream, uint32_t holder)
{
	unsigned number = stream_ticket_seat(holder);
	const struct stream_seat *seat = &stream->view.seats[number];

	return number >= stream->view.shape.n_seats ||
	       (uint32_t)atomic_load_explicit(&seat->ticket, memory_order_acquire) !=
		       (holder & ~CLAIM_AGAIN) ||
	       !seat_is_used(stream, seat);
}

static void pass(struct shmb_consumer *consumer)
{
	atomic_store_explicit(&consumer->has_passed, true, memory_order_relaxed);
}

bool claim_take_over(struct shmb_consumer *consumer, unsigned lane, uint32_t number, uint64_t now)
{
	uint32_t holder = stream_claim_holder(now), mine = (uint32_t)consumer->ticket;

	if (stream_claim_number(now) != number || holder == STREAM_DONE)
		return false;
	if ((holder & ~CLAIM_AGAIN) == mine)
		return true;
	if (!is_gone(consumer->stream, holder)) {
		pass(consumer);
		return false;
	}
	if (atomic_compare_exchange_strong_explicit(stream_claim_at(&consumer->stream->view, lane,
								    number),
						    &now, stream_claim(number, mine | CLAIM_AGAIN),
						    memory_order_acq_rel, memory_order_relaxed))
		return true;
	pass(consumer);
	return false;
}

/* The producer of LANE waits for WANTED, and this consumer was one of those that he waits for: the
 * last of them wakes him. */
static attr_rare void look_for_last(const struct stream_view *view, unsigned lane, uint32_t wanted)
{
	/* Of two who are done at the same time one sees the other. */
	fence_full();
	for (uint32_t i = 1; i <= view->n_claims; i++) {
		uint64_t claim = atomic_load_explicit(stream_claim_at(view, lane, wanted - i),
						      memory_order_relaxed);

		if (stream_claim_number(claim) == wanted - i &&
		    stream_claim_holder(claim) != STREAM_DONE)
			return;
	}
	stream_wake_producer(&view->heads[lane]);
}

unsigned claim_done(struct shmb_consumer *consumer, unsigned lane, uint32_t number, unsigned n)
{
	const struct stream_view *view = &consumer->stream->view;
	uint32_t mine = (uint32_t)consumer->ticket;
	uint64_t wanted;
	unsigned done;

	for (done = 0; done < n; done++) {
		_Atomic uint64_t *claim = stream_claim_at(view, lane, number + done);
		uint64_t now = atomic_load_explicit(claim, memory_order_relaxed);

		/* Pairs with the acquire in claim_pass_done(): what was to be read has been. And in
		 * one order with what comes after it: this side never goes without a fence, since
		 * who is evicted in between could not be asked to make up for it. */
		if ((now & ~stream_claim(0, CLAIM_AGAIN)) != stream_claim(number + done, mine) ||
		    !atomic_compare_exchange_strong_explicit(
			    claim, &now, stream_claim(number + done, STREAM_DONE),
			    memory_order_seq_cst, memory_order_relaxed))
			break;
	}
	/* Pairs with the fence in barrier_before_sleep() of who waits. */
	wanted = atomic_load_explicit(&view->heads[lane].wanted, memory_order_seq_cst);
	if (wanted != 0 && (int32_t)((uint32_t)wanted - number) > 0)
		look_for_last(view, lane, (uint32_t)wanted);
	return done;
}

void claim_begin_anew(struct shmb_consumer *consumer)
{
	const struct shmb_stream *stream = consumer->stream;

	/* Before the claims are looked at: who goes meanwhile changes them once more. Pairs with
	 * the release in stream_seat.c, and with the broker's. */
	atomic_store_explicit(&consumer->returned,
			      atomic_load_explicit(&stream->view.header->returned,
						   memory_order_acquire),
			      memory_order_relaxed);
	atomic_store_explicit(&consumer->epoch,
			      atomic_load_explicit(&stream->member->roster.shared->epoch,
						   memory_order_acquire),
			      memory_order_relaxed);
	if (!atomic_load_explicit(&consumer->has_passed, memory_order_relaxed))
		return;
	atomic_store_explicit(&consumer->has_passed, false, memory_order_relaxed);
	for (unsigned lane = 0; lane < stream->view.shape.n_lanes; lane++)
		track_begin(consumer, lane, track_oldest(consumer, lane));
}

void claim_window(const struct stream_view *view, unsigned lane, uint32_t *ret_first,
		  uint32_t *ret_end)
{
	uint64_t oldest = atomic_load_explicit(&view->heads[lane].oldest, memory_order_acquire);
	uint32_t end =
		(uint32_t)atomic_load_explicit(&view->heads[lane].count, memory_order_acquire);

	*ret_end = end;
	if (!track_number_at(view, lane, oldest & ~UINT64_C(7), ret_first) ||
	    end - *ret_first > view->n_claims)
		*ret_first = end;
}

uint64_t claim_count(const struct stream_view *view, uint64_t ticket)
{
	uint64_t n = 0;

	for (unsigned lane = 0; view->claims && lane < view->shape.n_lanes; lane++) {
		uint32_t number, end;

		for (claim_window(view, lane, &number, &end); number != end; number++) {
			uint64_t claim = atomic_load_explicit(stream_claim_at(view, lane, number),
							      memory_order_relaxed);

			n += stream_claim_number(claim) == number &&
			     (stream_claim_holder(claim) & ~CLAIM_AGAIN) == (uint32_t)ticket;
		}
	}
	return n;
}

/* Where the record at POSITION ends, which is before the producer's own, and has NUMBER; 0 when a
 * peer has made nonsense of it. */
static uint64_t end_of(const struct shmb_producer *producer, uint64_t position, uint64_t number,
		       enum stream_kind *ret_kind)
{
	uint64_t header = producer_header(producer, position);
	uint64_t end = stream_record_end(header, producer->prefix, position, producer->mask);

	*ret_kind = stream_record_kind(header);
	if (end > producer->position || stream_record_number(header) != (uint32_t)number)
		return 0;
	return end;
}

void claim_find_done(struct shmb_producer *producer)
{
	struct stream_done *done = &producer->done;
	uint64_t oldest = producer->limit - (producer->mask + 1), kept = 0;

	if (oldest != producer->position)
		kept = (uint32_t)((uint32_t)producer->count -
				  stream_record_number(producer_header(producer, oldest)));
	*done = (struct stream_done){.position = oldest, .count = producer->count - kept};
	/* There are never more than that, unless a peer says so. */
	if (kept > producer->claims_mask + 1)
		*done = (struct stream_done){producer->position, producer->count};
	producer->limit_count = done->count + producer->claims_mask + 1;
}

static bool is_done(const struct shmb_producer *producer, uint64_t number)
{
	/* Pairs with the release in claim_done(): who had it has read it. */
	uint64_t claim = atomic_load_explicit(&producer->claims[number & producer->claims_mask],
					      memory_order_acquire);

	/* What is of another record is a peer's doing, and must not hold this one up for ever. */
	return stream_claim_holder(claim) == STREAM_DONE ||
	       stream_claim_number(claim) != (uint32_t)number;
}

void claim_pass_done(struct shmb_producer *producer)
{
	struct stream_done *done = &producer->done;

	while (done->position != producer->position) {
		enum stream_kind kind;
		uint64_t end = end_of(producer, done->position, done->count, &kind);

		if (end == 0) {
			*done = (struct stream_done){producer->position, producer->count};
			return;
		}
		if (kind == STREAM_RECORD && !is_done(producer, done->count))
			return;
		done->position = end;
		done->count += kind == STREAM_RECORD;
	}
}

uint64_t claim_wanted(const struct shmb_producer *producer, uint64_t enough, uint64_t count)
{
	struct stream_done at = producer->done;

	while (at.position < enough || at.count < count) {
		enum stream_kind kind;
		uint64_t end = end_of(producer, at.position, at.count, &kind);

		if (end == 0)
			break;
		at.position = end;
		at.count += kind == STREAM_RECORD;
	}
	return STREAM_WANTED | (uint32_t)at.count;
}
