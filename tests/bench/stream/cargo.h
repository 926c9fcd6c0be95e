/*
 * What goes from a producer to a consumer: records whose every word follows from their number, of
 * which eight are looked at in each that is taken.
 */
#ifndef BENCH_STREAM_CARGO_H
#define BENCH_STREAM_CARGO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CARGO_BATCH 16u
#define CARGO_MARKS 8u

struct cargo {
	size_t size;    /* of a record, a multiple of 8 */
	unsigned batch; /* records at a time: 1 or CARGO_BATCH */
	/* Of each process: */
	unsigned char *bytes; /* room for a batch */
	uint64_t number;      /* of the next record */
	uint64_t work;        /* loops of idle work for each record */
};

void cargo_init(struct cargo *cargo);
void cargo_fini(struct cargo *cargo);

/* A record is not what was sent. */
_Noreturn void cargo_fail(const struct cargo *cargo, uint64_t found);

/* So that one side is slower than the other. */
static inline void cargo_work(const struct cargo *cargo)
{
	for (uint64_t i = 0; i < cargo->work; i++)
		__asm__ volatile("");
}

static inline void cargo_fill(struct cargo *cargo, void *bytes)
{
	uint64_t *words = bytes;

	cargo_work(cargo);
	for (size_t i = 0; i < cargo->size / sizeof(*words); i++)
		words[i] = cargo->number + i;
	cargo->number++;
}

static inline void cargo_check(struct cargo *cargo, const void *bytes)
{
	const uint64_t *words = bytes;
	size_t n = cargo->size / sizeof(*words);
	size_t step = n > CARGO_MARKS ? n / CARGO_MARKS : 1;

	for (size_t i = 0; i < n; i += step)
		if (words[i] != cargo->number + i)
			cargo_fail(cargo, words[i] - i);
	if (words[n - 1] != cargo->number + n - 1)
		cargo_fail(cargo, words[n - 1] - (n - 1));
	cargo->number++;
	cargo_work(cargo);
}

#endif
