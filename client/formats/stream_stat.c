/*
 * Looking at a stream from outside. What is seen was so for each word at some moment, and what does
 * not go together is made to.
 */
#include <errno.h>

#include <shmbroker/error.h>

#include "base/clock.h"
#include "core/error.h"
#include "formats/stream_claim.h"
#include "formats/stream_seat.h"

/* Through a mapping that is read-only nobody is known to have died. */
static bool lives(const struct shmb_stream *stream, uint64_t member)
{
	return !stream->member || roster_lives(&stream->member->roster, member);
}

/* From A to B, which was loaded after it; 0 when a peer has made nonsense of them. */
static uint64_t distance(const struct shmb_stream *stream, uint64_t a, uint64_t b)
{
	return b - a <= stream->view.mask + 1 ? b - a : 0;
}

/* From FROM to where the producer of LANE writes: of who was lapped, all that is kept. */
static uint64_t behind_in(const struct shmb_stream *stream, unsigned lane, uint64_t from)
{
	const struct stream_lane *head = &stream->view.heads[lane];
	uint64_t oldest = atomic_load_explicit(&head->oldest, memory_order_relaxed);

	return distance(stream, (int64_t)(oldest - from) > 0 ? oldest : from,
			atomic_load_explicit(&head->written, memory_order_acquire));
}

static uint64_t behind(const struct shmb_stream *stream, unsigned seat)
{
	const struct stream_view *view = &stream->view;
	uint64_t sum = 0;

	for (unsigned lane = 0; lane < view->shape.n_lanes; lane++) {
		const struct stream_cursor *cursor = &view->cursors[seat * view->row + lane];
		uint64_t from = atomic_load_explicit(&cursor->position, memory_order_acquire);

		sum += behind_in(stream, lane, from);
	}
	return sum;
}

static uint64_t lost(const struct shmb_stream *stream, unsigned seat)
{
	const struct stream_view *view = &stream->view;
	uint64_t sum = 0;

	for (unsigned lane = 0; lane < view->shape.n_lanes; lane++)
		sum += stream_count_lost(
			atomic_load_explicit(&view->cursors[seat * view->row + lane].count,
					     memory_order_relaxed));
	return sum;
}

int shmb_stream_seat(const struct shmb_stream *stream, unsigned seat,
		     struct shmb_seat_facts *ret_facts)
{
	struct stream_seat *at;
	uint64_t ticket;
	int r = stream_check(stream);

	if (r < 0)
		return r;
	if (seat >= stream->view.shape.n_seats)
		return error_set(-EINVAL, "\"%s\" has no seat %u", stream->name, seat);
	at = &stream->view.seats[seat];
	ticket = atomic_load_explicit(&at->ticket, memory_order_acquire);
	if (ticket == 0)
		return SHMB_EMPTY;
	*ret_facts = (struct shmb_seat_facts){
		.ticket = ticket,
		.member = atomic_load_explicit(&at->owner, memory_order_relaxed),
		.is_here = stream_is_here(atomic_load_explicit(&at->away, memory_order_relaxed)) &&
			   lives(stream, atomic_load_explicit(&at->owner, memory_order_relaxed)),
		.behind = stream->view.n_claims ? 0 : behind(stream, seat),
		.held = claim_count(&stream->view, ticket),
		.lost = stream->view.n_claims ? 0 : lost(stream, seat),
	};
	seat_name(at, ret_facts->name);
	return 0;
}

/* Whether producers wait for who has SEAT, as seat_holds_back() but for changing nothing. */
static bool is_waited_for(const struct shmb_stream *stream, unsigned seat)
{
	const struct stream_seat *at = &stream->view.seats[seat];
	uint64_t away = atomic_load_explicit(&at->away, memory_order_acquire);
	uint64_t retain = atomic_load_explicit(&at->retain, memory_order_relaxed);

	if (atomic_load_explicit(&at->ticket, memory_order_acquire) == 0)
		return false;
	if (stream_is_here(away))
		return retain != 0 ||
		       lives(stream, atomic_load_explicit(&at->owner, memory_order_relaxed));
	return retain != 0 && clock_now_ns() - away < retain;
}

/* The seat that is furthest behind in LANE of those that are waited for; -1 for none. */
static int who_is_last(const struct shmb_stream *stream, unsigned lane)
{
	const struct stream_view *view = &stream->view;
	uint64_t oldest = atomic_load_explicit(&view->heads[lane].oldest, memory_order_relaxed);
	uint64_t least = view->mask + 1;
	int last = -1;

	for (unsigned seat = 0; seat < view->shape.n_seats; seat++) {
		uint64_t ahead =
			atomic_load_explicit(&view->cursors[seat * view->row + lane].position,
					     memory_order_relaxed) -
			oldest;

		if (ahead >= least || !is_waited_for(stream, seat))
			continue;
		least = ahead;
		last = (int)seat;
	}
	return last;
}

/* The seat that has claimed the first record of LANE that is not done; -1 for none. */
static int who_has_first(const struct shmb_stream *stream, unsigned lane)
{
	const struct stream_view *view = &stream->view;
	uint32_t number, count;

	for (claim_window(view, lane, &number, &count); number != count; number++) {
		uint64_t claim = atomic_load_explicit(stream_claim_at(view, lane, number),
						      memory_order_relaxed);
		uint32_t holder = stream_claim_holder(claim);
		unsigned seat;

		if (stream_claim_number(claim) != number || holder == STREAM_DONE)
			continue;
		seat = stream_ticket_seat(holder);
		return seat < view->shape.n_seats &&
				       (uint32_t)atomic_load_explicit(&view->seats[seat].ticket,
								      memory_order_relaxed) ==
					       (holder & ~CLAIM_AGAIN)
			       ? (int)seat
			       : -1;
	}
	return -1;
}

int shmb_stream_lane(const struct shmb_stream *stream, unsigned lane,
		     struct shmb_lane_facts *ret_facts)
{
	const struct stream_lane *head;
	uint64_t owner, oldest;
	int r = stream_check(stream);

	if (r < 0)
		return r;
	if (lane >= stream->view.shape.n_lanes)
		return error_set(-EINVAL, "\"%s\" has no lane %u", stream->name, lane);
	head = &stream->view.heads[lane];
	owner = atomic_load_explicit(&head->owner, memory_order_relaxed);
	oldest = atomic_load_explicit(&head->oldest, memory_order_acquire);
	*ret_facts = (struct shmb_lane_facts){
		.has_producer = owner != 0 && lives(stream, owner),
		.is_full = atomic_load_explicit(&head->wanted, memory_order_relaxed) != 0,
		.held_up_by = -1,
		.member = owner,
		.sent = atomic_load_explicit(&head->count, memory_order_relaxed),
		.kept = distance(stream, oldest,
				 atomic_load_explicit(&head->written, memory_order_acquire)),
	};
	if (ret_facts->kept != 0)
		ret_facts->held_up_by = stream->view.claims ? who_has_first(stream, lane)
							    : who_is_last(stream, lane);
	return 0;
}
