/*
 * The inputs of the fuzzers that play a sequence: a byte of settings, then steps. A step is
 *
 *   0  u8   what    which one it is, by the fuzzer's own table, modulo its size
 *   1  u8   how     its argument
 *   2  u16  size    of the bytes that follow, cut to what is left
 *   4       bytes   for most that have some: a packet, header and body
 *
 * so that any bytes are a sequence, and a mutation in one step leaves the others as they are.
 */
#ifndef FUZZ_STEPS_H
#define FUZZ_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/chance.h"
#include "wire/codec.h"

#define STEP_HEADER_SIZE 4
#define STEPS_MAX        256 /* what comes after is not played */

struct step {
	uint8_t what;
	uint8_t how;
	uint16_t size;
	uint8_t bytes[WIRE_PACKET_MAX + 64];
};

/* The step at *OFFSET, which moves on. Returns false at the end. */
bool step_next(const uint8_t *data, size_t size, size_t *offset, struct step *ret_step);

/* Append STEP at *SIZE. Returns false, with nothing changed, when it does not fit. */
bool step_append(uint8_t *data, size_t *size, size_t capacity, const struct step *step);

/* Put a packet with this header and message into STEP. */
void step_pack(struct step *step, const struct wire_header *header, const struct wire_shape *shape,
	       const void *message);

/* Zeros at the end, so that there is room for a header. */
void step_pad(struct step *step);

/* What of the header only the run knows: TYPE, SERIAL, and the size as it is. */
void step_fit(struct step *step, uint8_t type, uint32_t serial);

/* Each fuzzer of sequences has these, for its mutations. */

/* Any step that it knows, with a message that is well formed. */
void steps_compose(struct chance *chance, struct step *step);

/* The shape of the message that STEP carries; NULL when it carries none. */
const struct wire_shape *steps_shape(const struct step *step);

#endif
