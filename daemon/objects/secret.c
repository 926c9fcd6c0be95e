/*
 * As in "SipHash: a fast short-input PRF" by Aumasson and Bernstein, with the wider output that its
 * authors added.
 */
#include "objects/secret.h"

#include <string.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t word, unsigned by)
{
	return word << by | word >> (64 - by);
}

static void mix(struct state *s, unsigned rounds)
{
	while (rounds-- > 0) {
		s->v0 += s->v1;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v3;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 += s->v3;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 += s->v1;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v2 = rotate(s->v2, 32);
	}
}

static uint64_t load(const uint8_t *bytes, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, bytes, size);
	return word;
}

static void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	mix(s, 2);
	s->v0 ^= word;
}

static uint64_t finish(struct state *s)
{
	mix(s, 4);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

void secret_make(const uint8_t key[static SECRET_KEY_SIZE], const void *bytes, size_t size,
		 uint8_t ret_secret[static SECRET_SIZE])
{
	const uint8_t *at = bytes;
	uint64_t k0 = load(key, 8), k1 = load(key + 8, 8), last = (uint64_t)size << 56, word;
	struct state s = {
		.v0 = k0 ^ UINT64_C(0x736f6d6570736575),
		.v1 = k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
		.v2 = k0 ^ UINT64_C(0x6c7967656e657261),
		.v3 = k1 ^ UINT64_C(0x7465646279746573),
	};

	for (; size >= 8; at += 8, size -= 8)
		absorb(&s, load(at, 8));
	absorb(&s, last | load(at, size));
	s.v2 ^= 0xee;
	word = finish(&s);
	memcpy(ret_secret, &word, 8);
	s.v1 ^= 0xdd;
	word = finish(&s);
	memcpy(ret_secret + 8, &word, 8);
}
