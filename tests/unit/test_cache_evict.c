/*
 * What a cache that is full forgets, and what it does not: what was got stays, a scan does not push
 * it out, what is past its time goes first; memory is never lost, whatever sizes come; and a value
 * of the largest size always finds room.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "cache_memory.h"
#include "formats/cache_find.h"
#include "formats/cache_log.h"
#include "formats/cache_turn.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/suite.h"

#define SIZE (1u << 19)

static struct cache_memory memory;
static struct shmb_cache *cache, *looking;
static struct chance chance;

static void start(void)
{
	cache_memory_start(&memory, SIZE, 1, 100);
	cache = cache_memory_join(&memory);
	looking = cache_memory_look(&memory);
	chance_init(&chance);
}

static void stop(void)
{
	cache_memory_check(&memory);
	cache_memory_close(looking);
	cache_memory_close(cache);
	cache_memory_stop(&memory);
}

/* A value of SIZE bytes that tells whose it is. */
static void set_for(uint64_t key, size_t size, uint64_t ttl_ms)
{
	static unsigned char value[CACHE_VALUE_MOST];
	const struct shmb_cache_terms terms = {.ttl_ms = ttl_ms};

	memset(value, (int)(key * 7 + 1), size);
	must(shmb_cache_set(cache, &key, sizeof(key), value, size, &terms, SHMB_AT_ONCE, NULL) ==
	     0);
}

static void set(uint64_t key, size_t size)
{
	set_for(key, size, 0);
}

static bool is_had(const struct shmb_cache *handle, uint64_t key)
{
	static unsigned char value[CACHE_VALUE_MOST];
	struct shmb_cache_entry entry;
	int r = shmb_cache_get(handle, &key, sizeof(key), value, sizeof(value), &entry);

	must(r == 0 || r == SHMB_MISS);
	for (size_t i = 0; r == 0 && i < entry.size; i++)
		must(value[i] == (unsigned char)(key * 7 + 1));
	return r == 0;
}

static struct shmb_cache_stats stats(void)
{
	struct shmb_cache_stats now;

	must(shmb_cache_stats(cache, false, &now) == 0);
	return now;
}

/* Bytes that entries, with all that is theirs, take of the logs. */
static double used_share(void)
{
	const struct shmb_cache_stats now = stats();
	double units = memory.view.logs[CACHE_NURSERY].units + memory.view.logs[CACHE_MAIN].units;

	return ((double)now.bytes + (double)now.entries * 28) / (units * CACHE_UNIT);
}

START_TEST(a_full_cache_takes_more)
{
	for (uint64_t key = 0; key < 100000; key++) {
		set(key, 92);
		must(is_had(looking, key));
	}
	ck_assert_uint_gt(stats().evicted_room, 50000);
	ck_assert_double_ge(used_share(), 0.95);
}
END_TEST

START_TEST(what_is_got_stays)
{
	for (uint64_t key = 0; key < 100; key++)
		set(key, 92);
	for (uint64_t key = 1000; key < 100000; key++) {
		set(key, 92);
		for (uint64_t hot = key % 10; hot < 100; hot += 10)
			must(is_had(cache, hot));
	}
}
END_TEST

/* Keys that are got once more while they are in the nursery are kept; a scan of many others that
 * come once does not push them out, though it is ten times as large as the cache. */
START_TEST(a_scan_pushes_nothing_out)
{
	unsigned had = 0;

	for (unsigned round = 0; round < 3; round++)
		for (uint64_t key = 0; key < 1000; key++)
			if (!is_had(cache, key))
				set(key, 92);
	for (uint64_t key = 10000; key < 50000; key++)
		set(key, 92);
	for (uint64_t key = 0; key < 1000; key++)
		had += is_had(cache, key);
	ck_assert_uint_ge(had, 990);
}
END_TEST

/* A reader whose mapping is read-only leaves no mark: what only such ones get goes. */
START_TEST(what_is_only_looked_at_goes)
{
	unsigned got = 0, looked = 0;

	for (uint64_t key = 0; key < 200; key++)
		set(key, 92);
	for (uint64_t key = 10000; key < 30000; key++) {
		uint64_t old = key % 100;

		set(key, 92);
		must(is_had(cache, key));
		got += is_had(cache, old);
		looked += is_had(looking, 100 + old);
	}
	ck_assert_uint_eq(got, 20000);
	ck_assert_uint_lt(looked, 10000);
}
END_TEST

/* What the nursery has forgotten and is set again goes where it stays. */
START_TEST(what_comes_back_stays)
{
	for (uint64_t key = 0; key < 20000; key++)
		set(key, 92);
	while (is_had(looking, 777777) || stats().evicted_room == 0)
		set(888888, 92);
	set(777777, 92);
	for (uint64_t key = 20000; is_had(looking, 777777); key++)
		set(key, 92);
	set(777777, 92);
	for (uint64_t key = 100000; key < 100500; key++)
		set(key, 92);
	ck_assert(is_had(looking, 777777));
}
END_TEST

