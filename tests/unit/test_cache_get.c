/*
 * Getting from a cache: what was set and nothing else, by copy, in place, many at once, through a
 * mapping that is read-only too; keys one after the other; and what cannot be asked.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <shmbroker/error.h>

#include "base/attr.h"
#include "cache_memory.h"
#include "formats/cache_find.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

#define SIZE       (1u << 18)
#define BYTES_MOST 4200u

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

static void set(const char *key, const char *value)
{
	must(shmb_cache_set(cache, key, strlen(key), value, strlen(value), NULL, SHMB_AT_ONCE,
			    NULL) == 0);
}

static void expect(const struct shmb_cache *handle, const char *key, const char *value)
{
	struct shmb_cache_entry entry;
	char text[256];

	ck_assert_int_eq(shmb_cache_get(handle, key, strlen(key), text, sizeof(text), &entry), 0);
	ck_assert_uint_eq(entry.size, strlen(value));
	ck_assert_mem_eq(text, value, entry.size);
}

static void expect_miss(const struct shmb_cache *handle, const char *key)
{
	char text[256];

	ck_assert_int_eq(shmb_cache_get(handle, key, strlen(key), text, sizeof(text), NULL),
			 SHMB_MISS);
}

START_TEST(what_was_set_is_had)
{
	expect_miss(cache, "name");
	set("name", "value");
	set("other name", "another value");
	expect(cache, "name", "value");
	expect(looking, "name", "value");
	expect(looking, "other name", "another value");
	expect_miss(looking, "nam");
	expect_miss(looking, "name ");
	set("name", "v");
	expect(looking, "name", "v");
	set("name", "a value that has no room where the last one was, by far");
	expect(looking, "name", "a value that has no room where the last one was, by far");
	set("empty", "");
	expect(looking, "empty", "");
}
END_TEST

START_TEST(an_entry_is_described)
{
	const struct shmb_cache_terms terms = {.ttl_ms = 60000, .flags = 0xdeadbeef};
	struct shmb_cache_entry first, second;
	uint64_t version;

	ck_assert_int_eq(shmb_cache_set(cache, "k", 1, "12345", 5, &terms, SHMB_AT_ONCE, &version),
			 0);
	ck_assert_int_eq(shmb_cache_get(looking, "k", 1, (char[5]){0}, 5, &first), 0);
	ck_assert_uint_eq(first.size, 5);
	ck_assert_uint_eq(first.version, version);
	ck_assert_uint_eq(first.flags, 0xdeadbeef);
	ck_assert_uint_gt(first.ttl_ms, 30000);
	ck_assert_uint_le(first.ttl_ms, 60000);
	ck_assert_uint_lt(first.age_ms, 30000);
	set("k", "12345");
	ck_assert_int_eq(shmb_cache_get(looking, "k", 1, (char[5]){0}, 5, &second), 0);
	ck_assert_uint_gt(second.version, first.version);
	ck_assert_uint_eq(second.flags, 0);
	ck_assert_uint_eq(second.ttl_ms, 0);
}
END_TEST

START_TEST(a_small_buffer_is_refused)
{
	struct shmb_cache_entry entry;
	char text[4] = "abc";

	set("k", "12345");
	ck_assert_int_eq(shmb_cache_get(cache, "k", 1, text, 4, &entry), -EMSGSIZE);
	says("the cached value in \"");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "5 bytes"));
	ck_assert_uint_eq(entry.size, 5);
	ck_assert_str_eq(text, "abc");
	ck_assert_int_eq(shmb_cache_get(cache, "k", 1, NULL, 0, NULL), -EMSGSIZE);
}
END_TEST

START_TEST(keys_have_bounds)
{
	char key[SHMB_CACHE_KEY_MAX + 1] = {0};

	ck_assert_int_eq(shmb_cache_get(cache, "", 0, NULL, 0, NULL), -EINVAL);
	ck_assert_int_eq(shmb_cache_get(cache, key, sizeof(key), NULL, 0, NULL), -EINVAL);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "1 to 250 bytes, and not 251"));
	ck_assert_int_eq(shmb_cache_use(cache, "", 0, NULL, NULL), -EINVAL);
	ck_assert_int_eq(shmb_cache_set(cache, "", 0, "v", 1, NULL, SHMB_AT_ONCE, NULL), -EINVAL);
	ck_assert_int_eq(shmb_cache_set(cache, key, sizeof(key), "v", 1, NULL, SHMB_AT_ONCE, NULL),
			 -EINVAL);
	for (size_t size = 1; size <= SHMB_CACHE_KEY_MAX; size++) {
		struct shmb_cache_entry entry;
		size_t found;

		must(shmb_cache_set(cache, key, size, &size, sizeof(size), NULL, SHMB_AT_ONCE,
				    NULL) == 0);
		must(shmb_cache_get(looking, key, size, &found, sizeof(found), &entry) == 0);
		must(found == size);
	}
}
END_TEST

static int add_up(const void *value, const struct shmb_cache_entry *entry, void *data)
{
	unsigned *sum = data;

	*sum = 0;
	for (size_t i = 0; i < entry->size; i++)
		*sum += ((const unsigned char *)value)[i];
	return (int)entry->size;
}

START_TEST(a_value_is_used_in_place)
{
	unsigned sum = 7;

	ck_assert_int_eq(shmb_cache_use(looking, "k", 1, add_up, &sum), SHMB_MISS);
	ck_assert_uint_eq(sum, 7);
	set("k", "\1\2\3");
	ck_assert_int_eq(shmb_cache_use(looking, "k", 1, add_up, &sum), 3);
	ck_assert_uint_eq(sum, 6);
}
END_TEST

/* Change what is used, the first two times. */
static int disturb(const void *value, const struct shmb_cache_entry *entry, void *data)
{
	unsigned *times = data;

	(void)value;
	if (++*times <= 2)
		set("k", *times == 1 ? "as long" : "and longer than before, so it moves");
	return (int)entry->size;
}

