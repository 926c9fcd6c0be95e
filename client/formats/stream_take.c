/*
 * Taking: each consumer goes through all lanes on its own, from its cursor in each, and a while in
 * one before it looks at the next. In a queue it passes what others have.
 *
 * A record counts only if `oldest` has not come beyond it by the time that it is copied, or given
 * back; or, in a queue, if it is still this consumer's.
 */
#include "formats/stream_claim.h"

#include <errno.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/clock.h"
#include "base/payload.h"
#include "base/probe.h"
#include "core/error.h"
#include "formats/stream_track.h"

#define BURST 64 /* records of one lane, while others may have some */
#define TRIES 100
#define LAPS  3 /* by which a record may be overwritten while it is copied */

/* A record that was found, and not trusted yet. */
struct found {
	unsigned lane;
	uint64_t position, end; /* its own, and behind it */
	uint64_t header;
	unsigned char *bytes;
};

static inline uint32_t number_of(const struct found *found)
{
	return stream_record_number(found->header);
}

static attr_rare int refuse_lapped(const struct shmb_consumer *consumer)
{
	return error_set(
		-EAGAIN,
		"producers of \"%s\" are so fast that nothing could be read; try again, or "
		"make it with larger lanes",
		consumer->stream->name);
}

/* What LANE has at POSITION, with the number that is expected there. Returns 0; SHMB_EMPTY;
 * SHMB_GONE when the consumer was lapped; -EBADMSG without a text. */
static attr_inlined int look(const struct shmb_consumer *consumer, unsigned lane, uint64_t position,
			     const uint32_t *number, struct found *ret_found)
{
	const struct stream_view *view = &consumer->stream->view;
	uint64_t header = track_header(view, lane, position);
	uint64_t end;

	if (track_is_lapped(view, lane, position))
		return SHMB_GONE;
	if (header == 0)
		return SHMB_EMPTY;
	end = stream_record_end(header, view->prefix, position, view->mask);
	if (end == 0 || (number && *number != stream_record_number(header)))
		return -EBADMSG;
	*ret_found = (struct found){
		.lane = lane,
		.position = position,
		.end = end,
		.header = header,
		.bytes = (unsigned char *)stream_at(stream_lane_bytes(view, lane), view->mask,
						    position) +
			 view->prefix,
	};
	return 0;
}

/* The same at the cursor of LANE, where all that is in the way is dealt with. Returns 0,
 * SHMB_EMPTY, -EAGAIN or -EBADMSG with a text. */
static attr_inlined int find_in(struct shmb_consumer *consumer, unsigned lane,
				struct found *ret_found)
{
	struct stream_track *track = &consumer->tracks[lane];

	for (unsigned try = 0; try < TRIES; try++) {
		int r = look(consumer, lane, track_at(track),
			     track->has_number ? &track->number : NULL, ret_found);

		if (r == 0 && stream_record_kind(ret_found->header) == STREAM_RECORD) {
			track->number = number_of(ret_found);
			track->has_number = true;
			return 0;
		}
		if (r == SHMB_EMPTY)
			return r;
		if (r == SHMB_GONE) {
			track_be_lapped(consumer, lane);
		} else if (r < 0) {
			consumer->burst = BURST; /* the others are next */
			return track_be_damaged(consumer, lane);
		} else {
			track_move(consumer, lane, ret_found->end);
		}
	}
	consumer->burst = BURST;
	return refuse_lapped(consumer);
}

/* The next one of LANE that is this consumer's: of a queue the first that no other has. */
static attr_inlined int find_mine_in(struct shmb_consumer *consumer, unsigned lane,
				     struct found *ret_found)
{
	for (uint64_t passed = 0; passed <= consumer->stream->view.mask;) {
		struct stream_track *track = &consumer->tracks[lane];
		int r = find_in(consumer, lane, ret_found);

		if (r != 0 || !consumer->claims || claim_take(consumer, lane, number_of(ret_found)))
			return r;
		passed += ret_found->end - ret_found->position;
		track->number++;
		track_set(track, ret_found->end);
	}
	return SHMB_EMPTY;
}

static inline uint64_t time_of(const struct found *found)
{
	return atomic_load_explicit((_Atomic uint64_t *)found->bytes - 1, memory_order_relaxed);
}

