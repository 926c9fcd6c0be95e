/*
 * Reading a cache: no lock is taken, and what was taken counts only if its slot and its version are
 * afterwards what they were before.
 *
 * What is being changed is looked at again. That takes as long as copying a value, unless who
 * changes it is stopped, or dead: so after a millisecond a handle that may write comes to the turn
 * of that shard, by which what a death has left is repaired, and others miss.
 */
#include "formats/cache_get.h"

#include <errno.h>

#include <shmbroker/error.h>

#include "base/clock.h"
#include "base/pause.h"
#include "base/payload.h"
#include "core/error.h"
#include "formats/cache_turn.h"

#define PATIENCE_NS UINT64_C(1000000)
#define LOOKS       32        /* between two looks at the clock */
#define TRY_AGAIN   INT32_MAX /* an answer of nobody's */
#define CROWD       32u       /* keys that are on their way from memory at a time */
#define LINES       3u        /* of an entry, that are asked for */
#define COUNT_UP    256u      /* after so many */

/* Take the value that was found: 0, or -EMSGSIZE. */
typedef int take_fn(const struct shmb_cache *cache, const struct cache_sight *sight, void *data);

/* What a call wants. */
struct wish {
	take_fn *take;
	void *data;
	uint64_t stale_ms; /* by which a value may be past its time */
	struct shmb_cache_entry *ret_entry;
};

struct copying {
	void *buffer;
	size_t room;
	size_t found; /* bytes of the value */
};

struct using
{
	shmb_cache_use_fn *use;
	void *data;
	int result;
};

/* The cell of this thread, from 1; 0 when it has none yet. */
static _Thread_local unsigned cell_number __attribute__((tls_model("initial-exec")));

static attr_rare void number_cell(void)
{
	static _Atomic unsigned last;

	cell_number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) % CACHE_CELLS + 1;
}

/* Add to what is counted there and is shared now and then. Where threads have the same cell some of
 * it may be lost, which is said of what is counted so. */
static inline void add(const struct shmb_cache *cache, struct cache_cell *cell,
		       _Atomic uint64_t *counter, uint64_t n)
{
	uint64_t sum = atomic_load_explicit(counter, memory_order_relaxed) + n;

	atomic_store_explicit(counter, sum, memory_order_relaxed);
	if (sum >= COUNT_UP)
		cache_count_up(cache, cell);
}

static attr_inlined void count(const struct shmb_cache *cache, uint64_t hits, uint64_t misses)
{
	struct cache_cell *cell;

	if (cell_number == 0)
		number_cell();
	cell = &cache->local->cells[cell_number - 1];
	if (hits)
		add(cache, cell, &cell->hits, hits);
	if (misses)
		add(cache, cell, &cell->misses, misses);
}

static inline void mark(const struct shmb_cache *cache, const struct cache_sight *sight)
{
	unsigned now = cache_slot_mark(sight->word);

	if (now < CACHE_MARK_MOST && cache->member)
		atomic_store_explicit((_Atomic unsigned char *)sight->slot,
				      (unsigned char)(now + 1), memory_order_relaxed);
}

static attr_inlined int take_copy(const struct shmb_cache *cache, const struct cache_sight *sight,
				  void *data)
{
	struct copying *copying = data;

	(void)cache;
	copying->found = cache_meta_value_size(sight->meta);
	if (copying->found > copying->room)
		return -EMSGSIZE;
	if (copying->found <= PAYLOAD_MIDDLE)
		payload_read_middle(copying->buffer, cache_sight_value(sight), copying->found);
	else
		payload_read(copying->buffer, cache_sight_value(sight), copying->found);
	return 0;
}

static attr_inlined int take_use(const struct shmb_cache *cache, const struct cache_sight *sight,
				 void *data)
{
	struct using *using = data;
	struct shmb_cache_entry entry;

	cache_describe(sight, cache_now(cache), &entry);
	using->result = using->use(cache_sight_value(sight), &entry, using->data);
	return 0;
}

static attr_inlined bool is_good(const struct shmb_cache *cache, const struct cache_sight *sight,
				 uint64_t stale_ms)
{
	uint64_t expiry = cache_term_expiry(sight->term), now;

	if (cache_meta_kind(sight->meta) != CACHE_VALUE)
		return false;
	if (expiry == 0)
		return true;
	now = cache_now(cache);
	return expiry > now || now - expiry < stale_ms;
}

