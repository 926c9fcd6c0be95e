/*
 * Changing a cache: each condition, versions, times to live, numbers, forgetting; what is refused;
 * and a long random run against a plain table, in which a cache that is large enough forgets
 * nothing.
 */
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "cache_memory.h"
#include "formats/cache_find.h"
#include "layout/lock_layout.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/eventually.h"
#include "support/says.h"
#include "support/suite.h"

#define SIZE (1u << 20)
#define SOON SHMB_AT_ONCE

static struct cache_memory memory;
static struct shmb_cache *cache, *looking;

static void start(void)
{
	cache_memory_start(&memory, SIZE, 2, 64);
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

static void expect(const char *key, const char *value)
{
	struct shmb_cache_entry entry;
	char text[256];
	int r = shmb_cache_get(looking, key, strlen(key), text, sizeof(text), &entry);

	ck_assert_int_eq(r, value ? 0 : SHMB_MISS);
	if (value) {
		ck_assert_uint_eq(entry.size, strlen(value));
		ck_assert_mem_eq(text, value, entry.size);
	}
}

START_TEST(what_is_there_is_not_added)
{
	uint64_t version = 1;

	ck_assert_int_eq(shmb_cache_add(cache, "k", 1, "one", 3, NULL, SOON, &version), 0);
	ck_assert_uint_gt(version, 1);
	version = 1;
	ck_assert_int_eq(shmb_cache_add(cache, "k", 1, "two", 3, NULL, SOON, &version),
			 SHMB_EXISTS);
	ck_assert_uint_eq(version, 1);
	expect("k", "one");
	ck_assert_int_eq(shmb_cache_delete(cache, "k", 1, SOON), 0);
	ck_assert_int_eq(shmb_cache_add(cache, "k", 1, "two", 3, NULL, SOON, NULL), 0);
	expect("k", "two");
}
END_TEST

START_TEST(what_is_not_there_is_not_replaced)
{
	ck_assert_int_eq(shmb_cache_replace(cache, "k", 1, "one", 3, NULL, SOON, NULL), SHMB_MISS);
	expect("k", NULL);
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "one", 3, NULL, SOON, NULL), 0);
	ck_assert_int_eq(shmb_cache_replace(cache, "k", 1, "two", 3, NULL, SOON, NULL), 0);
	expect("k", "two");
}
END_TEST

START_TEST(another_version_is_not_set)
{
	uint64_t first, second = 0, third;

	ck_assert_int_eq(shmb_cache_compare_and_set(cache, "k", 1, 1, "none", 4, NULL, SOON,
						    &second),
			 SHMB_MISS);
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "one", 3, NULL, SOON, &first), 0);
	ck_assert_int_eq(shmb_cache_compare_and_set(cache, "k", 1, first + 1, "two", 3, NULL, SOON,
						    &second),
			 SHMB_CHANGED);
	ck_assert_uint_eq(second, first);
	expect("k", "one");
	ck_assert_int_eq(shmb_cache_compare_and_set(cache, "k", 1, first, "two", 3, NULL, SOON,
						    &second),
			 0);
	ck_assert_uint_gt(second, first);
	expect("k", "two");
	/* As it was, but not the same. */
	ck_assert_int_eq(shmb_cache_delete(cache, "k", 1, SOON), 0);
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "two", 3, NULL, SOON, &third), 0);
	ck_assert_int_eq(shmb_cache_compare_and_set(cache, "k", 1, second, "no", 2, NULL, SOON,
						    NULL),
			 SHMB_CHANGED);
}
END_TEST

START_TEST(no_two_entries_have_one_version)
{
	uint64_t versions[500];

	for (unsigned i = 0; i < 500; i++) {
		ck_assert_int_eq(shmb_cache_set(cache, &i, sizeof(i), "v", 1, NULL, SOON,
						&versions[i]),
				 0);
		for (unsigned j = 0; j < i; j++)
			must(versions[i] != versions[j]);
	}
}
END_TEST

START_TEST(what_is_deleted_is_missed)
{
	ck_assert_int_eq(shmb_cache_delete(cache, "k", 1, SOON), SHMB_MISS);
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "one", 3, NULL, SOON, NULL), 0);
	ck_assert_int_eq(shmb_cache_delete(cache, "k", 1, SOON), 0);
	expect("k", NULL);
	ck_assert_int_eq(shmb_cache_delete(cache, "k", 1, SOON), SHMB_MISS);
}
END_TEST