START_TEST(what_changes_meanwhile_is_used_again)
{
	unsigned times = 0;

	set("k", "1234567");
	ck_assert_int_eq(shmb_cache_use(cache, "k", 1, disturb, &times), 35);
	ck_assert_uint_eq(times, 3);
}
END_TEST

/* A value of SIZE bytes is had in a buffer of ROOM, and nothing behind it changes. */
static void expect_bytes(const char *key, const unsigned char *value, size_t size, size_t room)
{
	unsigned char buffers[3][BYTES_MOST];
	struct shmb_cache_query query = {.key = key,
					 .key_size = strlen(key),
					 .buffer = room ? buffers[2] : NULL,
					 .room = room};
	struct shmb_cache_entry entry;

	memset(buffers, 0xee, sizeof(buffers));
	must(shmb_cache_get(looking, key, strlen(key), room ? buffers[0] : NULL, room, NULL) == 0);
	must(shmb_cache_get(cache, key, strlen(key), room ? buffers[1] : NULL, room, &entry) == 0);
	must(entry.size == size);
	must(shmb_cache_get_many(cache, &query, 1) == 0 && query.result == 0);
	must(query.entry.size == size && query.entry.version == entry.version);
	for (unsigned i = 0; i < 3; i++) {
		must(memcmp(buffers[i], value, size) == 0);
		for (size_t at = size; at < BYTES_MOST; at++)
			must(buffers[i][at] == 0xee);
	}
}

#define LONG_KEY                                                                                   \
	"a key of more than a hundred and twenty-eight bytes, for which the hash and the "         \
	"comparison go other ways than for those that are shorter"

START_TEST(each_size_is_had_each_way)
{
	const size_t sizes[] = {0,  1,  2,  3,  4,  7,   8,   15,  16,  17,  31,   32,  33,
				63, 64, 65, 96, 99, 100, 127, 128, 129, 200, 1024, 4000};
	const char *keys[] = {"key", "key of 16 bytes.", "a key of some more bytes than sixteen",
			      LONG_KEY};
	unsigned char value[BYTES_MOST];

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (unsigned char)(i * 7 + 1);
	for (unsigned i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(keys); i++) {
		size_t size = sizes[i % ARRAY_SIZE(sizes)];
		const char *key = keys[i / ARRAY_SIZE(sizes)];

		must(shmb_cache_set(cache, key, strlen(key), value, size, NULL, SHMB_AT_ONCE,
				    NULL) == 0);
		expect_bytes(key, value, size, size);
		expect_bytes(key, value, size, size + 1);
		expect_bytes(key, value, size, size + 64);
		if (size > 0)
			must(shmb_cache_get(cache, key, strlen(key), value, size - 1, NULL) ==
			     -EMSGSIZE);
	}
}
END_TEST

