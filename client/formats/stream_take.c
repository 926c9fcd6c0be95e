/*
 * Taking from a broadcast: each consumer goes through all lanes on its own, from its cursor in
 * each, and a while in one before it looks at the next.
 *
 * A record counts only if `oldest` has not come beyond it by the time that it is copied, or given
 * back. If it has, the consumer goes on at `oldest`, and what it lost is the difference of the
 * numbers.
 */
#include "formats/stream.h"

#include <errno.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/fence.h"
#include "base/payload.h"
#include "core/error.h"

#define BURST 64 /* records of one lane, while others may have some */
#define TRIES 100

/* A record that was found, and not trusted yet. */
struct found {
	unsigned lane;
	uint64_t position, end; /* its own, and behind it */
	uint64_t header;
	unsigned char *bytes;
};

/* Whether what was loaded at POSITION of LANE may have been written over. */
static inline bool is_lapped(const struct stream_view *view, unsigned lane, uint64_t position)
{
	/* Pairs with the release fence in stream_set_oldest(): whose bytes we have seen, his word
	 * we see. */
	fence_acquire();
	return (int64_t)(atomic_load_explicit(&view->heads[lane].oldest, memory_order_relaxed) -
			 position) > 0;
}

/* The header at CURSOR of LANE; 0 when there is nothing yet. */
static inline uint64_t header_at(const struct stream_view *view, unsigned lane, uint64_t cursor)
{
	/* Pairs with the release in stream_send.c. */
	return atomic_load_explicit(stream_at(stream_lane_bytes(view, lane), view->mask, cursor),
				    memory_order_acquire);
}

/*
 * The number of the record at POSITION, which may yet have to be sent: then it is the number of
 * those that were. That is stored after a record is there, so if none is there afterwards either it
 * is not too large; and before the position is, so it is not too small.
 */
bool stream_number_at(const struct stream_view *view, unsigned lane, uint64_t position,
		      uint32_t *ret_number)
{
	for (unsigned try = 0; try < TRIES; try++) {
		uint64_t header = header_at(view, lane, position);
		/* Acquire, so that the header is looked at after it. */
		uint64_t count =
			atomic_load_explicit(&view->heads[lane].count, memory_order_acquire);

		if (is_lapped(view, lane, position))
			return false;
		*ret_number = header != 0 ? stream_record_number(header) : (uint32_t)count;
		if (header != 0 || header_at(view, lane, position) == 0)
			return true;
	}
	return false;
}

/* Go on at CURSOR, and tell its producer so. */
static inline void move_cursor(struct shmb_consumer *consumer, unsigned lane, uint64_t cursor)
{
	struct stream_lane *head = &consumer->stream->view.heads[lane];
	uint64_t before = consumer->tracks[lane].cursor, wanted;

	consumer->tracks[lane].cursor = cursor;
	if (!consumer->seat)
		return;
	atomic_store_explicit(&consumer->cursors[lane].number, consumer->tracks[lane].number,
			      memory_order_relaxed);
	/* Pairs with the acquire in stream_room.c: what is before was read. */
	atomic_store_explicit(&consumer->cursors[lane].position, cursor, memory_order_release);
	barrier_pass(&consumer->barrier);
	wanted = atomic_load_explicit(&head->wanted, memory_order_relaxed);
	if (wanted == 0) {
		barrier_unheard(&consumer->barrier);
	} else if (before < wanted && cursor >= wanted) {
		barrier_heard(&consumer->barrier);
		stream_wake_producer(head);
	}
}

static void tell_lost(const struct shmb_consumer *consumer, struct stream_track *track, uint32_t n)
{
	track->lost += n;
	if (consumer->seat)
		(void)atomic_fetch_add_explicit(&consumer->seat->lost, n, memory_order_relaxed);
}

