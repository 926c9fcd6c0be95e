/*
 * A peer that writes anything at all into the memory of a cache, at any moment. Whoever uses it
 * gets errors, misses or wrong values, and every call comes back: nobody faults, nothing outside
 * the memory is touched, which lies before a page that faults.
 */
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <shmbroker/cache_fill.h>
#include <shmbroker/error.h>

#include "base/attr.h"
#include "base/clock.h"
#include "cache_memory.h"
#include "formats/cache_find.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/hostile.h"
#include "support/suite.h"

#define SIZE    (1u << 16)
#define KEYS    1000u
#define CALL_MS 20 /* what a call may wait for */

static struct cache_memory memory;
static struct shmb_cache *cache;
static struct chance chance;
static uint64_t until; /* as clock_now_ms() */

/* So many keys that both logs are full. */
static void fill(void)
{
	struct shmb_cache *filling = cache_memory_join(&memory);
	static const unsigned char value[100] = "7";

	for (unsigned i = 0; i < 5000; i++) {
		unsigned key = (unsigned)chance_below(&chance, KEYS);

		must(shmb_cache_set(filling, &key, sizeof(key), value, 1 + i % sizeof(value), NULL,
				    SHMB_AT_ONCE, NULL) == 0);
	}
	cache_memory_close(filling);
}

static void start(void)
{
	cache_memory_start(&memory, SIZE, 2, 40);
	chance_init(&chance);
	fill();
	until = deadline_in_ms(hostile_ms());
}

static void stop(void)
{
	cache_memory_stop(&memory);
}

static uint64_t some_meta(void)
{
	return cache_meta((enum cache_kind)chance_below(&chance, 4),
			  (uint32_t)chance_below(&chance, 1 << chance_below(&chance, 18)),
			  (uint32_t)chance_below(&chance, 256),
			  (uint32_t)chance_below(&chance, 1 << chance_below(&chance, 21)),
			  (uint32_t)chance_u64(&chance));
}

/* What is more likely to be taken for true than 64 bits at random. */
static uint64_t make_up(const uint64_t *words, size_t n)
{
	uint32_t place = (uint32_t)chance_below(&chance, SIZE / CACHE_UNIT + 1000);

	switch (chance_below(&chance, 8)) {
	case 0:
		return chance_u64(&chance);
	case 1:
		return words[chance_below(&chance, n)];
	case 2:
		return words[chance_below(&chance, n)] + chance_below(&chance, 3) - 1;
	case 3:
		return some_meta();
	case 4:
		return cache_slot_tag(words[chance_below(&chance, n)]) | (uint64_t)place << 32;
	case 5:
		return cache_gap(place % 1000, place, SIZE / CACHE_UNIT);
	case 6:
		return UINT64_MAX - chance_below(&chance, 3);
	default:
		return UINT64_C(1) << chance_below(&chance, 64);
	}
}

static _Atomic uint64_t *some_slot(struct cache_shard *shard)
{
	uint32_t bucket = (uint32_t)chance_below(&chance, memory.view.n_buckets);

	return &cache_bucket(shard, bucket)->slots[chance_below(&chance, CACHE_BUCKET_SLOTS)];
}

/* Let a slot lead elsewhere, also out of the memory, and mostly to where others are looked for. */
static void mislead(struct cache_shard *shard)
{
	_Atomic uint64_t *slot = some_slot(shard);
	uint64_t end = memory.view.end_bytes / CACHE_UNIT;
	uint64_t place = chance_below(&chance, 2) ? end - chance_below(&chance, 8)
						  : chance_below(&chance, UINT64_C(1) << 32);

	atomic_store(slot, (atomic_load(slot) & UINT32_MAX) | place << 32);
}

/* Give an entry other sizes, or another kind, which are true but for that. */
static void misdescribe(struct cache_shard *shard)
{
	uint32_t place = cache_slot_place(atomic_load(some_slot(shard)));
	struct cache_entry *entry = cache_entry(shard, place);
	uint64_t meta;

	if (cache_room_at(&memory.view, place) < 3)
		return;
	meta = atomic_load(&entry->meta);
	switch (chance_below(&chance, 4)) {
	case 0:
		meta |= chance_below(&chance, 1 << 18);
		break;
	case 1:
		meta |= chance_below(&chance, 1 << 21) << 26;
		break;
	case 2:
		meta ^= UINT64_C(1) << chance_below(&chance, 64);
		break;
	default:
		meta = some_meta();
	}
	atomic_store(&entry->meta, meta);
}

static void scribble_once(struct cache_shard *shard)
{
	uint64_t *words = memory.twin.writable;
	size_t range = chance_below(&chance, 2) ? 32 : memory.view.shard_size / sizeof(uint64_t);
	_Atomic uint64_t *word = (_Atomic uint64_t *)shard + chance_below(&chance, range);

	atomic_store_explicit(word, make_up(words, SIZE / sizeof(*words)), memory_order_relaxed);
}

/* At times all is as it was, so that it goes on. */
static int scribble(struct child *self attr_unused, void *data attr_unused)
{
	static unsigned char honest[SIZE];

	memcpy(honest, memory.twin.writable, SIZE);
	while (clock_now_ms() < until)
		for (unsigned i = 0; i < 1000; i++) {
			struct cache_shard *shard =
				cache_shard(&memory.view, (uint32_t)chance_below(&chance, 2));

			switch (chance_below(&chance, 3)) {
			case 0:
				mislead(shard);
				break;
			case 1:
				misdescribe(shard);
				break;
			default:
				scribble_once(shard);
			}
			if (i % 200 == 0)
				memcpy(memory.twin.writable, honest, SIZE);
		}
	return 0;
}

