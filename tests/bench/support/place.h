/*
 * On which cores things run, and how far these are apart at the moment.
 */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

/* The two cores that a benchmark uses: its own, and another; the same where there is only one. */
struct place {
	int own;
	int other;
};

/* The first two cores that this process may use; it is pinned to the first. */
struct place place_init(void);
bool place_has_two(const struct place *place);

/* Pin a process, 0 for this one. */
void place_pin(pid_t pid, int core);

/* Let this process run on either. */
void place_pin_to_both(const struct place *place);

/*
 * Nanoseconds that a cache line takes from one core to the other, one way. Virtual cores move: what
 * crosses them is comparable only while this stays about the same. 0 where there is one core.
 */
double place_line_ns(const struct place *place);

/* Near: the two share a cache. */
bool place_is_near(double line_ns);

#endif
