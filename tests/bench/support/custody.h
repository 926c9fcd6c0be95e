/*
 * A service manager in little: it takes in what a broker stores and gives it to the next one. A
 * thread of its own does so, as the manager is a process of its own.
 */
#ifndef BENCH_CUSTODY_H
#define BENCH_CUSTODY_H

#include <stdbool.h>
#include <stdint.h>

struct custody;

/* Listen at a path within DIRECTORY. */
struct custody *custody_new(const char *directory);

/* Everything is closed. */
void custody_free(struct custody *custody);

/* While it does so, messages stay where they are, as far as they fit there. */
void custody_let_lie(struct custody *custody, bool lets_lie);

/* Wait until it has N descriptors: then all that was to be stored and given up has been taken in.
 * Ends the benchmark when that does not come. */
void custody_await(struct custody *custody, unsigned n);

/* Time on the processor that it has spent, in nanoseconds. */
uint64_t custody_cpu_ns(struct custody *custody);

/* In a child that becomes the broker: give it all of them, and the environment. */
void custody_equip(void *custody);

#endif