START_TEST(many_may_be_the_same)
{
	struct shmb_cache_query queries[70];
	char values[70][8];
	struct shmb_cache_stats stats;

	set("k", "v");
	for (unsigned i = 0; i < 70; i++)
		queries[i] = (struct shmb_cache_query){.key = i % 2 ? "k" : "no",
						       .key_size = i % 2 ? 1 : 2,
						       .buffer = values[i],
						       .room = sizeof(values[i])};
	ck_assert_int_eq(shmb_cache_get_many(cache, queries, 70), 0);
	for (unsigned i = 0; i < 70; i++) {
		ck_assert_int_eq(queries[i].result, i % 2 ? 0 : SHMB_MISS);
		ck_assert(i % 2 == 0 || values[i][0] == 'v');
	}
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.hits, 35);
	ck_assert_uint_eq(stats.misses, 35);
}
END_TEST

START_TEST(many_are_had_at_once)
{
	struct shmb_cache_query queries[100];
	char keys[100][16], values[100][16];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key %u", i);
		queries[i] = (struct shmb_cache_query){.key = keys[i],
						       .key_size = strlen(keys[i]),
						       .buffer = values[i],
						       .room = sizeof(values[i])};
		if (i % 3 != 0)
			set(keys[i], keys[i] + 4);
	}
	queries[50].key_size = 0;
	queries[52].room = 1;
	ck_assert_int_eq(shmb_cache_get_many(looking, queries, 100), 0);
	for (unsigned i = 0; i < 100; i++) {
		int expected = i == 50 ? -EINVAL : i == 52 ? -EMSGSIZE : i % 3 ? 0 : SHMB_MISS;

		ck_assert_int_eq(queries[i].result, expected);
		if (expected == 0) {
			ck_assert_uint_eq(queries[i].entry.size, strlen(keys[i]) - 4);
			ck_assert_mem_eq(values[i], keys[i] + 4, queries[i].entry.size);
		}
	}
}
END_TEST

START_TEST(all_keys_come_once)
{
	unsigned char seen[500] = {0};
	uint64_t cursor = 0;
	char key[SHMB_CACHE_KEY_MAX];
	size_t key_size;
	int r;

	for (unsigned i = 0; i < 500; i++) {
		snprintf(key, sizeof(key), "%u", i);
		set(key, "v");
	}
	while ((r = shmb_cache_next(looking, &cursor, key, &key_size, NULL)) == 0) {
		key[key_size] = '\0';
		seen[atoi(key)]++;
	}
	ck_assert_int_eq(r, SHMB_END);
	ck_assert_int_eq(shmb_cache_next(looking, &cursor, key, &key_size, NULL), SHMB_END);
	for (unsigned i = 0; i < 500; i++)
		ck_assert_uint_eq(seen[i], 1);
	cursor = UINT64_MAX;
	ck_assert_int_eq(shmb_cache_next(looking, &cursor, key, &key_size, NULL), -EINVAL);
	says("\"; 0 is one, and those that this call has given");
}
END_TEST

START_TEST(hits_and_misses_are_counted)
{
	struct shmb_cache_stats stats;

	set("k", "v");
	for (unsigned i = 0; i < 1000; i++) {
		expect(cache, "k", "v");
		expect(looking, "k", "v"); /* nowhere */
		if (i % 2)
			expect_miss(cache, "no");
	}
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.hits, 1000);
	ck_assert_uint_eq(stats.misses, 500);
	ck_assert_uint_eq(stats.entries, 1);
	ck_assert_uint_eq(stats.bytes, 2);
	ck_assert_uint_eq(stats.sets, 1);
}
END_TEST

