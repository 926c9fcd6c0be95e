/*
 * The first inputs of the fuzzers, made from the tables of the protocol: so each operation has its
 * seed, also one that is new. fuzz_seeds writes them.
 */
#ifndef FUZZ_SEEDS_H
#define FUZZ_SEEDS_H

#include <stdint.h>

#include "steps.h"
#include "wire/opcodes.h"

#define SEED_MAX 16384

struct seed {
	size_t size;
	uint8_t data[SEED_MAX];
};

/* Begin a sequence anew. */
void seed_begin(struct seed *seed, uint8_t settings);

/* Append a step: without bytes, with some, with a message. */
void seed_step(struct seed *seed, unsigned what, unsigned how);
void seed_bytes(struct seed *seed, unsigned what, unsigned how, const void *bytes, size_t size);
void seed_packet(struct seed *seed, unsigned what, unsigned how, const struct wire_header *header,
		 const struct wire_shape *shape, const void *message);

/* Keep it as corpus/CORPUS/NAME. */
void seed_keep(const struct seed *seed, const char *corpus, const char *name);

/* One file each. */
void seeds_of_request(void);
void seeds_of_broker(void);
void seeds_of_client(void);

#endif
