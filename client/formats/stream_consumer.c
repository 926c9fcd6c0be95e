#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "formats/stream_seat.h"
#include "wire/name.h"

#define SPINS_FIRST 64 /* looks before it sleeps, to begin with */

static int check_options(const struct shmb_stream *stream,
			 const struct shmb_consumer_options *options)
{
	const char *why = NULL;

	if ((unsigned)options->start > SHMB_START_OLDEST)
		why = "say nothing where it could begin";
	else if (!options->name && options->retain_ms != 0)
		why = "have a time for which it is waited for and no name by which it comes back";
	else if (options->name && options->looks_on)
		why = "have a name, and are to look on, which leaves no trace";
	else if (options->retain_ms != 0 && (stream->view.shape.flags & STREAM_QUEUE))
		why = "have a time for which it is waited for, in a queue, where others go on";
	else if (options->name && strlen(options->name) >= STREAM_NAME_SIZE)
		why = "have a name of more than 31 bytes";
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
	if (options->looks_on)
		seat_place_cursors(consumer, options->start);
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
