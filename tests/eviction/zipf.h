/*
 * Numbers from 0 to N - 1 of which number k comes with a probability proportional to
 * 1 / (k + 1)^alpha.
 */
#ifndef EVICTION_ZIPF_H
#define EVICTION_ZIPF_H

#include <stdint.h>

#include "support/chance.h"

struct zipf {
	uint32_t n;
	double alpha;
	double first, last; /* of the areas to draw from */
	double sure;        /* so far from its middle a number is taken without a second look */
};

/* ALPHA is above 0, and not 1. */
void zipf_init(struct zipf *zipf, uint32_t n, double alpha);
uint32_t zipf_draw(const struct zipf *zipf, struct chance *chance);

#endif
