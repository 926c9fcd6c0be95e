/*
 * A new number of the library's is a row here, and one in docs/SHMCTL-JSON.md.
 */
#include "cache_report.h"

#include <string.h>

#include "base/attr.h"
#include "words/complain.h"

#define ROW(member, label, kind)                                                                   \
	{                                                                                          \
#member, label, kind, offsetof(struct shmb_cache_stats, member)                    \
	}

// clang-format off

const struct cache_row cache_rows[] = {
	ROW(entries,         "entries",               CACHE_COUNT),
	ROW(bytes,           "keys and values",       CACHE_SIZE),
	ROW(waste,           "not reused yet",        CACHE_SIZE),
	ROW(oldest_ms,       "oldest entry",          CACHE_AGE),
	ROW(hits,            "hits",                  CACHE_COUNT),
	ROW(misses,          "misses",                CACHE_COUNT),
	ROW(sets,            "sets",                  CACHE_COUNT),
	ROW(deletes,         "deletes",               CACHE_COUNT),
	ROW(evicted_room,    "evicted for room",      CACHE_COUNT),
	ROW(evicted_index,   "evicted for the index", CACHE_COUNT),
	ROW(evicted_expired, "evicted past the time", CACHE_COUNT),
	ROW(flushed,         "flushed",               CACHE_COUNT),
	ROW(fills,           "fills",                 CACHE_COUNT),
	ROW(fill_waits,      "fills waited for",      CACHE_COUNT),
	ROW(fill_deaths,     "fills passed on",       CACHE_COUNT),
	ROW(fill_failures,   "fills that failed",     CACHE_COUNT),
	ROW(repairs,         "repairs",               CACHE_COUNT),
	ROW(forgotten,       "forgotten by repairs",  CACHE_COUNT),
	ROW(emptied,         "shards emptied",        CACHE_COUNT),
	ROW(lock_waits,      "locks waited for",      CACHE_COUNT),
};

// clang-format on

const size_t cache_rows_n = ARRAY_SIZE(cache_rows);

/* None that the library has is missing. */
_Static_assert(sizeof(struct shmb_cache_stats) == ARRAY_SIZE(cache_rows) * sizeof(uint64_t),
	       "each number has a row");

bool cache_row_counts(const struct cache_report *report, const struct cache_row *row)
{
	return report->walked || row->kind != CACHE_AGE;
}

uint64_t cache_row_value(const struct cache_report *report, const struct cache_row *row)
{
	uint64_t value;

	memcpy(&value, (const char *)&report->stats + row->offset, sizeof(value));
	return value;
}

int cache_report_make(const struct shmb_cache *cache, const char *name, bool walks,
		      struct cache_report *ret_report)
{
	*ret_report = (struct cache_report){.name = name, .walked = walks};
	shmb_cache_info(cache, &ret_report->facts);
	return shmb_cache_stats(cache, walks, &ret_report->stats) < 0 ? complain_library()
								      : STATUS_DONE;
}