START_TEST(an_entry_ends_with_its_time)
{
	const struct shmb_cache_terms terms = {.ttl_ms = 1000, .flags = 5};

	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "one", 3, &terms, SOON, NULL), 0);
	ck_assert_int_eq(shmb_cache_set(cache, "stays", 5, "one", 3, NULL, SOON, NULL), 0);
	expect("k", "one");
	cache_memory_pass(cache, 2000);
	cache_memory_pass(looking, 2000);
	expect("k", NULL);
	expect("stays", "one");
	ck_assert_int_eq(shmb_cache_replace(cache, "k", 1, "two", 3, NULL, SOON, NULL), SHMB_MISS);
	ck_assert_int_eq(shmb_cache_touch(cache, "k", 1, 0, SOON), SHMB_MISS);
	ck_assert_int_eq(shmb_cache_increment(cache, "k", 1, 1, SOON, NULL), SHMB_MISS);
	ck_assert_int_eq(shmb_cache_delete(cache, "k", 1, SOON), SHMB_MISS);
	ck_assert_int_eq(shmb_cache_add(cache, "k", 1, "two", 3, NULL, SOON, NULL), 0);
	expect("k", "two");
}
END_TEST

START_TEST(a_touch_gives_another_time)
{
	const struct shmb_cache_terms terms = {.ttl_ms = 1000, .flags = 0xfedcba98};
	struct shmb_cache_entry before, after;
	char text[3];

	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "one", 3, &terms, SOON, NULL), 0);
	ck_assert_int_eq(shmb_cache_get(looking, "k", 1, text, 3, &before), 0);
	ck_assert_int_eq(shmb_cache_touch(cache, "k", 1, 1000000, SOON), 0);
	cache_memory_pass(looking, 2000);
	ck_assert_int_eq(shmb_cache_get(looking, "k", 1, text, 3, &after), 0);
	ck_assert_uint_eq(after.version, before.version);
	ck_assert_uint_eq(after.flags, 0xfedcba98);
	ck_assert_uint_gt(after.ttl_ms, 500000);
	ck_assert_int_eq(shmb_cache_touch(cache, "k", 1, 0, SOON), 0);
	ck_assert_int_eq(shmb_cache_get(looking, "k", 1, text, 3, &after), 0);
	ck_assert_uint_eq(after.ttl_ms, 0);
}
END_TEST

START_TEST(a_time_past_the_horizon_is_refused)
{
	const struct shmb_cache_terms most = {.ttl_ms = SHMB_CACHE_TTL_MAX};
	const struct shmb_cache_terms more = {.ttl_ms = SHMB_CACHE_TTL_MAX + 1};
	const struct shmb_cache_terms negative = {.ttl_ms = (uint64_t)-1};
	struct shmb_cache_entry entry;

	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "v", 1, &more, SOON, NULL), -EINVAL);
	says(" ms is more than the ten years that there can be; 0 is for");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "ten years"));
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "v", 1, &negative, SOON, NULL), -EINVAL);
	expect("k", NULL);
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "v", 1, &most, SOON, NULL), 0);
	ck_assert_int_eq(shmb_cache_get(cache, "k", 1, (char[1]){0}, 1, &entry), 0);
	ck_assert_uint_gt(entry.ttl_ms, SHMB_CACHE_TTL_MAX - 60000);
	ck_assert_int_eq(shmb_cache_touch(cache, "k", 1, SHMB_CACHE_TTL_MAX + 1, SOON), -EINVAL);
}
END_TEST

START_TEST(numbers_are_added_to)
{
	uint64_t number = 0;

	ck_assert_int_eq(shmb_cache_increment(cache, "n", 1, 1, SOON, &number), SHMB_MISS);
	ck_assert_int_eq(shmb_cache_set(cache, "n", 1, "9", 1,
					&(struct shmb_cache_terms){.flags = 3}, SOON, NULL),
			 0);
	ck_assert_int_eq(shmb_cache_increment(cache, "n", 1, 1, SOON, &number), 0);
	ck_assert_uint_eq(number, 10);
	expect("n", "10");
	ck_assert_int_eq(shmb_cache_increment(cache, "n", 1, -4, SOON, &number), 0);
	expect("n", "6");
	ck_assert_int_eq(shmb_cache_increment(cache, "n", 1, INT64_MIN, SOON, &number), 0);
	ck_assert_uint_eq(number, 0);
	ck_assert_int_eq(shmb_cache_increment(cache, "n", 1, INT64_MAX, SOON, &number), 0);
	ck_assert_int_eq(shmb_cache_increment(cache, "n", 1, INT64_MAX, SOON, &number), 0);
	ck_assert_int_eq(shmb_cache_increment(cache, "n", 1, 1, SOON, &number), 0);
	ck_assert_uint_eq(number, UINT64_MAX);
	expect("n", "18446744073709551615");
	ck_assert_int_eq(shmb_cache_increment(cache, "n", 1, 1, SOON, &number), -ERANGE);
	says(" together are more than 2^64 - 1; it stays as it is");
	ck_assert_uint_eq(number, UINT64_MAX);
	expect("n", "18446744073709551615");
}
END_TEST

