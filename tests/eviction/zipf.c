/*
 * By rejection-inversion (Hoermann and Derflinger, 1996): a point is drawn below the curve
 * x^-alpha, which has an inverse, and its x is rounded to a rank. The area that the curve has
 * around a rank is larger than the rank's own weight, by little; points in what is too much are
 * drawn anew. No table is needed, and nothing is approximate.
 */
#include "zipf.h"

#include <math.h>

/* The area below the curve as far as X, but for a constant. */
static double area(const struct zipf *zipf, double x)
{
	return pow(x, 1 - zipf->alpha) / (1 - zipf->alpha);
}

/* As far as where it is. */
static double reach(const struct zipf *zipf, double of)
{
	return pow(of * (1 - zipf->alpha), 1 / (1 - zipf->alpha));
}

static double weight(const struct zipf *zipf, double rank)
{
	return pow(rank, -zipf->alpha);
}

void zipf_init(struct zipf *zipf, uint32_t n, double alpha)
{
	*zipf = (struct zipf){.n = n, .alpha = alpha};
	/* Of the first rank there is only its weight. */
	zipf->first = area(zipf, 1.5) - 1;
	zipf->last = area(zipf, n + 0.5);
	zipf->sure = 2 - reach(zipf, area(zipf, 2.5) - weight(zipf, 2));
}

uint32_t zipf_draw(const struct zipf *zipf, struct chance *chance)
{
	for (;;) {
		double part = (double)(chance_u64(chance) >> 11) * 0x1p-53;
		double point = zipf->last + part * (zipf->first - zipf->last);
		double x = reach(zipf, point);
		double rank = floor(x + 0.5);

		if (rank < 1)
			rank = 1;
		if (rank > zipf->n)
			rank = zipf->n;
		if (rank - x <= zipf->sure || point >= area(zipf, rank + 0.5) - weight(zipf, rank))
			return (uint32_t)rank - 1;
	}
}
