/*
 * The tally: a counter and a table, plain variables of C. SHMB_SHARED puts them into pages of their
 * own, and one call at load replaces these pages by shared ones, at the same address, so that the
 * rest of the library does not know of it.
 *
 * Without a broker everything works too, for each process alone.
 */
#include "tally.h"

#include <stdatomic.h>
#include <stdio.h>

#include <shmbroker/shmbroker.h>

/* To be raised when the variables below change: then old programs keep the old ones. */
#define VERSION "1"

/* _Atomic, since several processes count at once, as threads would. */
SHMB_SHARED_STATIC _Atomic long total;

SHMB_SHARED_STATIC struct {
	char name[8]; /* a pointer would mean nothing in another process */
	_Atomic long sold;
} table[TALLY_DRINKS] = {
	[TALLY_TEA] = {"tea", 0},
	[TALLY_COFFEE] = {"coffee", 0},
	[TALLY_WATER] = {"water", 0},
};

static struct shmb_connection *broker;
static char problem[512];

__attribute__((constructor)) static void share(void)
{
	const struct shmb_connect_options connecting = {.program = "tally", .timeout_ms = 5000};
	/* The sales outlive the programs: `shmctl remove examples/tally.1` ends them. */
	const struct shmb_segment_options keeping = {.lifetime = SHMB_LIFETIME_KEEP};

	if (shmb_connect(&connecting, &broker) < 0 ||
	    shmb_vars_attach(broker, "examples/tally", VERSION, &keeping) < 0)
		snprintf(problem, sizeof(problem), "%s", shmb_last_error());
}

__attribute__((destructor)) static void unshare(void)
{
	shmb_vars_detach();
	shmb_disconnect(broker);
}

void tally_sell(enum tally_drink drink, long n)
{
	table[drink].sold += n;
	total += n;
}

long tally_sold(enum tally_drink drink)
{
	return table[drink].sold;
}

long tally_total(void)
{
	return total;
}

const char *tally_name(enum tally_drink drink)
{
	return table[drink].name;
}

const char *tally_problem(void)
{
	return problem[0] ? problem : NULL;
}