START_TEST(what_is_no_number_stays)
{
	const char *const values[] = {"",   "x",  "1x",
				      " 1", "-1", "18446744073709551616",
				      "1 ", "+1", "000000000000000000001"};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		ck_assert_int_eq(shmb_cache_set(cache, "n", 1, values[i], strlen(values[i]), NULL,
						SOON, NULL),
				 0);
		ck_assert_int_eq(shmb_cache_increment(cache, "n", 1, 1, SOON, NULL), -EDOM);
		says(" decimal digits, not more than 2^64 - 1, is one; set it to one");
		expect("n", values[i]);
	}
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "is no number"));
}
END_TEST

START_TEST(all_is_flushed)
{
	struct shmb_cache_stats stats;
	char key[16];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "%u", i);
		ck_assert_int_eq(shmb_cache_set(cache, key, strlen(key), "v", 1, NULL, SOON, NULL),
				 0);
	}
	ck_assert_int_eq(shmb_cache_flush(cache, SOON), 0);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "%u", i);
		expect(key, NULL);
	}
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.entries, 0);
	ck_assert_uint_eq(stats.bytes, 0);
	ck_assert_uint_eq(stats.flushed, 100);
}
END_TEST

START_TEST(values_have_a_bound)
{
	static char value[SIZE / 16 + 1];
	struct shmb_cache_entry entry;

	memset(value, 'v', sizeof(value));
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, value, sizeof(value), NULL, SOON, NULL),
			 -EFBIG);
	says(" that a value in \"");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "65537 bytes"));
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, value, sizeof(value) - 1, NULL, SOON, NULL),
			 0);
	ck_assert_int_eq(shmb_cache_get(looking, "k", 1, value, sizeof(value), &entry), 0);
	ck_assert_uint_eq(entry.size, sizeof(value) - 1);
}
END_TEST

START_TEST(who_may_only_read_changes_nothing)
{
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "1", 1, NULL, SOON, NULL), 0);
	ck_assert_int_eq(shmb_cache_set(looking, "k", 1, "2", 1, NULL, SOON, NULL), -EPERM);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "SHMB_READ"));
	ck_assert_int_eq(shmb_cache_delete(looking, "k", 1, SOON), -EPERM);
	ck_assert_int_eq(shmb_cache_touch(looking, "k", 1, 1, SOON), -EPERM);
	ck_assert_int_eq(shmb_cache_increment(looking, "k", 1, 1, SOON, NULL), -EPERM);
	ck_assert_int_eq(shmb_cache_flush(looking, SOON), -EPERM);
	expect("k", "1");
}
END_TEST

START_TEST(a_turn_is_waited_for)
{
	struct shmb_lock *locks[] = {(struct shmb_lock *)cache_shard(&memory.view, 0)->lock,
				     (struct shmb_lock *)cache_shard(&memory.view, 1)->lock};
	struct shmb_cache *other = cache_memory_join(&memory);

	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(shmb_lock_acquire(locks[i], other->member, SOON), 0);
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "v", 1, NULL, shmb_deadline_in_ms(20), NULL),
			 -ETIMEDOUT);
	ck_assert_int_eq(shmb_cache_flush(cache, SOON), -ETIMEDOUT);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(shmb_lock_release(locks[i], other->member), 0);
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "v", 1, NULL, SOON, NULL), 0);
	cache_memory_close(other);
}
END_TEST

static void *set_late(void *data)
{
	(void)data;
	return (void *)(intptr_t)shmb_cache_set(cache, "k", 1, "v", 1, NULL,
						shmb_deadline_in_ms(PATIENCE_MS), NULL);
}

static uint64_t lock_waits(void)
{
	struct shmb_cache_stats stats;

	ck_assert_int_eq(shmb_cache_stats(looking, false, &stats), 0);
	return stats.lock_waits;
}

START_TEST(who_met_another_is_counted)
{
	struct shmb_cache *other = cache_memory_join(&memory);
	struct lock_layout *layout;
	struct shmb_lock *lock;
	struct cache_key key;
	pthread_t thread;
	void *result;

	cache_locate(&memory.view, "k", 1, &key);
	lock = (struct shmb_lock *)key.shard->lock;
	layout = (struct lock_layout *)(void *)lock;
	ck_assert_int_eq(shmb_lock_acquire(lock, other->member, SOON), 0);
	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "v", 1, NULL, SHMB_AT_ONCE, NULL),
			 -ETIMEDOUT);
	ck_assert_uint_eq(lock_waits(), 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, set_late, NULL), 0);
	eventually(atomic_load(&layout->owner) & LOCK_WAITERS);
	ck_assert_int_eq(shmb_lock_release(lock, other->member), 0);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert_ptr_null(result);
	ck_assert_uint_eq(lock_waits(), 2);
	ck_assert_int_eq(shmb_cache_set(other, "k", 1, "w", 1, NULL, SOON, NULL), 0);
	ck_assert_uint_eq(lock_waits(), 2);
	cache_memory_close(other);
}
END_TEST

