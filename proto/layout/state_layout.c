/*
 * Writing the header, and reading it where a peer may write it too: it is copied once, and what is
 * decided is decided on the copy.
 */
#include "layout/state_layout.h"

#include <errno.h>
#include <string.h>

#include "base/checked.h"
#include "base/payload.h"
#include "base/powers.h"

/* Of a value size within its bounds, which are far from where this overflows. */
static uint64_t stride_of(uint64_t value_size)
{
	uint64_t used = state_value_at(value_size) + value_size;

	return (used + LAYOUT_LINE - 1) / LAYOUT_LINE * LAYOUT_LINE;
}

static const char *shape_fault(const struct state_shape *shape)
{
	if (shape->value_size == 0 || shape->value_size > STATE_VALUE_MOST)
		return "has an impossible value size";
	if (!is_power_of_two(shape->n_slots) || shape->n_slots < STATE_SLOTS_LEAST ||
	    shape->n_slots > STATE_SLOTS_MOST)
		return "has an impossible number of slots";
	if (shape->history == 0 || shape->history >= shape->n_slots)
		return "has an impossible history";
	return NULL;
}

bool state_size(const struct state_shape *shape, uint64_t *ret_size)
{
	uint64_t slots;

	return !shape_fault(shape) &&
	       checked_mul_u64(stride_of(shape->value_size), shape->n_slots, &slots) &&
	       checked_add_u64(slots, sizeof(struct state_header), ret_size);
}

int state_format(void *memory, uint64_t size, const struct state_shape *shape,
		 const uint8_t instance[static LAYOUT_INSTANCE_SIZE])
{
	struct state_header *header = memory;
	uint64_t needed;

	if (!state_size(shape, &needed) || needed > size)
		return -EINVAL;
	layout_head_fill(&header->head, STATE_VERSION, sizeof(*header),
			 shape->single_writer ? STATE_SINGLE_WRITER : 0, instance);
	header->value_size = shape->value_size;
	header->stride = stride_of(shape->value_size);
	header->n_slots = shape->n_slots;
	header->history = shape->history;
	/* Pairs with the acquire in state_attach(). */
	atomic_store_explicit(&header->head.magic, STATE_MAGIC, memory_order_release);
	return 0;
}

static const char *header_fault(const struct state_header *copy, const struct state_shape *shape,
				uint64_t size)
{
	const char *fault = shape_fault(shape);
	uint64_t needed;

	if (fault)
		return fault;
	if (copy->head.flags & ~STATE_SINGLE_WRITER)
		return "has flags that mean nothing";
	if (copy->stride != stride_of(shape->value_size))
		return "has slots that do not fit its values";
	if (!state_size(shape, &needed) || needed > size)
		return "is larger than its memory";
	return NULL;
}

/* All that the initialiser wrote. */
static void fetch(struct state_header *copy, struct state_header *header)
{
	/* Pairs with the release in state_format(). */
	uint64_t magic = atomic_load_explicit(&header->head.magic, memory_order_acquire);

	payload_read(copy, header, offsetof(struct state_header, last));
	atomic_store_explicit(&copy->head.magic, magic, memory_order_relaxed);
}

int state_attach(void *memory, uint64_t size, struct state_view *ret_view,
		 uint8_t ret_instance[static LAYOUT_INSTANCE_SIZE], const char **ret_fault)
{
	struct state_header *header = memory;
	struct state_header copy;
	struct state_shape shape;
	const char *fault;

	if (size < sizeof(*header)) {
		*ret_fault = "is too small for a state";
		return -ESTALE;
	}
	fetch(&copy, header);
	fault = layout_head_fault(&copy.head, STATE_MAGIC, STATE_VERSION, sizeof(copy));
	if (fault) {
		*ret_fault = fault;
		return -ESTALE;
	}
	shape = (struct state_shape){
		.value_size = copy.value_size,
		.n_slots = copy.n_slots,
		.history = copy.history,
		.single_writer = copy.head.flags & STATE_SINGLE_WRITER,
	};
	fault = header_fault(&copy, &shape, size);
	if (fault) {
		*ret_fault = fault;
		return -EBADMSG;
	}
	memcpy(ret_instance, copy.head.instance, LAYOUT_INSTANCE_SIZE);
	*ret_view = (struct state_view){
		.header = header,
		.stride = copy.stride,
		.mask = shape.n_slots - 1,
		.shape = shape,
	};
	return 0;
}