static void must_be_a_result(int r)
{
	if (r < 0 && shmb_last_error()[0] == '\0')
		ck_abort_msg("%d without a word", r);
}

static uint64_t soon(void)
{
	return shmb_deadline_in_ms(chance_below(&chance, CALL_MS));
}

static int compute(void *buffer, size_t room, size_t *ret_size, struct shmb_cache_terms *terms,
		   void *data)
{
	(void)buffer;
	(void)terms;
	(void)data;
	*ret_size = chance_below(&chance, room + 2);
	return chance_below(&chance, 2) ? 0 : -EIO;
}

static int sum_up(const void *value, const struct shmb_cache_entry *entry, void *data)
{
	unsigned *sum = data;

	for (size_t i = 0; i < entry->size; i++)
		*sum += ((const unsigned char *)value)[i];
	return 0;
}

static void get_somehow(const struct shmb_cache *handle)
{
	unsigned char value[5000];
	struct shmb_cache_entry entry = {.size = 0};
	struct shmb_cache_query queries[40];
	unsigned key = (unsigned)chance_below(&chance, KEYS), keys[40], sum = 0;
	uint64_t cursor = chance_below(&chance, 1000);
	size_t key_size = 0;

	must_be_a_result(shmb_cache_get(handle, &key, sizeof(key), value,
					chance_below(&chance, sizeof(value)), &entry));
	must(entry.size <= CACHE_VALUE_MOST * 2);
	must_be_a_result(shmb_cache_use(handle, &key, sizeof(key), sum_up, &sum));
	for (unsigned i = 0; i < 40; i++) {
		keys[i] = (unsigned)chance_below(&chance, KEYS);
		queries[i] = (struct shmb_cache_query){.key = &keys[i],
						       .key_size = sizeof(keys[i]),
						       .buffer = value,
						       .room = chance_below(&chance, 500)};
	}
	must_be_a_result(shmb_cache_get_many(handle, queries, 40));
	must_be_a_result(shmb_cache_next(handle, &cursor, value, &key_size, &entry));
	must(key_size <= SHMB_CACHE_KEY_MAX);
}

static void change_somehow(void)
{
	static const unsigned char value[4000] = "12";
	const struct shmb_cache_terms terms = {.ttl_ms = chance_below(&chance, 3) * 10};
	unsigned key = (unsigned)chance_below(&chance, KEYS);
	size_t size = chance_below(&chance, 1 << chance_below(&chance, 12));
	uint64_t deadline = soon();

	switch (chance_below(&chance, 8)) {
	case 0:
		must_be_a_result(shmb_cache_delete(cache, &key, sizeof(key), deadline));
		break;
	case 1:
		must_be_a_result(shmb_cache_touch(cache, &key, sizeof(key), 50, deadline));
		break;
	case 2:
		must_be_a_result(shmb_cache_increment(cache, &key, sizeof(key), 1, deadline, NULL));
		break;
	case 3:
		must_be_a_result(
			shmb_cache_add(cache, &key, sizeof(key), value, 2, NULL, deadline, NULL));
		break;
	default:
		must_be_a_result(shmb_cache_set(cache, &key, sizeof(key), value, size, &terms,
						deadline, NULL));
	}
	hostile_expect_in_time(deadline);
}

static void fill_somehow(void)
{
	const struct shmb_cache_fill_options options = {.stale_ms = 5,
							.failure_ms =
								(uint32_t)chance_below(&chance, 3)};
	unsigned key = (unsigned)chance_below(&chance, KEYS);
	unsigned char value[300];
	uint64_t deadline = soon();

	must_be_a_result(shmb_cache_get_or_fill(cache, &key, sizeof(key), value, sizeof(value),
						compute, NULL, &options, deadline, NULL));
	hostile_expect_in_time(deadline);
}

/* All calls, until it is time; how long the longest turn took. */
static int use(struct child *self, void *data)
{
	struct shmb_cache *looking;
	uint64_t longest = 0;

	cache = cache_memory_join(&memory);
	looking = cache_memory_look(&memory);
	chance.state += *(size_t *)data;
	child_say(self, 0);
	(void)child_hear(self);
	while (clock_now_ms() < until) {
		uint64_t began = clock_now_ms(), took;
		struct shmb_cache_stats stats;

		get_somehow(cache);
		get_somehow(looking);
		change_somehow();
		fill_somehow();
		must_be_a_result(shmb_cache_stats(looking, false, &stats));
		if (chance_below(&chance, 50) == 0)
			must_be_a_result(shmb_cache_flush(cache, soon()));
		took = clock_now_ms() - began;
		longest = took > longest ? took : longest;
	}
	child_say(self, (int64_t)longest);
	return 0;
}

START_TEST(anything_at_all)
{
	int64_t longest = hostile_run(use, scribble, until);

	printf("the longest turn took %" PRId64 " ms\n", longest);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("a hostile peer of a cache");
	TCase *tcase = tcase_create("hostile");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, anything_at_all);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
