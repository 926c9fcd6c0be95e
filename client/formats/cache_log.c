/*
 * Eviction. The policy is S3-FIFO: what is new goes into the nursery, and when it comes to the
 * nursery's end it goes on to the main log if it was got meanwhile, or there is room for all; else
 * it is forgotten and leaves a ghost. What comes to the end of the main log and was got stays for
 * another round, with a lower mark. tests/eviction compares it with others.
 *
 * A log keeps an entry by moving it over the gap. Where much of the main log is waste it keeps also
 * what was not got, since room is to be had without forgetting. How much is moved for one entry is
 * bounded, so that no call takes long: beyond that, what is next is forgotten.
 */
#include "formats/cache_log.h"

#include "base/fence.h"
#include "base/payload.h"
#include "formats/cache_index.h"
#include "formats/cache_repair.h"

#define PROMOTING   1u  /* a mark with which the nursery passes on */
#define WASTE_SHARE 20u /* of the main log, from which on nothing is forgotten for it */
#define LOOKS       4u  /* at slots, for what is past its time, for each that is forgotten */

/* Bytes that may be moved in a turn: so many, and so many times what is needed. */
#define MOVED_LEAST 65536u
#define MOVED_TIMES 4u

/* A log while room is made in it; begin and end are of the gap, in units of the log. */
struct sweep {
	struct cache_turn *turn;
	const struct cache_span *span;
	struct cache_log *log;
	uint32_t begin;
	uint32_t end;
};

/* The entry at the gap's end. */
struct candidate {
	struct cache_entry *entry;
	_Atomic uint64_t *slot;
	uint64_t word;
	uint32_t place;
	uint32_t units;
};

static struct sweep sweep_of(struct cache_turn *turn, enum cache_log_name name)
{
	const struct cache_span *span = &turn->cache->view.logs[name];
	struct cache_log *log = &turn->shard->logs[name];
	uint64_t gap = atomic_load_explicit(&log->gap, memory_order_relaxed);

	return (struct sweep){
		.turn = turn,
		.span = span,
		.log = log,
		.begin = cache_gap_begin(gap),
		.end = cache_gap_end(gap, span->units),
	};
}

static void set_gap(struct sweep *sweep, uint32_t begin, uint32_t end)
{
	sweep->begin = begin;
	sweep->end = end;
	atomic_store_explicit(&sweep->log->gap, cache_gap(begin, end, sweep->span->units),
			      memory_order_release);
}

static void reclaim_waste(struct cache_log *log, uint32_t units)
{
	uint64_t waste = atomic_load_explicit(&log->waste, memory_order_relaxed);

	atomic_store_explicit(&log->waste, waste > units ? waste - units : 0, memory_order_relaxed);
}

void cache_append(struct cache_turn *turn, enum cache_log_name name, uint32_t units)
{
	struct sweep sweep = sweep_of(turn, name);

	set_gap(&sweep, sweep.begin + units, sweep.end);
}

/* The gap has come to the end of the log: it goes on at its beginning, and what is left is filled.
 */
static void go_round(struct sweep *sweep)
{
	uint32_t left = sweep->end - sweep->begin;

	if (left > 0) {
		struct cache_entry *filling =
			cache_entry(sweep->turn->shard, sweep->span->start + sweep->begin);

		/* Pairs with the acquire fence in cache_holds_still(), as in copy_to(). */
		fence_release();
		atomic_store_explicit(&filling->meta, cache_meta(CACHE_FREE, left, 0, 0, 0),
				      memory_order_relaxed);
		cache_tally(&sweep->log->waste, left);
	}
	set_gap(sweep, 0, 0);
}

/* Copy the candidate to PLACE, where there is room for it. */
static void copy_to(struct sweep *sweep, const struct candidate *candidate, uint32_t place)
{
	/* Whoever has seen a byte of it sees that the units had another owner before. Pairs with
	 * the acquire fence in cache_holds_still(). */
	fence_release();
	payload_move(cache_entry(sweep->turn->shard, place), candidate->entry,
		     (size_t)candidate->units * CACHE_UNIT);
}

