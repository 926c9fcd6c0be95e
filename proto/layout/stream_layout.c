/*
 * Writing the header, and reading it where a peer may write it too: it is copied once, and what is
 * decided is decided on the copy.
 *
 * A lane begins three lines further on in its page than the one before, so that the lines at which
 * many lanes stand at the beginning do not all fall into the same few places of a cache.
 */
#include "layout/stream_layout.h"

#include <errno.h>
#include <string.h>

#include "base/payload.h"

#define LANE_SHIFT 192u
#define HEADER     8u /* of a record, without what comes before the bytes else */
#define FLAGS_ALL  (STREAM_REFUSE | STREAM_OVERWRITE | STREAM_TIMES | STREAM_QUEUE)

static uint64_t prefix_of(unsigned flags)
{
	return HEADER + (flags & STREAM_TIMES ? 8 : 0);
}

static const char *shape_fault(const struct stream_shape *shape)
{
	if (shape->lane_size < STREAM_LANE_LEAST || shape->lane_size > STREAM_LANE_MOST ||
	    (shape->lane_size & (shape->lane_size - 1)) != 0)
		return "has lanes of an impossible size";
	if (shape->n_lanes == 0 || shape->n_lanes > STREAM_LANES_MOST)
		return "has an impossible number of lanes";
	if (shape->n_seats == 0 || shape->n_seats > STREAM_SEATS_MOST)
		return "has an impossible number of consumers";
	if ((shape->flags & ~(unsigned)FLAGS_ALL) != 0)
		return "has flags that mean nothing";
	if ((shape->flags & STREAM_OVERWRITE) && (shape->flags & (STREAM_REFUSE | STREAM_QUEUE)))
		return "overwrites, and has another flag against that";
	return NULL;
}

/* Where the parts are, from the beginning of the memory on. */
struct plan {
	uint64_t cursors, heads, claims, lanes, end;
	uint64_t row; /* bytes */
	uint32_t n_claims;
	uint64_t lane_stride;
};

/* Of a shape without a fault: 2^41 bytes at most, so that nothing overflows. */
static struct plan plan_of(const struct stream_shape *shape)
{
	struct plan plan = {.lane_stride = shape->lane_size + LANE_SHIFT};

	if (shape->flags & STREAM_QUEUE)
		plan.n_claims = (uint32_t)(shape->lane_size / STREAM_CLAIM_BYTES);
	else
		plan.row = (shape->n_lanes * sizeof(struct stream_cursor) + STREAM_PAIR - 1) /
			   STREAM_PAIR * STREAM_PAIR;
	plan.cursors = sizeof(struct stream_header) + shape->n_seats * sizeof(struct stream_seat);
	plan.heads = plan.cursors + shape->n_seats * plan.row;
	plan.claims = plan.heads + shape->n_lanes * sizeof(struct stream_lane);
	plan.lanes = plan.claims + shape->n_lanes * (plan.n_claims * sizeof(uint64_t));
	plan.end = plan.lanes + shape->n_lanes * plan.lane_stride;
	return plan;
}

uint64_t stream_record_most(const struct stream_shape *shape)
{
	return shape->lane_size / 2 - prefix_of(shape->flags) - HEADER;
}

bool stream_size(const struct stream_shape *shape, uint64_t *ret_size)
{
	if (shape_fault(shape))
		return false;
	*ret_size = plan_of(shape).end;
	return true;
}

int stream_format(void *memory, uint64_t size, const struct stream_shape *shape,
		  const uint8_t instance[static LAYOUT_INSTANCE_SIZE])
{
	struct stream_header *header = memory;
	uint64_t needed;

	if (!stream_size(shape, &needed) || needed > size)
		return -EINVAL;
	layout_head_fill(&header->head, STREAM_VERSION, sizeof(*header), shape->flags, instance);
	header->lane_size = shape->lane_size;
	header->n_lanes = shape->n_lanes;
	header->n_seats = shape->n_seats;
	/* Pairs with the acquire in fetch(). */
	atomic_store_explicit(&header->head.magic, STREAM_MAGIC, memory_order_release);
	return 0;
}

/* All that the initialiser wrote. */
static void fetch(struct stream_header *copy, struct stream_header *header)
{
	/* Pairs with the release in stream_format(). */
	uint64_t magic = atomic_load_explicit(&header->head.magic, memory_order_acquire);

	payload_read(copy, header, offsetof(struct stream_header, reserved_56));
	atomic_store_explicit(&copy->head.magic, magic, memory_order_relaxed);
}

static struct stream_view view_of(void *memory, const struct stream_shape *shape)
{
	const struct plan plan = plan_of(shape);
	unsigned char *bytes = memory;

	return (struct stream_view){
		.header = memory,
		.seats = (struct stream_seat *)(bytes + sizeof(struct stream_header)),
		.cursors = (struct stream_cursor *)(bytes + plan.cursors),
		.heads = (struct stream_lane *)(bytes + plan.heads),
		.claims = plan.n_claims ? (_Atomic uint64_t *)(bytes + plan.claims) : NULL,
		.lanes = bytes + plan.lanes,
		.mask = shape->lane_size - 1,
		.lane_stride = plan.lane_stride,
		.row = plan.row / sizeof(struct stream_cursor),
		.n_claims = plan.n_claims,
		.prefix = prefix_of(shape->flags),
		.shape = *shape,
	};
}

int stream_attach(void *memory, uint64_t size, struct stream_view *ret_view,
		  uint8_t ret_instance[static LAYOUT_INSTANCE_SIZE], const char **ret_fault)
{
	struct stream_header *header = memory;
	struct stream_header copy;
	struct stream_shape shape;
	uint64_t needed;

	if (size < sizeof(*header)) {
		*ret_fault = "is too small for a stream";
		return -ESTALE;
	}
	fetch(&copy, header);
	*ret_fault = layout_head_fault(&copy.head, STREAM_MAGIC, STREAM_VERSION, sizeof(copy));
	if (*ret_fault)
		return -ESTALE;
	shape = (struct stream_shape){
		.lane_size = copy.lane_size,
		.n_lanes = copy.n_lanes,
		.n_seats = copy.n_seats,
		.flags = copy.head.flags,
	};
	*ret_fault = shape_fault(&shape);
	if (!*ret_fault && (!stream_size(&shape, &needed) || needed > size))
		*ret_fault = "is larger than its memory";
	if (*ret_fault)
		return -EBADMSG;
	memcpy(ret_instance, copy.head.instance, LAYOUT_INSTANCE_SIZE);
	*ret_view = view_of(memory, &shape);
	return 0;
}
