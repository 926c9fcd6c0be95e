/*
 * Steps in and out of bytes.
 */
#include "steps.h"

#include <string.h>

#include "harness.h"

bool step_next(const uint8_t *data, size_t size, size_t *offset, struct step *ret_step)
{
	const uint8_t *at = data + *offset;
	size_t left = size - *offset;
	size_t n;

	if (left < STEP_HEADER_SIZE)
		return false;
	n = at[2] | (size_t)at[3] << 8;
	if (n > left - STEP_HEADER_SIZE)
		n = left - STEP_HEADER_SIZE;
	*offset += STEP_HEADER_SIZE + n;
	if (n > sizeof(ret_step->bytes))
		n = sizeof(ret_step->bytes);
	ret_step->what = at[0];
	ret_step->how = at[1];
	ret_step->size = (uint16_t)n;
	memcpy(ret_step->bytes, at + STEP_HEADER_SIZE, n);
	return true;
}

bool step_append(uint8_t *data, size_t *size, size_t capacity, const struct step *step)
{
	uint8_t *at = data + *size;

	if (capacity - *size < STEP_HEADER_SIZE + (size_t)step->size)
		return false;
	at[0] = step->what;
	at[1] = step->how;
	at[2] = (uint8_t)step->size;
	at[3] = (uint8_t)(step->size >> 8);
	memcpy(at + STEP_HEADER_SIZE, step->bytes, step->size);
	*size += STEP_HEADER_SIZE + (size_t)step->size;
	return true;
}

void step_pack(struct step *step, const struct wire_header *header, const struct wire_shape *shape,
	       const void *message)
{
	size_t size;
	int r = wire_encode_packet(header, shape, message, step->bytes, &size);

	FUZZ_REQUIRE(r == 0, "a %s of our own cannot be encoded: %s", shape->name, strerror(-r));
	step->size = (uint16_t)size;
}

void step_pad(struct step *step)
{
	if (step->size >= WIRE_HEADER_SIZE)
		return;
	memset(step->bytes + step->size, 0, WIRE_HEADER_SIZE - (size_t)step->size);
	step->size = WIRE_HEADER_SIZE;
}

static void put_u32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

void step_fit(struct step *step, uint8_t type, uint32_t serial)
{
	step->bytes[1] = type;
	put_u32(step->bytes + 4, serial);
	put_u32(step->bytes + 8, step->size);
}
