/*
 * The figures of caches and streams, each with the name of its object.
 */
#include <stddef.h>
#include <string.h>

#include "figures.h"
#include "figures/rows.h"

// clang-format off

#define STAT(member) offsetof(struct cache_report, stats.member)

static const struct figures_row cache_families[] = {
	{FIGURES_GAUGE("shmbroker_cache_size_bytes", "bytes",
	       "Size of the cache, its index included."),
	 NULL, offsetof(struct cache_report, facts.size)},
	{FIGURES_GAUGE("shmbroker_cache_entries", NULL, "Entries that are there."),
	 NULL, STAT(entries)},
	{FIGURES_GAUGE("shmbroker_cache_used_bytes", "bytes", "Keys and values that are there."),
	 NULL, STAT(bytes)},
	{FIGURES_GAUGE("shmbroker_cache_waste_bytes", "bytes",
	       "Room of what was deleted or replaced, and not reused yet."), NULL, STAT(waste)},
	{FIGURES_COUNTER("shmbroker_cache_hits", NULL, "Lookups that found something."),
	 NULL, STAT(hits)},
	{FIGURES_COUNTER("shmbroker_cache_misses", NULL, "Lookups that did not."),
	 NULL, STAT(misses)},
	{FIGURES_COUNTER("shmbroker_cache_sets", NULL, "Entries that were stored."),
	 NULL, STAT(sets)},
	{FIGURES_COUNTER("shmbroker_cache_deletes", NULL, "Entries that were deleted."),
	 NULL, STAT(deletes)},
#define EVICTED FIGURES_COUNTER("shmbroker_cache_evictions", NULL, \
			"Entries that were forgotten: for room, because too many keys met in the " \
			"index, past their time, or since everything was to be.")
	{EVICTED, "room", STAT(evicted_room)},
	{EVICTED, "index", STAT(evicted_index)},
	{EVICTED, "expired", STAT(evicted_expired)},
	{EVICTED, "flushed", STAT(flushed)},
	{FIGURES_COUNTER("shmbroker_cache_fills", NULL,
	       "Values that one began to compute for all."),
	 NULL, STAT(fills)},
	{FIGURES_COUNTER("shmbroker_cache_fill_waits", NULL,
	       "Waits for a value that another computed."),
	 NULL, STAT(fill_waits)},
	{FIGURES_COUNTER("shmbroker_cache_fill_deaths", NULL,
		 "Computations that were passed on since who computed had died."),
	 NULL, STAT(fill_deaths)},
	{FIGURES_COUNTER("shmbroker_cache_fill_failures", NULL, "Computations that failed."),
	 NULL, STAT(fill_failures)},
	{FIGURES_COUNTER("shmbroker_cache_repairs", NULL,
	       "Repairs of a shard whose writer had died."),
	 NULL, STAT(repairs)},
	{FIGURES_COUNTER("shmbroker_cache_forgotten", NULL,
	       "Entries that were not whole at a repair."),
	 NULL, STAT(forgotten)},
	{FIGURES_COUNTER("shmbroker_cache_shards_emptied", NULL, "Shards that made no sense."),
	 NULL, STAT(emptied)},
	{FIGURES_COUNTER("shmbroker_cache_lock_waits", NULL,
	       "Changes that met another one in their shard, and waited for it or gave up."),
	 NULL, STAT(lock_waits)},
};

#define STREAM(member) offsetof(struct figures_stream, member)

static const struct figures_row stream_families[] = {
	{FIGURES_GAUGE("shmbroker_stream_lanes", NULL, "Producers that there can be."),
	 NULL, STREAM(lanes)},
	{FIGURES_GAUGE("shmbroker_stream_producers", NULL, "Producers that there are."),
	 NULL, STREAM(producers)},
	{FIGURES_GAUGE("shmbroker_stream_waiting_producers", NULL, "Producers that wait for room."),
	 NULL, STREAM(full)},
	{FIGURES_GAUGE("shmbroker_stream_consumers", NULL, "Consumers that are here."),
	 NULL, STREAM(consumers)},
	{FIGURES_GAUGE("shmbroker_stream_consumers_away", NULL,
	       "Consumers that have a name and are away."),
	 NULL, STREAM(away)},
	{FIGURES_COUNTER("shmbroker_stream_records", NULL, "Records that were sent."),
	 NULL, STREAM(sent)},
	{FIGURES_GAUGE("shmbroker_stream_kept_bytes", "bytes", "What is not to be written over."),
	 NULL, STREAM(kept)},
	{FIGURES_GAUGE("shmbroker_stream_behind_bytes", "bytes",
	       "What the consumer that is furthest behind has not released; 0 in a queue."),
	 NULL, STREAM(behind)},
	{FIGURES_GAUGE("shmbroker_stream_held_records", NULL,
	       "Records of a queue that consumers have and have not released."),
	 NULL, STREAM(held)},
	{FIGURES_GAUGE("shmbroker_stream_lost_records", NULL,
	       "Records that the consumers lost who are here or away."), NULL, STREAM(lost)},
};

// clang-format on

/* None that the library has is missing but the age of the oldest entry, for which all of the index
 * would be gone through; the size is no stat. */
_Static_assert(ARRAY_SIZE(cache_families) == sizeof(struct shmb_cache_stats) / sizeof(uint64_t),
	       "each number has a row");

/* Whether a row goes on with the family of the one before it. */
static bool is_new_family(const struct figures_row *rows, size_t i)
{
	return i == 0 || strcmp(rows[i - 1].family.name, rows[i].family.name) != 0;
}

/* THINGS of SIZE bytes each, which begin with their names. */
static void print_rows(struct metrics *metrics, const struct figures_row *rows, size_t rows_n,
		       const void *things, size_t size, size_t n)
{
	for (size_t i = 0; i < rows_n && n > 0; i++) {
		if (is_new_family(rows, i))
			metrics_begin(metrics, &rows[i].family);
		for (size_t j = 0; j < n; j++) {
			const char *thing = (const char *)things + j * size;
			const struct metrics_label labels[] = {
				{"object", *(const char *const *)(const void *)thing},
				{rows[i].reason ? "reason" : NULL, rows[i].reason},
				{0}};

			metrics_put(metrics, labels, figures_value(thing, &rows[i]));
		}
	}
}

_Static_assert(offsetof(struct cache_report, name) == 0 &&
		       offsetof(struct figures_stream, name) == 0,
	       "what is named begins with its name");

void figures_print_named(struct metrics *metrics, const struct figures *figures)
{
	print_rows(metrics, cache_families, ARRAY_SIZE(cache_families), figures->caches,
		   sizeof(*figures->caches), figures->caches_n);
	print_rows(metrics, stream_families, ARRAY_SIZE(stream_families), figures->streams,
		   sizeof(*figures->streams), figures->streams_n);
}