static void lead_to(const struct candidate *candidate, uint32_t place, unsigned mark)
{
	uint64_t slot = cache_slot(cache_slot_tag(candidate->word), place) | mark;

	/* Pairs with the acquire of who follows the slot. */
	atomic_store_explicit(candidate->slot, slot, memory_order_release);
}

static bool is_past(const struct cache_turn *turn, const struct cache_entry *entry)
{
	return cache_is_over(atomic_load_explicit(&entry->term, memory_order_relaxed), turn->now);
}

/* Move the candidate over the gap: to where it is already, or nearer to the beginning of the log,
 * and never back. Readers rely on that. */
static void keep(struct sweep *sweep, const struct candidate *candidate, unsigned mark)
{
	uint32_t place = sweep->span->start + sweep->begin;
	uint32_t gap = sweep->end - sweep->begin, units = candidate->units;

	sweep->turn->moves -= (uint64_t)units * CACHE_UNIT;
	if (gap == 0) {
		lead_to(candidate, place, mark);
		set_gap(sweep, sweep->begin + units, sweep->end + units);
		return;
	}
	if (gap < units) {
		atomic_store_explicit(candidate->slot, candidate->word | CACHE_BUSY,
				      memory_order_release);
		set_gap(sweep, sweep->begin, sweep->end + units);
		copy_to(sweep, candidate, place);
		set_gap(sweep, sweep->begin + units, sweep->end);
		lead_to(candidate, place, mark);
		return;
	}
	copy_to(sweep, candidate, place);
	set_gap(sweep, sweep->begin + units, sweep->end);
	lead_to(candidate, place, mark);
	set_gap(sweep, sweep->begin, sweep->end + units);
}

/* Forget the candidate, which leaves WORD in its slot. */
static void drop(struct sweep *sweep, const struct candidate *candidate, uint64_t word,
		 enum cache_eviction why)
{
	cache_forget(sweep->turn, candidate->slot, word);
	cache_tally_evicted(sweep->turn, why);
	reclaim_waste(sweep->log, candidate->units);
	set_gap(sweep, sweep->begin, sweep->end + candidate->units);
}

static int make_room(struct cache_turn *turn, enum cache_log_name name, uint32_t units,
		     uint32_t *ret_place);

/* Let the candidate of the nursery go on to the main log. */
static int promote(struct sweep *sweep, const struct candidate *candidate)
{
	struct cache_turn *turn = sweep->turn;
	uint32_t place;
	int r = make_room(turn, CACHE_MAIN, candidate->units, &place);

	if (r < 0)
		return r;
	copy_to(sweep, candidate, place);
	cache_append(turn, CACHE_MAIN, candidate->units);
	lead_to(candidate, place, 0);
	set_gap(sweep, sweep->begin, sweep->end + candidate->units);
	return 0;
}

static bool has_much_waste(const struct sweep *sweep)
{
	return atomic_load_explicit(&sweep->log->waste, memory_order_relaxed) >
	       sweep->span->units / WASTE_SHARE;
}

/* Whether the main log has room for UNITS that nothing has to be forgotten for. */
static bool main_has_room(struct cache_turn *turn, uint32_t units)
{
	const struct sweep main = sweep_of(turn, CACHE_MAIN);

	return main.end - main.begin >= units || has_much_waste(&main);
}

/*
 * What is past its time in the main log comes to its end late, where the nursery passes little on.
 * So whenever the nursery would forget something, a few more slots are looked at for that. What is
 * found is waste, and when there is much of it the main log has room.
 */
static void look_for_the_expired(struct cache_turn *turn)
{
	const struct cache_view *view = &turn->cache->view;
	_Atomic uint64_t *next = &turn->shard->looked;
	uint64_t slots = (uint64_t)view->n_buckets * CACHE_BUCKET_SLOTS;
	uint64_t at = atomic_load_explicit(next, memory_order_relaxed);

	atomic_store_explicit(next, at + LOOKS, memory_order_relaxed);
	for (unsigned i = 0; i < LOOKS; i++) {
		uint64_t n = (at + i) % slots;
		_Atomic uint64_t *slot =
			&cache_bucket(turn->shard, (uint32_t)(n / CACHE_BUCKET_SLOTS))
				 ->slots[n % CACHE_BUCKET_SLOTS];
		uint64_t word = atomic_load_explicit(slot, memory_order_relaxed);
		uint32_t place = cache_slot_place(word);

		/* Of the nursery all comes to its turn soon. */
		if (!cache_is_in_main(view, place) ||
		    cache_room_at(view, place) < sizeof(struct cache_entry) / CACHE_UNIT ||
		    !is_past(turn, cache_entry(turn->shard, place)))
			continue;
		cache_forget(turn, slot, 0);
		cache_tally_evicted(turn, CACHE_EVICTED_EXPIRED);
	}
}

