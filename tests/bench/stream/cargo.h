/*
 * What goes from producers to consumers: records whose every word follows from their number, of
 * which eight are looked at in each that is taken. The number says whose a record is, so that each
 * producer's are seen to come in order.
 */
#ifndef BENCH_STREAM_CARGO_H
#define BENCH_STREAM_CARGO_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pause.h"

#define CARGO_BATCH  16u
#define CARGO_MARKS  8u
#define CARGO_SOURCE 48u /* bits of a number above which its producer stands */

/* What who finds nothing to take, or no room, does. */
enum cargo_wait {
	CARGO_SPIN,  /* look again */
	CARGO_YIELD, /* let others on this core go first, and look again */
	CARGO_SLEEP, /* until there is something */
};

struct cargo {
	size_t size;    /* of a record, a multiple of 8 */
	unsigned batch; /* records at a time: 1 or CARGO_BATCH */
	enum cargo_wait wait;
	bool pauses;                   /* the processor, between two looks of who spins */
	unsigned producers, consumers; /* 0: one */
	bool is_queue;                 /* each record is for one consumer, and not for all */
	unsigned idle_lanes;           /* of producers that send nothing; ours alone has such */
	uint64_t producer_work, consumer_work; /* loops of idle work for each record */
	int daemon_core;                       /* of a transport that has a daemon */
	/* Of each process: */
	unsigned char *bytes; /* room for a batch */
	uint64_t number;      /* of the next record */
	uint64_t *numbers;    /* of the next one of each producer; NULL where there is one */
	uint64_t work;        /* its own loops */
	uint64_t in_runs;     /* of a queue: records of all runs until now */
};

/* As producer, or consumer, WHICH. */
void cargo_init(struct cargo *cargo, bool sends, unsigned which);
void cargo_fini(struct cargo *cargo);

/* A record is not what was sent. */
_Noreturn void cargo_fail(const struct cargo *cargo, uint64_t found);

/* So that one side is slower than the other. */
static inline void cargo_work(const struct cargo *cargo)
{
	for (uint64_t i = 0; i < cargo->work; i++)
		__asm__ volatile("");
}

/* Between two looks. */
static inline void cargo_idle(const struct cargo *cargo, bool pauses)
{
	if (cargo->wait != CARGO_SPIN)
		(void)sched_yield();
	else if (pauses || cargo->pauses)
		pause_cpu();
}

static inline void cargo_fill(struct cargo *cargo, void *bytes)
{
	uint64_t *words = bytes;

	cargo_work(cargo);
	for (size_t i = 0; i < cargo->size / sizeof(*words); i++)
		words[i] = cargo->number + i;
	cargo->number++;
}

/* Which record is the next: of several producers one that says whose it is, and of a queue one that
 * is later than the last. */
static inline void cargo_expect(struct cargo *cargo, uint64_t found)
{
	if (cargo->numbers) {
		uint64_t source = found >> CARGO_SOURCE;

		if (source >= cargo->producers)
			cargo_fail(cargo, found);
		cargo->number = cargo->numbers[source]++;
	} else if (cargo->is_queue) {
		if (found < cargo->number)
			cargo_fail(cargo, found);
		cargo->number = found;
	}
}

static inline void cargo_check(struct cargo *cargo, const void *bytes)
{
	const uint64_t *words = bytes;
	size_t n = cargo->size / sizeof(*words);
	size_t step = n > CARGO_MARKS ? n / CARGO_MARKS : 1;

	cargo_expect(cargo, words[0]);
	for (size_t i = 0; i < n; i += step)
		if (words[i] != cargo->number + i)
			cargo_fail(cargo, words[i] - i);
	if (words[n - 1] != cargo->number + n - 1)
		cargo_fail(cargo, words[n - 1] - (n - 1));
	cargo->number++;
	cargo_work(cargo);
}

#endif