/* Go on with the oldest record there is, whatever a peer has made of where that is. */
static attr_rare void be_lapped(struct shmb_consumer *consumer, unsigned lane)
{
	const struct stream_view *view = &consumer->stream->view;
	struct stream_track *track = &consumer->tracks[lane];
	/* Pairs with the release in stream_set_oldest(). */
	uint64_t oldest = atomic_load_explicit(&view->heads[lane].oldest, memory_order_acquire);
	uint32_t number;

	oldest = (oldest + 7) & ~UINT64_C(7);
	if (!stream_number_at(view, lane, oldest, &number))
		return; /* and again */
	if (track->has_number)
		tell_lost(consumer, track, number - track->number);
	track->number = number;
	track->has_number = true;
	move_cursor(consumer, lane, oldest);
}

void stream_leave_behind(struct shmb_consumer *consumer, unsigned lane)
{
	for (unsigned try = 0; try < TRIES; try++) {
		if (!is_lapped(&consumer->stream->view, lane, consumer->tracks[lane].cursor))
			return;
		be_lapped(consumer, lane);
	}
}

/* What stands at the cursor is no record: go on where the producer says that it will write next. */
static attr_rare int be_damaged(struct shmb_consumer *consumer, unsigned lane)
{
	const struct stream_view *view = &consumer->stream->view;
	struct stream_track *track = &consumer->tracks[lane];
	/* Pairs with the release in stream_send.c. */
	uint64_t written = atomic_load_explicit(&view->heads[lane].written, memory_order_acquire);

	track->has_number = false;
	consumer->burst = BURST; /* the others are next */
	move_cursor(consumer, lane, written & ~UINT64_C(7));
	return error_set(-EBADMSG,
			 "lane %u of \"%s\" makes no sense: one of its peers is broken; what was "
			 "in it is lost",
			 lane, consumer->stream->name);
}

/* What LANE has at POSITION, with the number that is expected there. Returns 0; SHMB_EMPTY;
 * SHMB_GONE when the consumer was lapped; -EBADMSG without a text. */
static attr_inlined int look(const struct shmb_consumer *consumer, unsigned lane, uint64_t position,
			     const uint32_t *number, struct found *ret_found)
{
	const struct stream_view *view = &consumer->stream->view;
	uint64_t header = header_at(view, lane, position);
	uint64_t end;

	if (is_lapped(view, lane, position))
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
		int r = look(consumer, lane, track->cursor,
			     track->has_number ? &track->number : NULL, ret_found);

		if (r == 0 && stream_record_kind(ret_found->header) == STREAM_RECORD)
			return 0;
		if (r == SHMB_EMPTY)
			return r;
		if (r == SHMB_GONE)
			be_lapped(consumer, lane);
		else if (r < 0)
			return be_damaged(consumer, lane);
		else
			move_cursor(consumer, lane, ret_found->end);
	}
	consumer->burst = BURST;
	return error_set(-EAGAIN, "producers of \"%s\" are so fast that nothing could be read",
			 consumer->stream->name);
}

/* The next record of any lane. */
static attr_inlined int find(struct shmb_consumer *consumer, struct found *ret_found)
{
	unsigned n = consumer->stream->view.shape.n_lanes;

	if (consumer->burst < BURST) {
		int r = find_in(consumer, consumer->lane, ret_found);

		if (r != SHMB_EMPTY)
			return r;
	}
	for (unsigned i = 0; i < n; i++) {
		int r;

		consumer->lane = consumer->lane + 1 < n ? consumer->lane + 1 : 0;
		consumer->burst = 0;
		r = find_in(consumer, consumer->lane, ret_found);
		if (r != SHMB_EMPTY)
			return r;
	}
	return SHMB_EMPTY;
}

/* N records were used, the last one ends at END and has NUMBER. */
static attr_inlined void advance(struct shmb_consumer *consumer, unsigned lane, uint64_t end,
				 uint32_t number, unsigned n)
{
	struct stream_track *track = &consumer->tracks[lane];

	track->number = number + 1;
	track->has_number = true;
	track->lost = 0;
	consumer->burst += n;
	move_cursor(consumer, lane, end);
}

