/*
 * Reading a cache: no lock is taken, and what was taken counts only if its slot and its version are
 * afterwards what they were before.
 *
 * What is being changed is looked at again. That takes as long as copying a value, unless who
 * changes it is stopped, or dead: so after a millisecond a handle that may write comes to the turn
 * of that shard, by which what a death has left is repaired, and others miss.
 */
#include "formats/cache_read.h"

#include <errno.h>

#include <shmbroker/error.h>

#include "base/clock.h"
#include "base/pause.h"
#include "core/error.h"
#include "formats/cache_count.h"
#include "formats/cache_key.h"
#include "formats/cache_turn.h"

#define PATIENCE_NS UINT64_C(1000000)
#define LOOKS       32        /* between two looks at the clock */
#define AGAIN       INT32_MAX /* an answer of nobody's: it is being changed */

/* Take the value that was found: 0, or -EMSGSIZE. */
typedef int take_fn(const struct shmb_cache *cache, const struct cache_sight *sight, void *data);

/* What a call wants. */
struct reading {
	take_fn *take;
	void *data;
	uint64_t stale_ms; /* by which a value may be past its time */
	struct shmb_cache_entry *ret_entry;
	uint64_t *until; /* when its patience is over; 0 before it had to have any */
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

static attr_inlined int take_copy(const struct shmb_cache *cache, const struct cache_sight *sight,
				  void *data)
{
	struct copying *copying = data;

	(void)cache;
	copying->found = cache_meta_value_size(sight->meta);
	if (copying->found > copying->room)
		return -EMSGSIZE;
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

/* One look: what was taken for, SHMB_MISS, or AGAIN. */
static attr_inlined int look(const struct shmb_cache *cache, const struct cache_key *key,
			     const struct reading *reading)
{
	struct cache_sight sight;
	enum cache_look found = cache_find(&cache->view, key, &sight);
	int r = SHMB_MISS;

	if (found != CACHE_FOUND)
		return found == CACHE_OTHER ? SHMB_MISS : AGAIN;
	if (is_good(cache, &sight, reading->stale_ms))
		r = reading->take(cache, &sight, reading->data);
	if (!cache_holds_still(&sight))
		return AGAIN;
	if (r == SHMB_MISS)
		return r;
	cache_mark(cache, &sight);
	if (reading->ret_entry)
		cache_describe(&sight, cache_now(cache), reading->ret_entry);
	return r;
}

/* Who changes it may be dead, or stopped, or others may be at it again and again: in the turn, if
 * that is to be had without waiting, it stands still. What is to be used in place is looked at
 * after it, since that may call the cache. */
static int look_with_turn(const struct shmb_cache *cache, const struct cache_key *key,
			  const struct reading *reading)
{
	bool is_held = reading->take == take_copy;
	struct cache_turn turn;
	int r = SHMB_MISS;

	if (cache_turn_begin(cache, key->shard_number, SHMB_AT_ONCE, &turn) < 0)
		return SHMB_MISS;
	if (is_held)
		r = look(cache, key, reading);
	if (cache_turn_end(&turn, 0) < 0)
		return SHMB_MISS;
	if (!is_held)
		r = look(cache, key, reading);
	return r == AGAIN ? SHMB_MISS : r;
}

static attr_rare int look_patiently(const struct shmb_cache *cache, const struct cache_key *key,
				    const struct reading *reading)
{
	if (*reading->until == 0)
		*reading->until = clock_now_ns() + PATIENCE_NS;
	do {
		for (unsigned i = 0; i < LOOKS; i++) {
			int r = look(cache, key, reading);

			if (r != AGAIN)
				return r;
			pause_cpu();
		}
	} while (clock_now_ns() < *reading->until);
	return cache->member ? look_with_turn(cache, key, reading) : SHMB_MISS;
}

static attr_rare int refuse_room(const struct shmb_cache *cache, size_t size, size_t room)
{
	return error_set(
		-EMSGSIZE,
		"the cached value in \"%s\" has %zu bytes, more than the %zu there is room for; "
		"give it a larger buffer",
		cache->name, size, room);
}

int cache_read_until(const struct shmb_cache *cache, const struct cache_key *key, void *buffer,
		     size_t room, uint64_t stale_ms, struct shmb_cache_entry *ret_entry,
		     uint64_t *until)
{
	struct copying copying = {.buffer = buffer, .room = room};
	const struct reading reading = {take_copy, &copying, stale_ms, ret_entry, until};
	int r = look(cache, key, &reading);

	if (r == AGAIN)
		r = look_patiently(cache, key, &reading);
	return r == -EMSGSIZE ? refuse_room(cache, copying.found, room) : r;
}

int cache_read(const struct shmb_cache *cache, const struct cache_key *key, void *buffer,
	       size_t room, uint64_t stale_ms, struct shmb_cache_entry *ret_entry)
{
	uint64_t until = 0;

	return cache_read_until(cache, key, buffer, room, stale_ms, ret_entry, &until);
}

int shmb_cache_use(const struct shmb_cache *cache, const void *key, size_t key_size,
		   shmb_cache_use_fn *use, void *data)
{
	struct using using = {.use = use, .data = data};
	uint64_t until = 0;
	const struct reading reading = {take_use, &using, 0, NULL, &until};
	struct cache_key located;
	int r = cache_key_take(cache, key, key_size, &located);

	if (r < 0)
		return r;
	r = look(cache, &located, &reading);
	if (r == AGAIN)
		r = look_patiently(cache, &located, &reading);
	r = cache_counted(cache, r);
	return r == 0 ? using.result : r;
}
