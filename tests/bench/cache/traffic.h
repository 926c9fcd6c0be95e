/*
 * What is asked of a cache, the same for all designs: which key is next, and whether it is got or
 * set, comes from a table that is made beforehand, so that none of that takes time in a loop.
 *
 * A key is 16 letters that are a function of its number, and so are the first and the last 8 bytes
 * of its value, which are looked at in each value that is got.
 */
#ifndef BENCH_CACHE_TRAFFIC_H
#define BENCH_CACHE_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "support/bench.h"

#define TRAFFIC_KEY   16u
#define TRAFFIC_CROWD 32u /* keys that are got together */
#define TRAFFIC_MARK  sizeof(uint64_t)

/* One step. */
struct draw {
	char key[TRAFFIC_KEY];
	uint32_t number;  /* of the key */
	uint32_t percent; /* 0 to 99, at random: it is a set if that is below what is wanted */
};

struct traffic {
	size_t size; /* of a value */
	uint32_t n_keys;
	uint32_t n_draws;         /* a power of two */
	const struct draw *draws; /* of all processes */

	/* Of each process: */
	uint32_t next;
	unsigned sets; /* percent */
	uint64_t misses;
	size_t stride;         /* from one value to the next */
	unsigned char *values; /* of a crowd */
};

/* Numbers of keys below N_KEYS, of which the one with the rank R comes with a probability that is
 * proportional to 1 / (R + 1)^EXPONENT. */
struct zipf;

struct zipf *zipf_new(uint32_t n_keys, double exponent);
void zipf_free(struct zipf *zipf);
uint32_t zipf_draw(const struct zipf *zipf, uint64_t *state);

/* Random numbers: the state may begin with anything. */
uint64_t random_next(uint64_t *state);

/* N_DRAWS steps in memory that all processes share. */
const struct draw *traffic_draw(uint32_t n_keys, uint32_t n_draws, double exponent);
void traffic_forget(const struct draw *draws, uint32_t n_draws);

void traffic_key(uint32_t number, char key[static TRAFFIC_KEY]);

/* In each process, after the members before its own were set; WHICH begins elsewhere in the table
 * than others. The memory of what it will use is touched here. */
void traffic_open(struct traffic *traffic, unsigned which);

/* The value that was got is not that of the key. */
_Noreturn void traffic_fail(const struct traffic *traffic, const struct draw *draw,
			    const void *value);

static inline const struct draw *traffic_next(struct traffic *traffic, uint32_t n)
{
	const struct draw *draw = &traffic->draws[traffic->next];

	traffic->next = (traffic->next + n) & (traffic->n_draws - 1);
	return draw;
}

/* Give VALUE, of SIZE bytes, the marks of a key. */
static inline void value_mark(unsigned char *value, size_t size, uint32_t number)
{
	const uint64_t mark = (uint64_t)number + 1;

	memcpy(value + size - TRAFFIC_MARK, &mark, TRAFFIC_MARK);
	memcpy(value, &mark, TRAFFIC_MARK);
}

static inline bool value_is(const unsigned char *value, size_t size, uint32_t number)
{
	uint64_t first, last;

	memcpy(&first, value, TRAFFIC_MARK);
	memcpy(&last, value + size - TRAFFIC_MARK, TRAFFIC_MARK);
	return ((first ^ ((uint64_t)number + 1)) | (last ^ ((uint64_t)number + 1))) == 0;
}

/* Look at a value, and leave nothing that could be taken for the next one. */
static inline void traffic_check(const struct traffic *traffic, const struct draw *draw,
				 unsigned char *value)
{
	if (!value_is(value, traffic->size, draw->number))
		traffic_fail(traffic, draw, value);
	memset(value, 0, TRAFFIC_MARK);
}

#endif
