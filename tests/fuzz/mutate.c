/*
 * Mutations of sequences, in the place of libFuzzer's own: of whole steps, of one field of a
 * message, and only then of bytes. So most of what comes out still reaches a handler.
 */
#include <string.h>

#include "compose.h"
#include "harness.h"
#include "steps.h"

#define DATA_MAX 65536

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned seed);

/* An input taken apart: where its steps are. */
struct sequence {
	const uint8_t *data;
	unsigned n;
	size_t starts[STEPS_MAX + 1];
};

static void take_apart(const uint8_t *data, size_t size, struct sequence *ret)
{
	static struct step step;
	size_t offset = size > 0 ? 1 : 0;

	ret->data = data;
	ret->n = 0;
	ret->starts[0] = offset;
	while (ret->n < STEPS_MAX && step_next(data, size, &offset, &step))
		ret->starts[++ret->n] = offset;
}

static void copy_steps(const struct sequence *from, unsigned first, unsigned end, uint8_t *out,
		       size_t *size, size_t capacity)
{
	size_t n = from->starts[end] - from->starts[first];

	if (n > capacity - *size)
		n = capacity - *size;
	memcpy(out + *size, from->data + from->starts[first], n);
	*size += n;
}

static void get_step(const struct sequence *from, unsigned i, struct step *ret_step)
{
	size_t offset = from->starts[i];

	(void)step_next(from->data, from->starts[i + 1], &offset, ret_step);
}

/* One field of the message gets another value. Returns false when there is no message. */
static bool change_field(struct chance *chance, struct step *step)
{
	static union any_message message;
	const struct wire_shape *shape = steps_shape(step);
	size_t size;

	if (!shape || shape->n_fields == 0 || step->size < WIRE_HEADER_SIZE)
		return false;
	if (wire_decode(shape, WIRE_VERSION_NEWEST, step->bytes + WIRE_HEADER_SIZE,
			step->size - (size_t)WIRE_HEADER_SIZE, &message) < 0)
		compose_message(chance, shape, &message);
	else
		compose_field(chance, &shape->fields[chance_below(chance, shape->n_fields)],
			      &message);
	if (wire_encode(shape, WIRE_VERSION_NEWEST, &message, step->bytes + WIRE_HEADER_SIZE,
			WIRE_PACKET_MAX - WIRE_HEADER_SIZE, &size) < 0)
		return false;
	step->size = (uint16_t)(WIRE_HEADER_SIZE + size);
	return true;
}

static void change_step(struct chance *chance, struct step *step)
{
	switch (chance_below(chance, 6)) {
	case 0:
		step->how = (uint8_t)chance_u64(chance);
		break;
	case 1:
		step->what = (uint8_t)chance_below(chance, 16);
		break;
	case 2:
		step->size =
			(uint16_t)LLVMFuzzerMutate(step->bytes, step->size, sizeof(step->bytes));
		break;
	default:
		if (!change_field(chance, step))
			step->how ^= (uint8_t)(1u << chance_below(chance, 8));
	}
}

enum change { CHANGE_STEP, CHANGE_INSERT, CHANGE_REMOVE, CHANGE_REPEAT, CHANGE_MOVE, N_CHANGES };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	static uint8_t out[DATA_MAX];
	static struct sequence sequence;
	static struct step step;
	struct chance chance = {.state = seed};
	size_t capacity = max_size < sizeof(out) ? max_size : sizeof(out);
	size_t used = 0;
	enum change change;
	unsigned at, to;

	if (chance_below(&chance, 32) == 0 || capacity < 1)
		return LLVMFuzzerMutate(data, size, max_size);
	out[used++] = size > 0 ? data[0] : 0;
	if (chance_below(&chance, 16) == 0)
		out[0] ^= (uint8_t)(1u << chance_below(&chance, 8));
	take_apart(data, size, &sequence);
	change = sequence.n == 0 ? CHANGE_INSERT : (enum change)chance_below(&chance, N_CHANGES);
	at = (unsigned)chance_below(&chance, sequence.n + (change == CHANGE_INSERT));
	to = at + (unsigned)chance_below(&chance, sequence.n - at + 1u);
	copy_steps(&sequence, 0, at, out, &used, capacity);
	if (change == CHANGE_INSERT)
		steps_compose(&chance, &step);
	else
		get_step(&sequence, at, &step);
	if (change == CHANGE_STEP)
		change_step(&chance, &step);
	if (change == CHANGE_STEP || change == CHANGE_INSERT || change == CHANGE_REPEAT)
		(void)step_append(out, &used, capacity, &step);
	if (change == CHANGE_STEP || change == CHANGE_REMOVE)
		at++;
	if (change == CHANGE_MOVE && to > at) {
		copy_steps(&sequence, at + 1, to, out, &used, capacity);
		(void)step_append(out, &used, capacity, &step);
		at = to;
	}
	copy_steps(&sequence, at, sequence.n, out, &used, capacity);
	memcpy(data, out, used);
	return used;
}

/* The beginning of one and the end of another. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned seed)
{
	static struct sequence first, second;
	struct chance chance = {.state = seed};
	size_t used = 0;

	if (max_size < 1)
		return 0;
	take_apart(a, a_size, &first);
	take_apart(b, b_size, &second);
	out[used++] = a_size > 0 ? a[0] : 0;
	copy_steps(&first, 0, (unsigned)chance_below(&chance, first.n + 1u), out, &used, max_size);
	copy_steps(&second, (unsigned)chance_below(&chance, second.n + 1u), second.n, out, &used,
		   max_size);
	return used;
}