/* Also where it lies in the midst of the main log, and what is new is got by nobody. */
START_TEST(what_is_past_its_time_makes_room)
{
	unsigned had = 0;

	for (uint64_t key = 0; key < 3700; key++)
		set_for(key, 92, key % 4 == 0 ? 0 : 1000);
	cache_memory_pass(cache, 5000);
	for (uint64_t key = 10000; key < 20000; key++)
		set(key, 92);
	for (uint64_t key = 10000; key < 20000; key++)
		had += is_had(cache, key);
	ck_assert_uint_gt(stats().evicted_expired, 2000);
	ck_assert_uint_gt(had, 2000);
	had = 0;
	for (uint64_t key = 0; key < 3700; key += 4)
		had += is_had(cache, key);
	ck_assert_uint_gt(had, 500);
}
END_TEST

/* Values of all sizes, which grow and shrink: at any time most of the memory holds something. */
START_TEST(no_memory_is_lost)
{
	double least = 1;

	for (unsigned i = 0; i < 300000; i++) {
		uint64_t key = chance_below(&chance, 20000);
		size_t most = (size_t)16 << chance_below(&chance, 9);

		if (!is_had(cache, key) || chance_below(&chance, 4) == 0)
			set(key, chance_below(&chance, most + 1));
		if (i % 1000 == 0)
			cache_memory_check(&memory);
		if (i > 100000 && i % 1000 == 0)
			least = used_share() < least ? used_share() : least;
	}
	ck_assert_double_ge(least, 0.85);
}
END_TEST

START_TEST(the_largest_finds_room)
{
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t key = chance_u64(&chance);

		for (unsigned j = 0; j < 20; j++)
			set(chance_below(&chance, 5000), chance_below(&chance, 1000));
		set(key, memory.view.value_most);
		must(is_had(looking, key));
	}
	cache_memory_check(&memory);
}
END_TEST

/* What wants much room finds both logs full of small entries that were all got. To let some on into
 * the main log others are moved there, for each of them: all together no more than for one. */
START_TEST(what_is_moved_for_one_is_bounded)
{
	uint32_t units = memory.view.logs[CACHE_NURSERY].units / 2, place;
	uint64_t most = 65536 + 4 * (uint64_t)units * CACHE_UNIT;
	struct cache_turn turn;

	for (uint64_t key = 0; key < 20000; key++) {
		set(key, 92);
		must(is_had(cache, key));
	}
	for (uint64_t key = 0; key < 3 * 20000; key++)
		(void)is_had(cache, key % 20000);
	ck_assert_int_eq(cache_turn_begin(cache, 0, SHMB_AT_ONCE, &turn), 0);
	ck_assert_int_eq(cache_make_room(&turn, CACHE_NURSERY, units, &place), 0);
	ck_assert_uint_lt(turn.moves, most / 4); /* it was in need of moving */
	ck_assert_int_eq(cache_turn_end(&turn, 0), 0);
}
END_TEST

/* Keys that meet in one place of the index push each other out, and nobody else. */
START_TEST(keys_that_meet_push_each_other_out)
{
	uint64_t key = 0, found = 0, last[64];
	struct cache_key first;

	set(1000000, 10);
	cache_locate(&memory.view, &key, sizeof(key), &first);
	for (key = 0; found < 64; key++) {
		struct cache_key other;

		cache_locate(&memory.view, &key, sizeof(key), &other);
		if (other.buckets[0] == first.buckets[0])
			last[found++] = key;
	}
	for (unsigned round = 0; round < 1000; round++)
		for (unsigned i = 0; i < found; i++)
			set(last[i], 10);
	ck_assert(is_had(cache, last[found - 1]));
	ck_assert(is_had(cache, 1000000));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("what a cache forgets");
	TCase *tcase = tcase_create("evict");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_full_cache_takes_more);
	tcase_add_test(tcase, what_is_got_stays);
	tcase_add_test(tcase, a_scan_pushes_nothing_out);
	tcase_add_test(tcase, what_is_only_looked_at_goes);
	tcase_add_test(tcase, what_comes_back_stays);
	tcase_add_test(tcase, what_is_past_its_time_makes_room);
	tcase_add_test(tcase, no_memory_is_lost);
	tcase_add_test(tcase, the_largest_finds_room);
	tcase_add_test(tcase, what_is_moved_for_one_is_bounded);
	tcase_add_test(tcase, keys_that_meet_push_each_other_out);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
