/*
 * Many at a cache at once, threads of one handle and processes: each value that is got is whole and
 * of its key, whatever is set, moved and forgotten meanwhile; and counting together misses nothing.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shmbroker/cache_fill.h>
#include <shmbroker/error.h>

#include "cache_memory.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/sanitizers.h"
#include "support/suite.h"

#define THREADS 4u
#define TURNS   (IS_TSAN || IS_ASAN ? 4000u : 100000u)
#define KEYS    500u
#define VALUE   2000u
#define FIXED   100u /* of other keys */
#define CROWD   8u
#define FAR     shmb_deadline_in_ms(60000)

static struct cache_memory memory;
static struct shmb_cache *cache, *looking;

static void start(void)
{
	cache_memory_start(&memory, 1 << 18, 2, 200);
	cache = cache_memory_join(&memory);
	looking = cache_memory_look(&memory);
}

static void stop(void)
{
	cache_memory_check(&memory);
	cache_memory_close(looking);
	cache_memory_close(cache);
	cache_memory_stop(&memory);
}

/* The key, a serial, and bytes that follow from both. */
static void make_sized(unsigned char *value, uint32_t key, size_t size, struct chance *chance)
{
	uint32_t serial = (uint32_t)chance_u64(chance);

	memcpy(value, &key, 4);
	memcpy(value + 4, &serial, 4);
	memset(value + 8, (int)(key + serial), size - 8);
}

static size_t make(unsigned char *value, uint32_t key, struct chance *chance)
{
	size_t size = 8 + chance_below(chance, VALUE >> chance_below(chance, 8));

	make_sized(value, key, size, chance);
	return size;
}

static void must_be_whole(const unsigned char *value, size_t size, uint32_t key)
{
	uint32_t found, serial;

	must(size >= 8);
	memcpy(&found, value, 4);
	memcpy(&serial, value + 4, 4);
	must(found == key);
	for (size_t i = 8; i < size; i++)
		must(value[i] == (unsigned char)(key + serial));
}

static int compute(void *buffer, size_t room, size_t *ret_size, struct shmb_cache_terms *terms,
		   void *data)
{
	struct chance chance = {.state = (uintptr_t)buffer + *(uint32_t *)data};

	must(room >= VALUE);
	terms->ttl_ms = 5;
	*ret_size = make(buffer, *(uint32_t *)data, &chance);
	return 0;
}

static void look(const struct shmb_cache *handle, uint32_t key)
{
	unsigned char value[VALUE + 8];
	struct shmb_cache_entry entry;
	int r = shmb_cache_get(handle, &key, sizeof(key), value, sizeof(value), &entry);

	must(r == 0 || r == SHMB_MISS);
	if (r == 0)
		must_be_whole(value, entry.size, key);
}

/* Without asking for its size, which is FIXED then, and some at a time. */
static void look_at_fixed(const struct shmb_cache *handle, struct chance *chance)
{
	struct shmb_cache_query queries[CROWD];
	unsigned char values[CROWD][FIXED];
	uint32_t keys[CROWD];

	for (unsigned i = 0; i < CROWD; i++) {
		keys[i] = KEYS + (uint32_t)chance_below(chance, KEYS);
		queries[i] = (struct shmb_cache_query){.key = &keys[i],
						       .key_size = sizeof(keys[i]),
						       .buffer = values[i],
						       .room = FIXED};
	}
	must(shmb_cache_get_many(handle, queries, CROWD) == 0);
	for (unsigned i = 0; i < CROWD; i++) {
		must(queries[i].result == 0 || queries[i].result == SHMB_MISS);
		if (queries[i].result == 0)
			must_be_whole(values[i], queries[i].entry.size, keys[i]);
	}
	if (shmb_cache_get(handle, &keys[0], sizeof(keys[0]), values[0], FIXED, NULL) == 0)
		must_be_whole(values[0], FIXED, keys[0]);
}

