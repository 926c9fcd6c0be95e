/*
 * Who reads the broker's own figures, as a server of metrics does.
 */
#ifndef BENCH_LOOK_SCRAPE_H
#define BENCH_LOOK_SCRAPE_H

#include <stdbool.h>

#include "support/place.h"

struct scrape {
	const char *socket;        /* where they are served */
	const struct place *place; /* on both cores of which it runs; NULL: where it is */
};

/* Connect, ask, and read all of the answer: of a struct scrape. Ends the benchmark when it is none.
 */
void scrape_run(const void *scrape);

#endif
