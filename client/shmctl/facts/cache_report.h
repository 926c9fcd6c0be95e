/*
 * What a cache is and what has happened in it, and its numbers as a table, from which both forms of
 * output come.
 */
#ifndef SHMCTL_FACTS_CACHE_REPORT_H
#define SHMCTL_FACTS_CACHE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shmbroker/cache.h>

struct cache_report {
	const char *name;
	struct shmb_cache_facts facts;
	struct shmb_cache_stats stats;
	bool walked; /* the age of the oldest entry is known */
};

/* One number of the stats. */
struct cache_row {
	const char *member; /* what it is called in JSON */
	const char *label;  /* and for people */
	enum {
		CACHE_COUNT,
		CACHE_SIZE, /* bytes */
		CACHE_AGE,  /* ms */
	} kind;
	size_t offset;
};

extern const struct cache_row cache_rows[];
extern const size_t cache_rows_n;

/* Whether the report has that number. */
bool cache_row_counts(const struct cache_report *report, const struct cache_row *row);
uint64_t cache_row_value(const struct cache_report *report, const struct cache_row *row);

/* Of CACHE, which is called NAME; WALKS as for shmb_cache_stats(). Returns STATUS_DONE or what has
 * been complained of. */
int cache_report_make(const struct shmb_cache *cache, const char *name, bool walks,
		      struct cache_report *ret_report);

#endif