/* Of the next ones of all lanes the one that was sent first, if it is old enough. */
static attr_rare int find_first(struct shmb_consumer *consumer, struct found *ret_found)
{
	unsigned n = consumer->stream->view.shape.n_lanes;
	uint64_t first = 0, now;
	struct found found;
	bool is_any = false;

	consumer->ripe_ns = 0;
	for (unsigned lane = 0; lane < n; lane++) {
		int r = find_in(consumer, lane, &found);

		if (r < 0)
			return r;
		if (r == SHMB_EMPTY || (is_any && time_of(&found) >= first))
			continue;
		is_any = true;
		first = time_of(&found);
		*ret_found = found;
	}
	if (!is_any)
		return SHMB_EMPTY;
	now = consumer->settle_ns != 0 ? clock_now_ns() : 0;
	/* One from the future is none of an honest clock, and has nothing to wait for. */
	if (first <= now && now - first < consumer->settle_ns) {
		consumer->ripe_ns = first + consumer->settle_ns;
		return SHMB_EMPTY;
	}
	consumer->lane = ret_found->lane;
	return 0;
}

/* The next record of any lane. */
static attr_inlined int find(struct shmb_consumer *consumer, struct found *ret_found)
{
	unsigned n = consumer->stream->view.shape.n_lanes;

	if (consumer->by_time)
		return find_first(consumer, ret_found);
	if (consumer->claims && claim_has_returned(consumer))
		claim_begin_anew(consumer);
	if (consumer->burst < BURST) {
		int r = find_mine_in(consumer, consumer->lane, ret_found);

		if (r != SHMB_EMPTY)
			return r;
	}
	for (unsigned i = 0; i < n; i++) {
		int r;

		consumer->lane = consumer->lane + 1 < n ? consumer->lane + 1 : 0;
		consumer->burst = 0;
		r = find_mine_in(consumer, consumer->lane, ret_found);
		if (r != SHMB_EMPTY)
			return r;
	}
	return SHMB_EMPTY;
}

/* N records were used, from the one at the cursor of LANE to one that ends at END. */
static attr_inlined void advance(struct shmb_consumer *consumer, unsigned lane, uint64_t end,
				 unsigned n)
{
	struct stream_track *track = &consumer->tracks[lane];

	track->number += n;
	consumer->burst += n;
	consumer->taken += n;
	track_move(consumer, lane, end);
	if (track->lost != 0)
		track_have_told(consumer, lane);
	PROBE4(take, PROBE_TEXT(consumer->stream->name), lane, track->number, n);
}

static inline struct shmb_record describe(const struct shmb_consumer *consumer,
					  const struct found *found)
{
	const struct stream_view *view = &consumer->stream->view;

	return (struct shmb_record){
		.data = found->bytes,
		.size = stream_record_size(found->header),
		.lane = found->lane,
		.number = number_of(found),
		.again =
			consumer->claims && claim_is_again(consumer, found->lane, number_of(found)),
		.lost = consumer->tracks[found->lane].lost,
		.time_ns = view->shape.flags & STREAM_TIMES ? time_of(found) : 0,
	};
}

static int check(const struct shmb_consumer *consumer)
{
	int r = stream_check(consumer->stream);

	if (r < 0 || consumer_has_seat(consumer))
		return r;
	return error_set(
		-ECANCELED,
		"this consumer of \"%s\" has lost its seat: somebody evicted it, or it was "
		"taken for dead, or it is a forked child; open another one",
		consumer->stream->name);
}

/* Find a record, and wait for one until DEADLINE. */
static attr_rare int find_patiently(struct shmb_consumer *consumer, uint64_t deadline,
				    struct found *ret_found)
{
	struct futex_patience patience = futex_patience(deadline);
	int r = check(consumer);

	while (r >= 0) {
		r = find(consumer, ret_found);
		if (r != SHMB_EMPTY || deadline == SHMB_AT_ONCE)
			return r;
		r = stream_await(consumer, &patience);
		/* Who was about to say that he has gone may have been stopped. */
		if (r == FUTEX_STILL && consumer->claims)
			claim_begin_anew(consumer);
		if (r >= 0)
			r = check(consumer);
	}
	return r;
}

