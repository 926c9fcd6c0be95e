#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "formats/stream_seat.h"
#include "formats/stream_track.h"
#include "wire/name.h"

#define SPINS_FIRST 64 /* looks before it sleeps, to begin with */

/* Whether a consumer of STREAM may have been there. One may have seen a record of which the
 * producer has not said yet that it was written. */
static bool are_positions(const struct shmb_stream *stream, const struct shmb_position *positions)
{
	const struct stream_view *view = &stream->view;

	if (!positions)
		return false;
	for (unsigned lane = 0; lane < view->shape.n_lanes; lane++) {
		uint64_t written =
			atomic_load_explicit(&view->heads[lane].written, memory_order_relaxed);

		if (positions[lane].offset % 8 != 0 ||
		    (positions[lane].offset > written &&
		     positions[lane].offset - written > view->mask))
			return false;
	}
	return true;
}

static int check_options(const struct shmb_stream *stream,
			 const struct shmb_consumer_options *options)
{
	bool takes_turns = (stream->view.shape.flags & STREAM_QUEUE) && !options->looks_on;
	const char *why = NULL;

	if ((unsigned)options->start > SHMB_START_AT)
		why = "say nothing where it could begin";
	else if (!options->name && options->retain_ms != 0)
		why = "have a time for which it is waited for and no name by which it comes back";
	else if (options->name && options->looks_on)
		why = "have a name, and are to look on, which leaves no trace";
	else if (options->retain_ms != 0 && takes_turns)
		why = "have a time for which it is waited for, in a queue, where others go on";
	else if (options->name && strlen(options->name) >= STREAM_NAME_SIZE)
		why = "have a name of more than 31 bytes";
	else if (options->by_time && !(stream->view.shape.flags & STREAM_TIMES))
		why = "want records by their time, and they have none";
	else if (options->by_time && takes_turns)
		why = "want records by their time, in a queue, where others have some of them";
	else if (!options->by_time && options->settle_us != 0)
		why = "let records settle, and do not want them by their time";
	else if (options->start == SHMB_START_AT && takes_turns)
		why = "begin at a position, in a queue, where all have one beginning";
	else if (options->start == SHMB_START_AT && !are_positions(stream, options->positions))
		why = "begin at no position of this stream";
	else if (options->name && wire_name_fault(options->name))
		why = "have a name that none can have; names are as those of objects";
	if (!why)
		return 0;
	return error_set(-EINVAL, "the options for a consumer of \"%s\" %s", stream->name, why);
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
	r = check_options(stream, options);
	if (r < 0)
		return r;
	consumer = calloc(1, sizeof(*consumer) +
				     stream->view.shape.n_lanes * sizeof(consumer->tracks[0]));
	if (!consumer)
		return error_no_memory();
	consumer->stream = stream;
	consumer->spins = SPINS_FIRST;
	consumer->by_time = options->by_time;
	consumer->settle_ns = options->settle_us * UINT64_C(1000);
	if (options->looks_on)
		track_begin_all(consumer, options);
	else
		r = seat_take(consumer, options);
	if (r < 0) {
		shmb_consumer_close(consumer);
		return r;
	}
	*ret_consumer = consumer;
	return 0;
}

void shmb_consumer_close(struct shmb_consumer *consumer)
{
	if (!consumer)
		return;
	if (consumer->seat && segment_data(consumer->stream->segment) &&
	    atomic_load_explicit(&consumer->stream->member->id, memory_order_relaxed) ==
		    consumer->id)
		seat_leave(consumer);
	free(consumer);
}

int shmb_consumer_tell(struct shmb_consumer *consumer, struct shmb_position *positions, unsigned n)
{
	const struct shmb_stream *stream = consumer->stream;
	unsigned n_lanes = stream->view.shape.n_lanes;
	int r = stream_check(stream);

	if (r < 0)
		return r;
	if (consumer->claims)
		return error_set(-EINVAL,
				 "a consumer of the queue \"%s\" has no position of its own",
				 stream->name);
	if (n < n_lanes)
		return error_set(-EINVAL, "\"%s\" has %u lanes, and there is room for %u positions",
				 stream->name, n_lanes, n);
	for (unsigned lane = 0; lane < n_lanes; lane++) {
		struct stream_track *track = &consumer->tracks[lane];

		track_leave_behind(consumer, lane);
		if (!track->has_number)
			track_begin(consumer, lane, track_at(track));
		positions[lane] = (struct shmb_position){track_at(track), track->number};
	}
	return 0;
}