static void set_fixed(struct chance *chance)
{
	uint32_t key = KEYS + (uint32_t)chance_below(chance, KEYS);
	unsigned char value[FIXED];

	make_sized(value, key, FIXED, chance);
	must(shmb_cache_set(cache, &key, sizeof(key), value, FIXED, NULL, FAR, NULL) == 0);
}

static void act(struct chance *chance)
{
	unsigned char value[VALUE + 8];
	uint32_t key = (uint32_t)chance_below(chance, KEYS);
	struct shmb_cache_entry entry;

	switch (chance_below(chance, 12)) {
	case 0:
	case 1:
		must(shmb_cache_set(cache, &key, sizeof(key), value, make(value, key, chance), NULL,
				    FAR, NULL) == 0);
		break;
	case 2:
		must(shmb_cache_delete(cache, &key, sizeof(key), FAR) >= 0);
		break;
	case 3:
		must(shmb_cache_get_or_fill(cache, &key, sizeof(key), value, sizeof(value), compute,
					    &key, NULL, FAR, &entry) == 0);
		must_be_whole(value, entry.size, key);
		break;
	case 4:
	case 5:
		look(looking, key);
		break;
	case 6:
		look_at_fixed(looking, chance);
		break;
	case 7:
		look_at_fixed(cache, chance);
		break;
	case 8:
	case 9:
		set_fixed(chance);
		break;
	default:
		look(cache, key);
	}
}

static void *act_as_thread(void *data)
{
	struct chance chance = {.state = (uintptr_t)data};

	for (unsigned i = 0; i < TURNS; i++)
		act(&chance);
	return NULL;
}

static void run_threads(void)
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, act_as_thread,
						(void *)(i * 1000003 + 17)),
				 0);
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

START_TEST(threads_find_whole_values)
{
	run_threads();
}
END_TEST

static int act_as_process(struct child *self, void *data)
{
	(void)self;
	(void)data;
	cache = cache_memory_join(&memory);
	looking = cache_memory_look(&memory);
	run_threads();
	return 0;
}

START_TEST(processes_find_whole_values)
{
	struct child children[3];

	for (unsigned i = 0; i < 3; i++)
		child_start(&children[i], act_as_process, NULL);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
}
END_TEST

static void *count_as_thread(void *data)
{
	for (unsigned i = 0; i < TURNS; i++)
		must(shmb_cache_increment(cache, "n", 1, 1, FAR, NULL) == 0);
	return data;
}

START_TEST(all_that_is_counted_counts)
{
	pthread_t threads[THREADS];
	char text[24] = "";

	ck_assert_int_eq(shmb_cache_set(cache, "n", 1, "0", 1, NULL, FAR, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count_as_thread, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(shmb_cache_get(looking, "n", 1, text, sizeof(text) - 1, NULL), 0);
	ck_assert_uint_eq(strtoul(text, NULL, 10), THREADS * TURNS);
}
END_TEST

/* Stands in for one who looks at figures all the while. */
static void *ask_for_stats(void *data)
{
	const _Atomic bool *is_over = data;
	struct shmb_cache_stats stats;

	while (!atomic_load(is_over))
		must(shmb_cache_stats(cache, false, &stats) == 0);
	return NULL;
}

START_TEST(what_is_found_is_counted_once)
{
	struct shmb_cache_stats stats;
	_Atomic bool is_over = false;
	pthread_t thread;
	char value[1];

	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "v", 1, NULL, FAR, NULL), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, ask_for_stats, &is_over), 0);
	for (unsigned i = 0; i < 20 * TURNS; i++)
		must(shmb_cache_get(cache, "k", 1, value, 1, NULL) == 0);
	atomic_store(&is_over, true);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.hits, 20 * TURNS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("a crowd at a cache");
	TCase *tcase = tcase_create("crowd");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, threads_find_whole_values);
	tcase_add_test(tcase, processes_find_whole_values);
	tcase_add_test(tcase, all_that_is_counted_counts);
	tcase_add_test(tcase, what_is_found_is_counted_once);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
