/*
 * Messages made up from the tables: well formed, and with values that lead somewhere. A field that
 * is new gets values by its type; one whose values matter gets a row in compose.c.
 *
 * Some values are only known while an input runs: ids, secrets, the nonce. Such fields hold a token
 * instead, which the fuzzer exchanges for the value: COMPOSE_TOKEN + n stands for the nth that it
 * has seen, and in bytes COMPOSE_TOKEN_BYTE, throughout, for the right ones.
 */
#ifndef FUZZ_COMPOSE_H
#define FUZZ_COMPOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "support/chance.h"
#include "wire/codec.h"
#include "wire/opcodes.h"

#define COMPOSE_TOKENS     16u
#define COMPOSE_TOKEN      (UINT64_MAX - COMPOSE_TOKENS + 1)
#define COMPOSE_TOKEN_BYTE 0xff

#define COMPOSE_MEMBER(message, FIELDS) struct wire_##message message;

/* Room for any message, decoded. */
union any_message {
	WIRE_MESSAGES(COMPOSE_MEMBER)
};

/* Every shape there is. */
extern const struct wire_shape *const compose_shapes[];
extern const unsigned compose_n_shapes;

/* Another value for one field of MESSAGE, or for all of them. */
void compose_field(struct chance *chance, const struct wire_field *field, void *message);
void compose_message(struct chance *chance, const struct wire_shape *shape, void *message);

/* Where the field is that SHAPE has under NAME; NULL when it has none, or of another type. */
uint64_t *compose_find_u64(const struct wire_shape *shape, void *message, const char *name);
uint8_t *compose_find_bytes(const struct wire_shape *shape, void *message, const char *name);

/* Whether *VALUE is a token, and its n. */
bool compose_is_token(uint64_t value, unsigned *ret_n);
bool compose_are_tokens(const uint8_t *bytes, size_t size);

#endif