static int pass_on(struct sweep *sweep, const struct candidate *candidate)
{
	struct cache_turn *turn = sweep->turn;

	cache_tally(&turn->shard->swept, candidate->units);
	if (cache_slot_mark(candidate->word) >= PROMOTING || main_has_room(turn, candidate->units))
		return promote(sweep, candidate);
	look_for_the_expired(turn);
	drop(sweep, candidate, cache_ghost(cache_slot_tag(candidate->word), cache_era(turn)),
	     CACHE_EVICTED_ROOM);
	return 0;
}

static int keep_or_drop(struct sweep *sweep, const struct candidate *candidate)
{
	unsigned mark = cache_slot_mark(candidate->word);
	bool may_move = sweep->turn->moves >= (uint64_t)candidate->units * CACHE_UNIT;

	if (may_move && has_much_waste(sweep))
		keep(sweep, candidate, mark);
	else if (may_move && mark > 0)
		keep(sweep, candidate, mark <= CACHE_MARK_MOST ? mark - 1 : 0);
	else
		drop(sweep, candidate, 0, CACHE_EVICTED_ROOM);
	return 0;
}

/* What becomes of the entry at the gap's end. Returns 0, or -EBADMSG with a text. */
static int sweep_one(struct sweep *sweep, bool is_nursery)
{
	struct cache_turn *turn = sweep->turn;
	uint32_t room = sweep->span->units - sweep->end;
	struct candidate candidate = {.place = sweep->span->start + sweep->end};
	uint64_t meta;

	candidate.entry = cache_entry(turn->shard, candidate.place);
	meta = atomic_load_explicit(&candidate.entry->meta, memory_order_relaxed);
	candidate.units = cache_meta_units(meta);
	if (candidate.units == 0 || candidate.units > room)
		return cache_refuse_nonsense(turn);
	candidate.slot = cache_slot_to(turn, candidate.place, meta, room);
	if (!candidate.slot) {
		reclaim_waste(sweep->log, candidate.units);
		set_gap(sweep, sweep->begin, sweep->end + candidate.units);
		return 0;
	}
	candidate.word = atomic_load_explicit(candidate.slot, memory_order_relaxed);
	if (is_past(turn, candidate.entry)) {
		drop(sweep, &candidate, 0, CACHE_EVICTED_EXPIRED);
		return 0;
	}
	return is_nursery ? pass_on(sweep, &candidate) : keep_or_drop(sweep, &candidate);
}

static int make_room(struct cache_turn *turn, enum cache_log_name name, uint32_t units,
		     uint32_t *ret_place)
{
	struct sweep sweep = sweep_of(turn, name);
	int r = 0;

	if (sweep.begin > sweep.end || sweep.end > sweep.span->units)
		return cache_refuse_nonsense(turn);
	while (r == 0 && sweep.end - sweep.begin < units) {
		if (sweep.end == sweep.span->units)
			go_round(&sweep);
		else
			r = sweep_one(&sweep, name == CACHE_NURSERY);
	}
	if (r == 0)
		*ret_place = sweep.span->start + sweep.begin;
	return r;
}

/* What may be moved is for both logs together: making room in the nursery may want some in the main
 * one for each entry that goes on. */
int cache_make_room(struct cache_turn *turn, enum cache_log_name name, uint32_t units,
		    uint32_t *ret_place)
{
	turn->moves = MOVED_LEAST + (uint64_t)MOVED_TIMES * units * CACHE_UNIT;
	return make_room(turn, name, units, ret_place);
}
