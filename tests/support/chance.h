/*
 * Random numbers that a failing test can be given again: the seed is printed, and SHMB_TEST_SEED
 * sets it.
 */
#ifndef SUPPORT_CHANCE_H
#define SUPPORT_CHANCE_H

#include <stddef.h>
#include <stdint.h>

struct chance {
	uint64_t state;
};

/* Seed from the environment or the kernel, and print it. */
void chance_init(struct chance *chance);

uint64_t chance_u64(struct chance *chance);

/* From 0 to BELOW - 1. */
uint64_t chance_below(struct chance *chance, uint64_t below);

void chance_fill(struct chance *chance, void *buffer, size_t size);

#endif
