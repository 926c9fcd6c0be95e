#include "formats/stream_track.h"

#include <errno.h>

#include "core/error.h"

#define TRIES 100
#define STEPS 65536 /* records that are passed at once, whatever a peer has put there */

/*
 * A record may yet have to be sent: then its number is how many were. That is stored after a record
 * is there, so if none is there afterwards either it is not too large; and before the position is,
 * so it is not too small.
 */
bool track_number_at(const struct stream_view *view, unsigned lane, uint64_t position,
		     uint32_t *ret_number)
{
	for (unsigned try = 0; try < TRIES; try++) {
		uint64_t header = track_header(view, lane, position);
		/* Pairs with the release in stream_send.c; and the header is looked at after it. */
		uint64_t count =
			atomic_load_explicit(&view->heads[lane].count, memory_order_acquire);

		if (track_is_lapped(view, lane, position))
			return false;
		*ret_number = header != 0 ? stream_record_number(header) : (uint32_t)count;
		if (header != 0 || track_header(view, lane, position) == 0)
			return true;
	}
	return false;
}

uint64_t track_oldest(const struct shmb_consumer *consumer, unsigned lane)
{
	/* Pairs with the release in stream_set_oldest(). */
	return atomic_load_explicit(&consumer->stream->view.heads[lane].oldest,
				    memory_order_acquire);
}

static void place(struct shmb_consumer *consumer, unsigned lane, uint64_t position, uint32_t number)
{
	consumer->tracks[lane].number = number;
	track_set(&consumer->tracks[lane], position);
	if (!consumer->cursors)
		return;
	atomic_store_explicit(&consumer->cursors[lane].count, track_count(&consumer->tracks[lane]),
			      memory_order_relaxed);
	atomic_store_explicit(&consumer->cursors[lane].told,
			      consumer->tracks[lane].lost_all -
				      (uint32_t)consumer->tracks[lane].lost,
			      memory_order_relaxed);
	atomic_store_explicit(&consumer->cursors[lane].position, position, memory_order_relaxed);
}

void track_begin_at(struct shmb_consumer *consumer, unsigned lane, uint64_t position,
		    uint32_t number)
{
	consumer->tracks[lane].has_number = true;
	place(consumer, lane, position, number);
}

void track_begin(struct shmb_consumer *consumer, unsigned lane, uint64_t position)
{
	uint32_t number = 0;

	position &= ~UINT64_C(7);
	consumer->tracks[lane].has_number =
		track_number_at(&consumer->stream->view, lane, position, &number);
	place(consumer, lane, position, number);
}

void track_begin_all(struct shmb_consumer *consumer, const struct shmb_consumer_options *options)
{
	const struct stream_view *view = &consumer->stream->view;

	for (unsigned lane = 0; lane < view->shape.n_lanes; lane++)
		if (consumer->claims || options->start == SHMB_START_OLDEST)
			track_begin(consumer, lane, track_oldest(consumer, lane));
		else if (options->start == SHMB_START_AT)
			track_begin_at(consumer, lane, options->positions[lane].offset,
				       options->positions[lane].number);
		else
			/* Pairs with the release in stream_send.c. */
			track_begin(consumer, lane,
				    atomic_load_explicit(&view->heads[lane].written,
							 memory_order_acquire));
}

void track_be_lapped(struct shmb_consumer *consumer, unsigned lane)
{
	struct stream_track *track = &consumer->tracks[lane];
	/* Whatever a peer has made of it. */
	uint64_t oldest = (track_oldest(consumer, lane) + 7) & ~UINT64_C(7);
	uint32_t number;

	if (!track_number_at(&consumer->stream->view, lane, oldest, &number))
		return;
	/* In a queue others have had them. */
	if (track->has_number && !consumer->claims) {
		track->lost += number - track->number;
		track->lost_all += number - track->number;
	}
	track->number = number;
	track->has_number = true;
	track_move(consumer, lane, oldest);
}

void track_fall_back(struct shmb_consumer *consumer, unsigned lane)
{
	const struct stream_view *view = &consumer->stream->view;
	struct stream_track *track = &consumer->tracks[lane];
	uint64_t at, kept;

	track_leave_behind(consumer, lane);
	at = track_at(track);
	kept = atomic_load_explicit(&view->heads[lane].written, memory_order_relaxed) - at;
	/* In a queue nothing is lost; and more than a lane is a peer's doing. */
	if (consumer->claims || kept > view->mask + 1)
		return;
	for (uint64_t half = at + kept / 2, step = 0; at < half && step < STEPS; step++) {
		uint64_t header = track_header(view, lane, at);
		uint64_t next = stream_record_end(header, view->prefix, at, view->mask);

		if (next == 0 || stream_record_number(header) != track->number ||
		    track_is_lapped(view, lane, at))
			break;
		if (stream_record_kind(header) == STREAM_RECORD) {
			track->number++;
			track->lost++;
			track->lost_all++;
		}
		at = next;
	}
	track_move(consumer, lane, at);
}

void track_leave_behind(struct shmb_consumer *consumer, unsigned lane)
{
	for (unsigned try = 0; try < TRIES; try++) {
		if (!track_is_lapped(&consumer->stream->view, lane,
				     track_at(&consumer->tracks[lane])))
			return;
		track_be_lapped(consumer, lane);
	}
}

int track_be_damaged(struct shmb_consumer *consumer, unsigned lane)
{
	/* Pairs with the release in stream_send.c. */
	uint64_t written = atomic_load_explicit(&consumer->stream->view.heads[lane].written,
						memory_order_acquire);

	consumer->tracks[lane].has_number = false;
	track_move(consumer, lane, written & ~UINT64_C(7));
	return error_set(-EBADMSG,
			 "lane %u of \"%s\" makes no sense: one of its peers is broken; what was "
			 "in it is lost",
			 lane, consumer->stream->name);
}
