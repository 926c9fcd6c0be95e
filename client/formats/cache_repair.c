/*
 * What is left after a death, by the steps that proto/layout/cache_layout.h has: first the slots
 * that lead to nothing are emptied, and then the logs are gone through, entry by entry. An entry
 * that no slot leads to is free, and one without a version was being changed.
 */
#include "formats/cache_repair.h"

#include <errno.h>

#include "base/attr.h"
#include "core/error.h"
#include "formats/cache_index.h"

struct survey {
	struct cache_turn *turn;
	uint64_t entries;
	uint64_t bytes;
	uint64_t forgotten;
	uint64_t waste; /* units, of the log that is gone through */
};

/* Whether PLACE is in a log, and not in its gap. */
static bool is_in_use(const struct cache_turn *turn, uint32_t place)
{
	for (unsigned i = 0; i < CACHE_LOGS; i++) {
		const struct cache_span *span = &turn->cache->view.logs[i];
		uint64_t gap =
			atomic_load_explicit(&turn->shard->logs[i].gap, memory_order_relaxed);
		uint32_t at = place - span->start;

		if (at < span->units)
			return at < cache_gap_begin(gap) || at >= cache_gap_end(gap, span->units);
	}
	return false;
}

static void check_slots(struct survey *survey)
{
	struct cache_turn *turn = survey->turn;

	for (uint32_t n = 0; n < turn->cache->view.n_buckets; n++) {
		struct cache_bucket *bucket = cache_bucket(turn->shard, n);

		for (unsigned i = 0; i < CACHE_BUCKET_SLOTS; i++) {
			uint64_t word =
				atomic_load_explicit(&bucket->slots[i], memory_order_relaxed);

			if (word == 0 || cache_is_ghost(word) ||
			    (!(word & CACHE_BUSY) && is_in_use(turn, cache_slot_place(word))))
				continue;
			atomic_store_explicit(&bucket->slots[i], 0, memory_order_release);
			survey->forgotten++;
		}
	}
}

/* The entry at PLACE, with ROOM units to the end of its log. Returns its units; 0 when that is
 * impossible. */
static uint32_t check_entry(struct survey *survey, uint32_t place, uint32_t room)
{
	struct cache_turn *turn = survey->turn;
	struct cache_entry *entry = cache_entry(turn->shard, place);
	uint64_t meta = atomic_load_explicit(&entry->meta, memory_order_relaxed);
	uint32_t units = cache_meta_units(meta);
	_Atomic uint64_t *slot;

	if (units == 0 || units > room)
		return 0;
	slot = cache_slot_to(turn, place, meta, room);
	if (slot && atomic_load_explicit(&entry->version, memory_order_relaxed) != 0) {
		survey->entries++;
		survey->bytes += cache_meta_key_size(meta) + cache_meta_value_size(meta);
		return units;
	}
	if (slot) {
		atomic_store_explicit(slot, 0, memory_order_release);
		survey->forgotten++;
	}
	/* Pairs with the acquire fence in cache_holds_still(). */
	fence_release();
	atomic_store_explicit(&entry->meta, cache_meta_freed(meta), memory_order_relaxed);
	survey->waste += units;
	return units;
}

/* From the unit BEGIN of a log to END. */
static bool check_run(struct survey *survey, const struct cache_span *span, uint32_t begin,
		      uint32_t end)
{
	while (begin < end) {
		uint32_t units = check_entry(survey, span->start + begin, end - begin);

		if (units == 0)
			return false;
		begin += units;
	}
	return true;
}

static bool check_log(struct survey *survey, enum cache_log_name name)
{
	const struct cache_span *span = &survey->turn->cache->view.logs[name];
	struct cache_log *log = &survey->turn->shard->logs[name];
	uint64_t gap = atomic_load_explicit(&log->gap, memory_order_relaxed);
	uint32_t begin = cache_gap_begin(gap), end = cache_gap_end(gap, span->units);

	survey->waste = 0;
	if (begin > end || end > span->units || !check_run(survey, span, 0, begin) ||
	    !check_run(survey, span, end, span->units))
		return false;
	atomic_store_explicit(&log->waste, survey->waste, memory_order_relaxed);
	return true;
}

void cache_repair(struct cache_turn *turn)
{
	struct cache_tallies *tallies = &turn->shard->tallies;
	struct survey survey = {.turn = turn};

	check_slots(&survey);
	if (!check_log(&survey, CACHE_NURSERY) || !check_log(&survey, CACHE_MAIN)) {
		cache_empty(turn);
		cache_tally(&tallies->emptied, 1);
		return;
	}
	atomic_store_explicit(&tallies->entries, survey.entries, memory_order_relaxed);
	atomic_store_explicit(&tallies->bytes, survey.bytes, memory_order_relaxed);
	cache_tally(&tallies->forgotten, survey.forgotten);
}

void cache_empty(struct cache_turn *turn)
{
	struct cache_shard *shard = turn->shard;

	for (uint32_t n = 0; n < turn->cache->view.n_buckets; n++) {
		struct cache_bucket *bucket = cache_bucket(shard, n);

		for (unsigned i = 0; i < CACHE_BUCKET_SLOTS; i++)
			if (atomic_load_explicit(&bucket->slots[i], memory_order_relaxed) != 0)
				atomic_store_explicit(&bucket->slots[i], 0, memory_order_release);
	}
	for (unsigned i = 0; i < CACHE_LOGS; i++) {
		atomic_store_explicit(&shard->logs[i].gap, 0, memory_order_release);
		atomic_store_explicit(&shard->logs[i].waste, 0, memory_order_relaxed);
	}
	atomic_store_explicit(&shard->tallies.entries, 0, memory_order_relaxed);
	atomic_store_explicit(&shard->tallies.bytes, 0, memory_order_relaxed);
}

attr_rare int cache_refuse_nonsense(struct cache_turn *turn)
{
	cache_empty(turn);
	cache_tally(&turn->shard->tallies.emptied, 1);
	return error_set(-EBADMSG,
			 "what stood in a shard of \"%s\" made no sense, since one of those who "
			 "write is broken; it was emptied, and can be used again",
			 turn->cache->name);
}