/* One look: what was taken for, SHMB_MISS, or TRY_AGAIN. */
static attr_inlined int look(const struct shmb_cache *cache, const struct cache_key *key,
			     const struct wish *wish)
{
	struct cache_sight sight;
	enum cache_look found = cache_find(&cache->view, key, &sight);
	int r = SHMB_MISS;

	if (found != CACHE_FOUND)
		return found == CACHE_OTHER ? SHMB_MISS : TRY_AGAIN;
	if (is_good(cache, &sight, wish->stale_ms))
		r = wish->take(cache, &sight, wish->data);
	if (!cache_holds_still(&sight))
		return TRY_AGAIN;
	if (r == SHMB_MISS)
		return r;
	mark(cache, &sight);
	if (wish->ret_entry)
		cache_describe(&sight, cache_now(cache), wish->ret_entry);
	return r;
}

/* Who changes it may be dead, or stopped, or others may be at it again and again: in the turn, if
 * that is to be had without waiting, it stands still. What is to be used in place is looked at
 * after it, since that may call the cache. */
static int look_in_turn(const struct shmb_cache *cache, const struct cache_key *key,
			const struct wish *wish)
{
	bool is_held = wish->take == take_copy;
	struct cache_turn turn;
	int r = SHMB_MISS;

	if (cache_turn_begin(cache, key->shard_number, SHMB_AT_ONCE, &turn) < 0)
		return SHMB_MISS;
	if (is_held)
		r = look(cache, key, wish);
	if (cache_turn_end(&turn, 0) < 0)
		return SHMB_MISS;
	if (!is_held)
		r = look(cache, key, wish);
	return r == TRY_AGAIN ? SHMB_MISS : r;
}

static attr_rare int look_patiently(const struct shmb_cache *cache, const struct cache_key *key,
				    const struct wish *wish)
{
	uint64_t end = clock_now_ns() + PATIENCE_NS;

	do {
		for (unsigned i = 0; i < LOOKS; i++) {
			int r = look(cache, key, wish);

			if (r != TRY_AGAIN)
				return r;
			pause_cpu();
		}
	} while (clock_now_ns() < end);
	return cache->member ? look_in_turn(cache, key, wish) : SHMB_MISS;
}

static attr_rare int refuse_key(size_t key_size)
{
	return error_set(-EINVAL, "a key has 1 to %u bytes, and not %zu", SHMB_CACHE_KEY_MAX,
			 key_size);
}

static inline bool is_key_size(size_t key_size)
{
	return key_size - 1 < SHMB_CACHE_KEY_MAX;
}

static inline bool is_ready(const struct shmb_cache *cache, size_t key_size)
{
	return segment_is_here(cache->segment) && is_key_size(key_size);
}

/* Why a call cannot be made. */
static attr_rare int refuse_call(const struct shmb_cache *cache, size_t key_size)
{
	int r = cache_check(cache);

	if (r < 0)
		return r;
	return is_key_size(key_size) ? 0 : refuse_key(key_size);
}

static attr_rare int refuse_room(const struct shmb_cache *cache, size_t size, size_t room)
{
	return error_set(-EMSGSIZE,
			 "the value in \"%s\" has %zu bytes, more than the %zu there is room for; "
			 "give it a larger buffer",
			 cache->name, size, room);
}

static attr_inlined int get(const struct shmb_cache *cache, const struct cache_key *key,
			    void *buffer, size_t room, uint64_t stale_ms,
			    struct shmb_cache_entry *ret_entry)
{
	struct copying copying = {.buffer = buffer, .room = room};
	const struct wish wish = {take_copy, &copying, stale_ms, ret_entry};
	int r = look(cache, key, &wish);

	if (r == TRY_AGAIN)
		r = look_patiently(cache, key, &wish);
	return r == -EMSGSIZE ? refuse_room(cache, copying.found, room) : r;
}

int cache_read(const struct shmb_cache *cache, const struct cache_key *key, void *buffer,
	       size_t room, uint64_t stale_ms, struct shmb_cache_entry *ret_entry)
{
	return get(cache, key, buffer, room, stale_ms, ret_entry);
}

