/*
 * Opening a stream: a segment with a layout tag, formatted by whoever is told to, and looked
 * through by everybody else.
 */
#include "formats/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include <shmbroker/error.h>

#include "base/powers.h"
#include "core/error.h"
#include "formats/format.h"

#if SHMB_STREAM_LANES_MAX != STREAM_LANES_MOST || SHMB_STREAM_CONSUMERS_MAX != STREAM_SEATS_MOST
#error "what is promised is not what the layout has"
#endif
#if SHMB_STREAM_LANE_MIN != STREAM_LANE_LEAST || SHMB_STREAM_LANE_MAX != STREAM_LANE_MOST
#error "what is promised is not what the layout has"
#endif

static int check_options(const char *name, const struct shmb_stream_options *options)
{
	int r = format_check_options("stream", name, &options->segment);

	if (r < 0)
		return r;
	if (options->lane_size > SHMB_STREAM_LANE_MAX)
		return format_refuse_options("stream", name, "have a lane_size of more than 2^30");
	if (options->lanes > SHMB_STREAM_LANES_MAX)
		return format_refuse_options("stream", name, "have more than 1024 lanes");
	if (options->consumers > SHMB_STREAM_CONSUMERS_MAX)
		return format_refuse_options("stream", name, "have more than 256 consumers");
	if ((unsigned)options->full > SHMB_FULL_OVERWRITE)
		return format_refuse_options("stream", name,
					     "say nothing that can be done with a full lane");
	if ((unsigned)options->delivery > SHMB_QUEUE)
		return format_refuse_options("stream", name, "say nothing about who gets a record");
	if (options->delivery == SHMB_QUEUE && options->full == SHMB_FULL_OVERWRITE)
		return format_refuse_options("stream", name,
					     "want a queue that overwrites: a queue keeps what "
					     "nobody has taken");
	return 0;
}

/* What OPTIONS, which are in order, ask for. */
static struct stream_shape shape_of(const struct shmb_stream_options *options)
{
	static const unsigned flags[] = {
		[SHMB_FULL_WAIT] = 0,
		[SHMB_FULL_REFUSE] = STREAM_REFUSE,
		[SHMB_FULL_OVERWRITE] = STREAM_OVERWRITE,
	};

	return (struct stream_shape){
		.lane_size = power_of_two_from(STREAM_LANE_LEAST,
					       options->lane_size ? options->lane_size
								  : SHMB_STREAM_LANE_DEFAULT),
		.n_lanes = options->lanes ? options->lanes : SHMB_STREAM_LANES_DEFAULT,
		.n_seats = options->consumers ? options->consumers : SHMB_STREAM_CONSUMERS_DEFAULT,
		.flags = flags[options->full] | (options->times ? STREAM_TIMES : 0) |
			 (options->delivery == SHMB_QUEUE ? STREAM_QUEUE : 0),
	};
}

static int format(const struct shmb_stream *stream, const struct shmb_stream_options *options)
{
	const struct stream_shape shape = shape_of(options);
	size_t size = shmb_segment_size(stream->segment);

	if (stream_format(segment_data(stream->segment), size, &shape,
			  stream->member->roster.shared->instance) == 0)
		return 0;
	return error_set(-EFBIG,
			 "\"%s\" was not finished by its creator and has %zu bytes, which is not "
			 "enough for what this one wants; remove it",
			 stream->name, size);
}

/* The view of what is there, and whether it will do. */
static int look_through(struct shmb_stream *stream, const struct shmb_stream_options *options)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE];
	const char *fault = NULL;
	int r = stream_attach(segment_data(stream->segment), shmb_segment_size(stream->segment),
			      &stream->view, instance, &fault);

	if (r < 0)
		return error_set(r, "\"%s\" %s; choose another name or remove it", stream->name,
				 fault);
	if (stream->view.shape.lane_size < options->lane_size)
		return error_set(-EFBIG,
				 "the lanes of \"%s\" have %" PRIu64
				 " bytes, fewer than the %" PRIu64
				 " asked for; remove it to have it made anew",
				 stream->name, stream->view.shape.lane_size, options->lane_size);
	return stream->member
		       ? format_check_roster(stream->name, stream->member, instance, "producers")
		       : 0;
}

/* All that comes after its segment is had. */
static int set_up(struct shmb_stream *stream, struct shmb_connection *connection,
		  const struct shmb_stream_options *options, bool is_fresh)
{
	int r = 0;

	if (is_fresh || !(options->segment.flags & SHMB_READ))
		r = shmb_member_get(connection, &stream->member);
	if (r == 0 && is_fresh)
		r = format(stream, options);
	if (r == 0)
		r = look_through(stream, options);
	if (r == 0)
		r = segment_doorbell(stream->segment, &stream->doorbell);
	if (r == 0 && is_fresh)
		r = shmb_segment_ready(stream->segment);
	if (options->segment.flags & SHMB_READ)
		stream->member = NULL;
	return r;
}

int shmb_stream_open(struct shmb_connection *connection, const char *name,
		     const struct shmb_stream_options *options, struct shmb_stream **ret_stream)
{
	static const struct shmb_stream_options read_only = {.segment.flags = SHMB_READ};
	struct stream_shape shape;
	struct shmb_stream *stream;
	uint64_t size = 0;
	int r;

	if (!options)
		options = &read_only;
	r = check_options(name, options);
	if (r < 0)
		return r;
	shape = shape_of(options);
	if (!stream_size(&shape, &size))
		return format_refuse_options("stream", name, "make no stream");
	stream = format_handle_new(sizeof(*stream), offsetof(struct shmb_stream, name), name);
	if (!stream)
		return error_no_memory();
	r = format_open_segment(connection, name, &options->segment, SHMB_STREAM_LAYOUT, size,
				&stream->segment);
	if (r >= 0)
		r = set_up(stream, connection, options, r == SHMB_INITIALISE);
	if (r < 0) {
		shmb_stream_close(stream);
		return r;
	}
	*ret_stream = stream;
	return 0;
}

void shmb_stream_close(struct shmb_stream *stream)
{
	if (!stream)
		return;
	doorbell_unmap(&stream->doorbell);
	shmb_segment_detach(stream->segment);
	free(stream);
}

void shmb_stream_info(const struct shmb_stream *stream, struct shmb_stream_facts *ret_info)
{
	const struct stream_shape *shape = &stream->view.shape;

	*ret_info = (struct shmb_stream_facts){
		.lane_size = shape->lane_size,
		.record_size = stream_record_most(shape),
		.lanes = shape->n_lanes,
		.consumers = shape->n_seats,
		.full = shape->flags & STREAM_OVERWRITE ? SHMB_FULL_OVERWRITE
			: shape->flags & STREAM_REFUSE  ? SHMB_FULL_REFUSE
							: SHMB_FULL_WAIT,
		.delivery = shape->flags & STREAM_QUEUE ? SHMB_QUEUE : SHMB_BROADCAST,
		.times = shape->flags & STREAM_TIMES,
		.writes = stream->member != NULL,
	};
	shmb_segment_info(stream->segment, &ret_info->segment);
}
