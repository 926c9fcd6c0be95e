/*
 * What every benchmark program has in common: its options, and how it gives up.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/attr.h"

/* How much is measured. A series has ROUNDS values; each is the median of CHUNKS batches. */
struct plan {
	unsigned rounds;
	unsigned chunks;
	unsigned operations; /* in one batch; a benchmark divides it for what is slow */
};

struct bench {
	const char *name;
	const char *broker; /* path of shmbrokerd */
	const char *limit;  /* path of limit_echo */
	const char *shmctl; /* path of shmctl */
	const char *json;   /* where to write the results; NULL for nowhere */
	bool quick;         /* tiny counts: to see that it works, not to learn anything */
	const char *only;   /* the part that is wanted; NULL for all */
	struct plan plan;
};

/*
 * Read the options. --help and mistakes end the program here. The limit of open descriptors is
 * raised to what the system allows, since benchmarks have thousands.
 */
void bench_init(struct bench *bench, const char *name, int argc, char **argv);

/* The same for one of several PARTS, of which --only chooses one; their names end with NULL. */
void bench_init_parts(struct bench *bench, const char *name, const char *const *parts, int argc,
		      char **argv);

/* Ends the benchmark unless a process may have N files open. Returns how many it may. */
unsigned long bench_need_files(unsigned long n);

/* NORMAL, or QUICK in a quick run. */
unsigned bench_count(const struct bench *bench, unsigned normal, unsigned quick);

/* Say what went wrong and end the program with 1; servers are ended and directories removed. */
_Noreturn void bench_fail(const char *format, ...) attr_printf(1, 2);

static inline uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
