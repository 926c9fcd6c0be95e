/*
 * tallyboard: what has been sold so far, by all.
 *
 *   tallyboard
 */
#include <err.h>
#include <stdio.h>

#include "tally.h"

int main(void)
{
	if (tally_problem())
		errx(1, "%s", tally_problem());
	for (int drink = 0; drink < TALLY_DRINKS; drink++)
		printf("%ld %s\n", tally_sold(drink), tally_name(drink));
	printf("%ld in all\n", tally_total());
	return 0;
}
