/*
 * What is looked at: a broker with many objects, of which some are held by programs that do
 * nothing else.
 */
#ifndef BENCH_LOOK_STOCK_H
#define BENCH_LOOK_STOCK_H

#include <sys/types.h>

#include "support/place.h"
#include "support/server.h"
#include "support/wire.h"

#define STOCK_PROGRAMS_MAX 100u
#define STOCK_HOLDS        10u /* of each program */

struct shmb_connection;

struct stock {
	struct server broker;
	char figures[96];              /* the socket where it serves them */
	struct wire_client owner;      /* of all segments, which end with it */
	struct shmb_connection *maker; /* the same, of all else */
	unsigned n_objects;
	unsigned n_looked_into; /* the first of them: states, streams and caches in turn */
	unsigned n_sysv;        /* of the others; all else is memfds */
	unsigned n_programs;
	pid_t programs[STOCK_PROGRAMS_MAX];
};

#define STOCK_NAME_MAX 48

/* The name of an object, as programs choose names: a few words of the path, and a number. */
void stock_name(unsigned number, char name[static STOCK_NAME_MAX]);

/* With the broker on the one core, and the programs on the other. A stock must stay where it is. */
void stock_init(struct stock *stock, const struct bench *bench, const struct place *place);
void stock_fini(struct stock *stock);

static inline unsigned stock_holders(const struct stock *stock)
{
	return stock->n_programs * STOCK_HOLDS;
}

#endif
