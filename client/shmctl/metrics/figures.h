/*
 * What there is to be measured of a broker and of its objects.
 *
 * How much that is has a bound. Objects are added up by kind and backing. Only caches and streams
 * are named, the first ones by name, and users, those who hold the most; an option says how many of
 * each. Other users are added up as uid "other". Other caches and streams are not, since a sum of
 * counters falls when one of them goes, and whoever reads it takes that for a restart: they are
 * counted as left out.
 */
#ifndef SHMCTL_METRICS_FIGURES_H
#define SHMCTL_METRICS_FIGURES_H

#include "facts/cache_report.h"
#include "facts/gather.h"
#include "figures/families.h"

struct figures_stream {
	const char *name;
	uint64_t lanes;
	uint64_t producers; /* that live */
	uint64_t full;      /* of them, who wait for room */
	uint64_t consumers; /* that are here */
	uint64_t away;      /* that have a name and are not */
	uint64_t sent;      /* records */
	uint64_t kept;      /* bytes */
	uint64_t behind;    /* bytes, of who is furthest behind */
	uint64_t held;      /* records */
	uint64_t lost;      /* records, of those above */
};

struct figures {
	struct shmb_totals totals;
	struct figures_kind kinds[FIGURES_KINDS];
	struct figures_user *users; /* those who hold the most first */
	size_t users_n;
	struct cache_report *caches;
	size_t caches_n;
	uint64_t caches_left;
	struct figures_stream *streams;
	size_t streams_n;
	uint64_t streams_left;
	struct gathering objects; /* by name; the names above are theirs */
};

/* Ask the broker and look into memory, at LIMIT caches and streams at most. Returns STATUS_DONE or
 * what has been complained of; in any case it is to be freed. */
int figures_gather(struct shmb_connection *broker, size_t limit, struct figures *ret_figures);
void figures_free(struct figures *figures);

/* figures_named.c: what has a name, caches and streams. */
void figures_print_named(struct metrics *metrics, const struct figures *figures);

/* figures_print.c: all of it, with at most LIMIT users. */
void figures_print(struct metrics *metrics, const struct figures *figures, size_t limit);

#define autofigures attr_cleanup(figures_free) struct figures

#endif
