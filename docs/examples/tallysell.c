/*
 * tallysell: sells drinks, one at a time.
 *
 *   tallysell DRINK N
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tally.h"

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: tallysell tea|coffee|water N\n");
	exit(2);
}

static enum tally_drink parse_drink(const char *text)
{
	for (int drink = 0; drink < TALLY_DRINKS; drink++)
		if (strcmp(text, tally_name(drink)) == 0)
			return drink;
	usage();
}

static long parse_number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 0)
		usage();
	return n;
}

int main(int argc, char **argv)
{
	enum tally_drink drink;
	long n;

	if (argc != 3)
		usage();
	drink = parse_drink(argv[1]);
	n = parse_number(argv[2]);
	if (tally_problem())
		warnx("selling for this process alone: %s", tally_problem());
	for (long i = 0; i < n; i++)
		tally_sell(drink, 1);
	printf("%ld %s sold, %ld drinks in all\n", tally_sold(drink), tally_name(drink),
	       tally_total());
	return 0;
}