void cache_count(const struct shmb_cache *cache, uint64_t hits, uint64_t misses)
{
	count(cache, hits, misses);
}

static attr_apart int get_slowly(const struct shmb_cache *cache, const void *key, size_t key_size,
				 void *buffer, size_t room, struct shmb_cache_entry *ret_entry)
{
	struct cache_key located;
	int r = refuse_call(cache, key_size);

	if (r < 0)
		return r;
	cache_locate(&cache->view, key, key_size, &located);
	r = get(cache, &located, buffer, room, 0, ret_entry);
	count(cache, r == 0, r == SHMB_MISS);
	return r;
}

/* Where a key is most often. */
struct spot {
	struct cache_shard *shard;
	_Atomic uint64_t *line; /* its home line */
	uint64_t tag;
};

static attr_inlined struct spot spot_of(const struct cache_view *view, const void *key,
					size_t key_size)
{
	uint64_t hash = cache_hash(view, key, key_size);
	struct cache_shard *shard = cache_shard(view, cache_shard_number(view, hash));

	return (struct spot){
		.shard = shard,
		.line = &cache_first_bucket(view, shard, hash)->slots[cache_home(hash)],
		.tag = cache_tag(hash),
	};
}

/*
 * What most calls come to: a value of little size, in the home line, whole at the first look. False
 * when it is not that, whatever it is. What is past its time is found too.
 *
 * A processor waits for two lines of memory here. Meanwhile it goes on with the calls that follow,
 * as far as it sees ahead, which is some hundreds of instructions; so each that is left out here
 * counts more than it seems to. A place that is busy, or a ghost's, is outside of the logs.
 */
static attr_inlined bool get_at_once(const struct cache_view *view, struct spot spot,
				     const void *key, size_t key_size, void *buffer, size_t room,
				     struct cache_sight *ret_sight)
{
	unsigned match = cache_match(spot.line, spot.tag);
	struct cache_sight sight;
	uint32_t place, size;

	if (match == 0)
		return false;
	sight.slot = &spot.line[__builtin_ctz(match)];
	/* Pairs with the release of the slot when it was made to lead there. */
	sight.word = atomic_load_explicit(sight.slot, memory_order_acquire);
	place = (uint32_t)(sight.word >> 32);
	if (!cache_may_be_at(view, place))
		return false;
	sight.entry = cache_entry(spot.shard, place);
	cache_sight_fetch(&sight);
	size = cache_meta_value_size(sight.meta);
	if (sight.version == 0 || !cache_meta_is_value(sight.meta, (uint32_t)key_size) ||
	    size > room || size > PAYLOAD_MIDDLE || !cache_is_within(view, place, sight.meta) ||
	    !payload_is(sight.entry->key, key, key_size))
		return false;
	payload_read_middle(buffer, sight.entry->key + key_size, size);
	if (!cache_holds_still(&sight))
		return false;
	*ret_sight = sight;
	return true;
}

/* The rest of a get that was done at once and in which the time matters: SHMB_MISS when it is over.
 */
static attr_apart int get_in_time(const struct shmb_cache *cache, struct cache_sight sight,
				  struct shmb_cache_entry *ret_entry)
{
	uint64_t now = cache_now(cache);

	if (cache_is_over(sight.term, now)) {
		count(cache, 0, 1);
		return SHMB_MISS;
	}
	if (ret_entry)
		cache_describe(&sight, now, ret_entry);
	mark(cache, &sight);
	count(cache, 1, 0);
	return 0;
}

attr_flat int shmb_cache_get(const struct shmb_cache *cache, const void *key, size_t key_size,
			     void *buffer, size_t room, struct shmb_cache_entry *ret_entry)
{
	struct cache_sight sight;

	if (!is_ready(cache, key_size) ||
	    !get_at_once(&cache->view, spot_of(&cache->view, key, key_size), key, key_size, buffer,
			 room, &sight))
		return get_slowly(cache, key, key_size, buffer, room, ret_entry);
	if (cache_term_expiry(sight.term) != 0 || ret_entry)
		return get_in_time(cache, sight, ret_entry);
	mark(cache, &sight);
	count(cache, 1, 0);
	return 0;
}

