/*
 * The generator is splitmix64: one word of state, every seed is good.
 */
#include "support/chance.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"

void chance_init(struct chance *chance)
{
	const char *given = getenv("SHMB_TEST_SEED");

	if (given)
		chance->state = strtoull(given, NULL, 0);
	else if (random_fill(&chance->state, sizeof(chance->state)) < 0)
		abort();
	printf("again with SHMB_TEST_SEED=%#" PRIx64 "\n", chance->state);
	fflush(stdout);
}

uint64_t chance_u64(struct chance *chance)
{
	uint64_t mixed = chance->state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ (mixed >> 31);
}

uint64_t chance_below(struct chance *chance, uint64_t below)
{
	return chance_u64(chance) % below;
}

void chance_fill(struct chance *chance, void *buffer, size_t size)
{
	uint8_t *at = buffer;

	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)chance_u64(chance);
}
