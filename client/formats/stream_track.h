/*
 * Where a consumer is in each lane: going on, and what stands in the way of that. In a broadcast
 * its cursors say so to producers too; in a queue, and when it only looks on, nobody else knows.
 */
#ifndef FORMATS_STREAM_TRACK_H
#define FORMATS_STREAM_TRACK_H

#include "base/attr.h"
#include "base/fence.h"
#include "formats/stream.h"

/* Where it goes on. */
static inline uint64_t track_at(const struct stream_track *track)
{
	return atomic_load_explicit(&track->cursor, memory_order_relaxed);
}

/* What its cursor has to say beside. */
static inline uint64_t track_count(const struct stream_track *track)
{
	return stream_count(track->number, track->lost_all);
}

/* Go on at CURSOR, and tell nobody. */
static inline void track_set(struct stream_track *track, uint64_t cursor)
{
	atomic_store_explicit(&track->cursor, cursor, memory_order_relaxed);
}

/* Whether what was loaded at POSITION of LANE may have been written over. */
static inline bool track_is_lapped(const struct stream_view *view, unsigned lane, uint64_t position)
{
	/* Pairs with the release fence in stream_set_oldest(): whose bytes we have seen, his word
	 * we see. */
	fence_acquire();
	return (int64_t)(atomic_load_explicit(&view->heads[lane].oldest, memory_order_relaxed) -
			 position) > 0;
}

/* The header at POSITION of LANE; 0 when there is nothing yet. */
static inline uint64_t track_header(const struct stream_view *view, unsigned lane,
				    uint64_t position)
{
	/* Pairs with the release in stream_send.c. */
	return atomic_load_explicit(stream_at(stream_lane_bytes(view, lane), view->mask, position),
				    memory_order_acquire);
}

/* Go on at CURSOR, and tell the producer so who waits for that. */
static inline void track_move(struct shmb_consumer *consumer, unsigned lane, uint64_t cursor)
{
	struct stream_lane *head = &consumer->stream->view.heads[lane];
	uint64_t before = track_at(&consumer->tracks[lane]), wanted;

	track_set(&consumer->tracks[lane], cursor);
	if (!consumer->cursors)
		return;
	atomic_store_explicit(&consumer->cursors[lane].count, track_count(&consumer->tracks[lane]),
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

/* The caller knows what was lost in LANE: whoever goes on with the name of this consumer need not
 * be told. */
static inline void track_have_told(struct shmb_consumer *consumer, unsigned lane)
{
	consumer->tracks[lane].lost = 0;
	if (consumer->cursors)
		atomic_store_explicit(&consumer->cursors[lane].told,
				      consumer->tracks[lane].lost_all, memory_order_relaxed);
}

/* The low half of the number of the record that is, or comes, at POSITION of LANE. False when that
 * has been written over, or cannot be told. */
bool track_number_at(const struct stream_view *view, unsigned lane, uint64_t position,
		     uint32_t *ret_number);

/* What is at the cursor of LANE has been written over: go on with the oldest record there is, and
 * tell the caller with the next one what was lost. When this does nothing it is to be tried again.
 */
attr_rare void track_be_lapped(struct shmb_consumer *consumer, unsigned lane);

/* It was overwritten while it was copied, as the next ones may be by the time: go on in the middle
 * of what is kept. */
void track_fall_back(struct shmb_consumer *consumer, unsigned lane);

/* Go on with the oldest record there is, if what is at the cursor was overwritten. */
void track_leave_behind(struct shmb_consumer *consumer, unsigned lane);

/* What stands at the cursor of LANE is no record: go on where the producer says that it will write
 * next. Returns -EBADMSG with a text. */
attr_rare int track_be_damaged(struct shmb_consumer *consumer, unsigned lane);

/* Go on at POSITION of LANE, where the record NUMBER is or comes. */
void track_begin_at(struct shmb_consumer *consumer, unsigned lane, uint64_t position,
		    uint32_t number);

/* The same where the number is not known. */
void track_begin(struct shmb_consumer *consumer, unsigned lane, uint64_t position);

/* In all lanes, as OPTIONS has it: of one that has no seat, or a new one. */
void track_begin_all(struct shmb_consumer *consumer, const struct shmb_consumer_options *options);

/* The position before which LANE may be written over. */
uint64_t track_oldest(const struct shmb_consumer *consumer, unsigned lane);

#endif