/* Ask for the entry that may be that of SPOT. */
static inline void fetch_entry(const struct cache_view *view, struct spot spot)
{
	unsigned match = cache_match(spot.line, spot.tag);
	uint64_t word;

	if (match == 0)
		return;
	word = atomic_load_explicit(&spot.line[__builtin_ctz(match)], memory_order_relaxed);
	if (!cache_may_be_at(view, (uint32_t)(word >> 32)))
		return;
	for (unsigned line = 0; line < LINES; line++)
		__builtin_prefetch((char *)cache_entry(spot.shard, (uint32_t)(word >> 32)) +
				   line * LAYOUT_LINE);
}

/* The same as get(), which is patient with what is being changed only if IS_PATIENT says so, and
 * then for once. */
static int answer_slowly(const struct shmb_cache *cache, struct shmb_cache_query *query,
			 bool *is_patient)
{
	struct copying copying = {.buffer = query->buffer, .room = query->room};
	const struct wish wish = {take_copy, &copying, 0, &query->entry};
	struct cache_key key;
	int r;

	cache_locate(&cache->view, query->key, query->key_size, &key);
	r = look(cache, &key, &wish);
	if (r == TRY_AGAIN) {
		r = *is_patient ? look_patiently(cache, &key, &wish) : SHMB_MISS;
		*is_patient = false;
	}
	return r == -EMSGSIZE ? refuse_room(cache, copying.found, query->room) : r;
}

/* The answer to one query of many, at NOW; not counted. */
static int answer(const struct shmb_cache *cache, struct spot spot, struct shmb_cache_query *query,
		  uint64_t now, bool *is_patient)
{
	struct cache_sight sight;

	if (!get_at_once(&cache->view, spot, query->key, query->key_size, query->buffer,
			 query->room, &sight))
		return answer_slowly(cache, query, is_patient);
	if (cache_is_over(sight.term, now))
		return SHMB_MISS;
	cache_describe(&sight, now, &query->entry);
	mark(cache, &sight);
	return 0;
}

/* The answers to at most CROWD queries, in three rounds: each finds in the processor's caches what
 * the one before has asked memory for. */
static attr_flat void get_crowd(const struct shmb_cache *cache, struct shmb_cache_query *queries,
				size_t n)
{
	const struct cache_view *view = &cache->view;
	uint64_t now = cache_now(cache), hits = 0, misses = 0;
	struct spot spots[CROWD];
	bool is_patient = true;

	for (size_t i = 0; i < n; i++) {
		queries[i].result =
			is_key_size(queries[i].key_size) ? 0 : refuse_key(queries[i].key_size);
		if (queries[i].result < 0)
			continue;
		spots[i] = spot_of(view, queries[i].key, queries[i].key_size);
		__builtin_prefetch(spots[i].line);
	}
	for (size_t i = 0; i < n; i++)
		if (queries[i].result == 0)
			fetch_entry(view, spots[i]);
	for (size_t i = 0; i < n; i++) {
		if (queries[i].result == 0)
			queries[i].result = answer(cache, spots[i], &queries[i], now, &is_patient);
		hits += queries[i].result == 0;
		misses += queries[i].result == SHMB_MISS;
	}
	count(cache, hits, misses);
}

int shmb_cache_get_many(const struct shmb_cache *cache, struct shmb_cache_query *queries, size_t n)
{
	int r = cache_check(cache);

	for (size_t i = 0; r == 0 && i < n; i += CROWD)
		get_crowd(cache, &queries[i], n - i < CROWD ? n - i : CROWD);
	return r;
}

int shmb_cache_use(const struct shmb_cache *cache, const void *key, size_t key_size,
		   shmb_cache_use_fn *use, void *data)
{
	struct using using = {.use = use, .data = data};
	const struct wish wish = {take_use, &using, 0, NULL};
	struct cache_key located;
	int r = refuse_call(cache, key_size);

	if (r < 0)
		return r;
	cache_locate(&cache->view, key, key_size, &located);
	r = look(cache, &located, &wish);
	if (r == TRY_AGAIN)
		r = look_patiently(cache, &located, &wish);
	count(cache, r == 0, r == SHMB_MISS);
	return r == 0 ? using.result : r;
}