/* A writer that is stopped, or dead, in the midst of a change of KEY, which has a letter. */
static struct cache_entry *half_change_of(const char *name, struct cache_key *ret_key)
{
	struct cache_sight sight;

	set(name, "v");
	cache_locate(&memory.view, name, 1, ret_key);
	ck_assert_int_eq(cache_find(&memory.view, ret_key, &sight), CACHE_FOUND);
	atomic_store(&sight.entry->version, 0);
	return sight.entry;
}

static struct cache_entry *half_change(void)
{
	struct cache_key key;

	set("stays", "v");
	return half_change_of("k", &key);
}

START_TEST(what_is_being_changed_is_missed_after_a_while)
{
	struct cache_entry *entry = half_change();

	expect_miss(looking, "k");
	expect(looking, "stays", "v");
	expect_miss(cache, "k");
	atomic_store(&entry->version, 1);
	expect(looking, "k", "v");
}
END_TEST

START_TEST(what_a_death_has_left_is_forgotten)
{
	struct shmb_cache *other = cache_memory_join(&memory);
	struct shmb_cache_stats stats;
	struct cache_key key;

	half_change();
	cache_locate(&memory.view, "k", 1, &key);
	ck_assert_int_eq(shmb_lock_acquire((struct shmb_lock *)key.shard->lock, other->member,
					   SHMB_AT_ONCE),
			 0);
	cache_memory_bury(&memory, other);
	expect_miss(looking, "k");
	expect_miss(cache, "k");
	expect(looking, "stays", "v");
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.repairs, 1);
	ck_assert_uint_eq(stats.forgotten, 1);
	set("k", "anew");
	expect(looking, "k", "anew");
	cache_memory_close(other);
}
END_TEST

/* Two letters in different shards. */
static void choose_two(char *first, char *second)
{
	struct cache_key one, other;

	first[0] = second[0] = 'a';
	cache_locate(&memory.view, first, 1, &one);
	do {
		second[0]++;
		cache_locate(&memory.view, second, 1, &other);
	} while (other.shard_number == one.shard_number);
}

/* None of them uses up what the others need. */
START_TEST(of_many_each_is_repaired)
{
	struct shmb_cache *dead = cache_memory_join(&memory);
	char names[2][2] = {"", ""}, value[8];
	struct shmb_cache_query queries[2];
	struct shmb_cache_stats stats;
	struct cache_key key;

	choose_two(names[0], names[1]);
	for (unsigned i = 0; i < 2; i++) {
		half_change_of(names[i], &key);
		ck_assert_int_eq(shmb_lock_acquire((struct shmb_lock *)key.shard->lock,
						   dead->member, SHMB_AT_ONCE),
				 0);
		queries[i] = (struct shmb_cache_query){.key = names[i],
						       .key_size = 1,
						       .buffer = value,
						       .room = sizeof(value)};
	}
	cache_memory_bury(&memory, dead);
	ck_assert_int_eq(shmb_cache_get_many(cache, queries, 2), 0);
	ck_assert_int_eq(queries[0].result, SHMB_MISS);
	ck_assert_int_eq(queries[1].result, SHMB_MISS);
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.repairs, 2);
	cache_memory_close(dead);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("getting from a cache");
	TCase *tcase = tcase_create("get");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, what_was_set_is_had);
	tcase_add_test(tcase, an_entry_is_described);
	tcase_add_test(tcase, a_small_buffer_is_refused);
	tcase_add_test(tcase, keys_have_bounds);
	tcase_add_test(tcase, a_value_is_used_in_place);
	tcase_add_test(tcase, what_changes_meanwhile_is_used_again);
	tcase_add_test(tcase, each_size_is_had_each_way);
	tcase_add_test(tcase, many_are_had_at_once);
	tcase_add_test(tcase, many_may_be_the_same);
	tcase_add_test(tcase, all_keys_come_once);
	tcase_add_test(tcase, hits_and_misses_are_counted);
	tcase_add_test(tcase, what_is_being_changed_is_missed_after_a_while);
	tcase_add_test(tcase, what_a_death_has_left_is_forgotten);
	tcase_add_test(tcase, of_many_each_is_repaired);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