/* What the cache has to have. */
struct reference {
	bool is_there;
	size_t size;
	uint64_t version;
	uint32_t flags;
	unsigned char value[200];
};

#define KEYS 64u

static struct reference table[KEYS];
static struct chance chance;

static size_t make_value(unsigned char *value)
{
	size_t size = chance_below(&chance, sizeof(table[0].value) + 1);

	chance_fill(&chance, value, size);
	return size;
}

static void change(struct reference *entry, const void *key, size_t key_size)
{
	unsigned char value[sizeof(entry->value)];
	size_t size = make_value(value);
	const struct shmb_cache_terms terms = {.flags = (uint32_t)chance_u64(&chance)};
	uint64_t version = 0, expected = entry->version + chance_below(&chance, 2);
	int r, right = 0;

	switch (chance_below(&chance, 5)) {
	case 0:
		r = shmb_cache_set(cache, key, key_size, value, size, &terms, SOON, &version);
		break;
	case 1:
		r = shmb_cache_add(cache, key, key_size, value, size, &terms, SOON, &version);
		right = entry->is_there ? SHMB_EXISTS : 0;
		break;
	case 2:
		r = shmb_cache_replace(cache, key, key_size, value, size, &terms, SOON, &version);
		right = entry->is_there ? 0 : SHMB_MISS;
		break;
	case 3:
		r = shmb_cache_compare_and_set(cache, key, key_size, expected, value, size, &terms,
					       SOON, &version);
		right = !entry->is_there             ? SHMB_MISS
			: expected != entry->version ? SHMB_CHANGED
						     : 0;
		break;
	default:
		r = shmb_cache_delete(cache, key, key_size, SOON);
		must(r == (entry->is_there ? 0 : SHMB_MISS));
		entry->is_there = false;
		return;
	}
	must(r == right);
	if (r != 0)
		return;
	*entry = (struct reference){true, size, version, terms.flags, {0}};
	memcpy(entry->value, value, size);
}

static void look(const struct reference *entry, const void *key, size_t key_size)
{
	unsigned char value[sizeof(entry->value)];
	struct shmb_cache_entry found;
	int r = shmb_cache_get(looking, key, key_size, value, sizeof(value), &found);

	must(r == (entry->is_there ? 0 : SHMB_MISS));
	if (r == 0)
		must(found.size == entry->size && found.version == entry->version &&
		     found.flags == entry->flags && memcmp(value, entry->value, found.size) == 0);
}

/* Values of all sizes are set anew so often that the logs go round many times; and since the cache
 * is far larger than what is in it, nothing may be forgotten for that. */
START_TEST(nothing_is_forgotten_without_need)
{
	struct shmb_cache_stats stats;

	chance_init(&chance);
	for (unsigned i = 0; i < 400000; i++) {
		uint64_t key = chance_below(&chance, KEYS) * UINT64_C(0x123456789);

		change(&table[key / UINT64_C(0x123456789)], &key, 5);
		key = chance_below(&chance, KEYS) * UINT64_C(0x123456789);
		look(&table[key / UINT64_C(0x123456789)], &key, 5);
		if (i % 10000 == 0)
			cache_memory_check(&memory);
	}
	ck_assert_int_eq(shmb_cache_stats(looking, false, &stats), 0);
	ck_assert_uint_eq(stats.evicted_room, 0);
	ck_assert_uint_eq(stats.evicted_index, 0);
	ck_assert_uint_eq(stats.emptied, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("changing a cache");
	TCase *tcase = tcase_create("change");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, what_is_there_is_not_added);
	tcase_add_test(tcase, what_is_not_there_is_not_replaced);
	tcase_add_test(tcase, another_version_is_not_set);
	tcase_add_test(tcase, no_two_entries_have_one_version);
	tcase_add_test(tcase, what_is_deleted_is_missed);
	tcase_add_test(tcase, an_entry_ends_with_its_time);
	tcase_add_test(tcase, a_touch_gives_another_time);
	tcase_add_test(tcase, a_time_past_the_horizon_is_refused);
	tcase_add_test(tcase, numbers_are_added_to);
	tcase_add_test(tcase, what_is_no_number_stays);
	tcase_add_test(tcase, all_is_flushed);
	tcase_add_test(tcase, values_have_a_bound);
	tcase_add_test(tcase, who_may_only_read_changes_nothing);
	tcase_add_test(tcase, a_turn_is_waited_for);
	tcase_add_test(tcase, who_met_another_is_counted);
	tcase_add_test(tcase, nothing_is_forgotten_without_need);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