static attr_inlined int begin(struct shmb_consumer *consumer, uint64_t deadline,
			      struct found *ret_found)
{
	consumer->peeked = 0;
	if (segment_is_here(consumer->stream->segment) && consumer_has_seat(consumer)) {
		int r = find(consumer, ret_found);

		if (r != SHMB_EMPTY || deadline == SHMB_AT_ONCE)
			return r;
	}
	return find_patiently(consumer, deadline, ret_found);
}

static attr_rare int refuse_room(const struct shmb_consumer *consumer, size_t size, size_t room)
{
	return error_set(-EMSGSIZE,
			 "the next record of \"%s\" has %zu bytes, more than the %zu there is room "
			 "for; give it a larger buffer",
			 consumer->stream->name, size, room);
}

/* A record was not this consumer's any more. */
static attr_rare int refuse_claim(const struct shmb_consumer *consumer, unsigned lane)
{
	int r = check(consumer);

	if (r < 0)
		return r;
	return error_set(-EBADMSG,
			 "a claim in lane %u of \"%s\" makes no sense: one of its peers is broken; "
			 "its record is lost, or comes twice",
			 lane, consumer->stream->name);
}

int shmb_consumer_take(struct shmb_consumer *consumer, void *buffer, size_t size, uint64_t deadline,
		       struct shmb_record *ret_record)
{
	struct found found;
	struct shmb_record record;

	for (unsigned laps = 0;; laps++) {
		int r = begin(consumer, deadline, &found);

		if (r != 0)
			return r;
		record = describe(consumer, &found);
		record.data = buffer;
		if (record.size <= size)
			payload_read(buffer, found.bytes, record.size);
		if (!track_is_lapped(&consumer->stream->view, found.lane, found.position))
			break;
		if (laps == LAPS)
			return refuse_lapped(consumer);
		track_fall_back(consumer, found.lane);
	}
	if (ret_record)
		*ret_record = record;
	if (record.size > size)
		return refuse_room(consumer, record.size, size);
	if (consumer->claims && claim_done(consumer, found.lane, record.number, 1) != 1)
		return refuse_claim(consumer, found.lane);
	advance(consumer, found.lane, found.end, 1);
	return 0;
}

/* The record right behind the found one, of the same lane, if it is there to be had. */
static inline bool find_behind(struct shmb_consumer *consumer, struct found *found)
{
	uint32_t number = number_of(found) + 1;

	return look(consumer, found->lane, found->end, &number, found) == 0 &&
	       stream_record_kind(found->header) == STREAM_RECORD &&
	       (!consumer->claims || claim_take(consumer, found->lane, number));
}

int shmb_consumer_peek(struct shmb_consumer *consumer, struct shmb_record *records, unsigned n,
		       uint64_t deadline, unsigned *ret_n)
{
	struct found found;
	unsigned got = 0;
	int r = begin(consumer, deadline, &found);

	*ret_n = 0;
	if (r != 0)
		return r;
	if (n > SHMB_STREAM_BATCH_MAX)
		n = SHMB_STREAM_BATCH_MAX;
	if (consumer->by_time && n > 1)
		n = 1; /* the next one may be another lane's */
	while (got < n) {
		records[got] = describe(consumer, &found);
		if (got > 0)
			records[got].lost = 0;
		consumer->ends[got++] = found.end;
		if (got == n || !find_behind(consumer, &found))
			break;
	}
	consumer->peeked = got;
	*ret_n = got;
	return 0;
}

int shmb_consumer_release(struct shmb_consumer *consumer, unsigned n)
{
	const struct stream_track *track = &consumer->tracks[consumer->lane];
	bool is_gone;
	int r = check(consumer);

	if (r < 0)
		return r;
	if (n == 0 || n > consumer->peeked)
		return error_set(-EINVAL, "%u records of \"%s\" cannot be released: %u are held", n,
				 consumer->stream->name, consumer->peeked);
	is_gone = consumer->claims ? claim_done(consumer, consumer->lane, track->number, n) != n
				   : track_is_lapped(&consumer->stream->view, consumer->lane,
						     track_at(track));
	advance(consumer, consumer->lane, consumer->ends[n - 1], n);
	consumer->peeked -= n;
	memmove(consumer->ends, consumer->ends + n, consumer->peeked * sizeof(consumer->ends[0]));
	return is_gone ? SHMB_GONE : 0;
}