static inline struct shmb_record describe(const struct shmb_consumer *consumer,
					  const struct found *found)
{
	const struct stream_view *view = &consumer->stream->view;

	return (struct shmb_record){
		.data = found->bytes,
		.size = stream_record_size(found->header),
		.lane = found->lane,
		.number = stream_record_number(found->header),
		.lost = consumer->tracks[found->lane].lost,
		.time_ns = view->shape.flags & STREAM_TIMES
				   ? atomic_load_explicit((_Atomic uint64_t *)found->bytes - 1,
							  memory_order_relaxed)
				   : 0,
	};
}

/* Not in a forked child either, which is a member of its own. */
static inline bool has_seat(const struct shmb_consumer *consumer)
{
	return !consumer->seat || (atomic_load_explicit(&consumer->seat->ticket,
							memory_order_relaxed) == consumer->ticket &&
				   atomic_load_explicit(&consumer->stream->member->id,
							memory_order_relaxed) == consumer->id);
}

static int check(const struct shmb_consumer *consumer)
{
	int r = stream_check(consumer->stream);

	if (r < 0 || has_seat(consumer))
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
		if (r >= 0)
			r = check(consumer);
	}
	return r;
}

static attr_inlined int begin(struct shmb_consumer *consumer, uint64_t deadline,
			      struct found *ret_found)
{
	consumer->peeked = 0;
	if (segment_is_here(consumer->stream->segment) && has_seat(consumer)) {
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

int shmb_consumer_take(struct shmb_consumer *consumer, void *buffer, size_t size, uint64_t deadline,
		       struct shmb_record *ret_record)
{
	struct found found;
	struct shmb_record record;

	do {
		int r = begin(consumer, deadline, &found);

		if (r != 0)
			return r;
		record = describe(consumer, &found);
		record.data = buffer;
		if (record.size <= size)
			payload_read(buffer, found.bytes, record.size);
	} while (is_lapped(&consumer->stream->view, found.lane, found.position));
	if (ret_record)
		*ret_record = record;
	if (record.size > size)
		return refuse_room(consumer, record.size, size);
	advance(consumer, found.lane, found.end, (uint32_t)record.number, 1);
	return 0;
}

int shmb_consumer_peek(struct shmb_consumer *consumer, struct shmb_record *records, unsigned n,
		       uint64_t deadline, unsigned *ret_n)
{
	struct found found;
	uint32_t number;
	unsigned got = 0;
	int r = begin(consumer, deadline, &found);

	*ret_n = 0;
	if (r != 0)
		return r;
	if (n > SHMB_STREAM_BATCH_MAX)
		n = SHMB_STREAM_BATCH_MAX;
	while (got < n) {
		records[got] = describe(consumer, &found);
		if (got > 0)
			records[got].lost = 0;
		consumer->ends[got++] = found.end;
		number = stream_record_number(found.header) + 1;
		if (look(consumer, found.lane, found.end, &number, &found) != 0 ||
		    stream_record_kind(found.header) != STREAM_RECORD)
			break;
	}
	consumer->peeked = got;
	*ret_n = got;
	return 0;
}

int shmb_consumer_release(struct shmb_consumer *consumer, unsigned n)
{
	struct stream_track *track = &consumer->tracks[consumer->lane];
	bool was_lapped;
	int r = check(consumer);

	if (r < 0)
		return r;
	if (n == 0 || n > consumer->peeked)
		return error_set(-EINVAL, "%u records of \"%s\" cannot be released: %u are held", n,
				 consumer->stream->name, consumer->peeked);
	was_lapped = is_lapped(&consumer->stream->view, consumer->lane, track->cursor);
	advance(consumer, consumer->lane, consumer->ends[n - 1], track->number + n - 1, n);
	consumer->peeked -= n;
	memmove(consumer->ends, consumer->ends + n, consumer->peeked * sizeof(consumer->ends[0]));
	return was_lapped ? SHMB_GONE : 0;
}
