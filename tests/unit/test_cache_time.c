/*
 * The time that entries live: by the machine's uptime, its sleep included, whatever becomes of the
 * date. The clocks of this process are the test's own: what they show is the kernel's and a shift.
 */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <shmbroker/cache_fill.h>
#include <shmbroker/error.h>

#include "cache_memory.h"
#include "formats/cache_find.h"
#include "support/eventually.h"
#include "support/suite.h"

#define HOUR INT64_C(3600)
#define DAY  (24 * HOUR)

static struct cache_memory memory;
static struct shmb_cache *cache, *looking;

/* Seconds by which clocks are ahead of the kernel's. */
static int64_t date_ahead, uptime_ahead;

/* In the place of libc's, for all that is linked into this program. */
int clock_gettime(clockid_t id, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, id, ret);

	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ret->tv_sec += date_ahead;
	if (r == 0 && id == CLOCK_BOOTTIME)
		ret->tv_sec += uptime_ahead;
	return r;
}

time_t time(time_t *ret)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

static void start(void)
{
	date_ahead = uptime_ahead = 0;
	cache_memory_start(&memory, 1 << 18, 2, 64);
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

static void set_for(const char *key, uint64_t ttl_ms)
{
	const struct shmb_cache_terms terms = {.ttl_ms = ttl_ms};

	ck_assert_int_eq(shmb_cache_set(cache, key, strlen(key), "v", 1, &terms, SHMB_AT_ONCE,
					NULL),
			 0);
}

static int get(const struct shmb_cache *handle, const char *key, struct shmb_cache_entry *ret_entry)
{
	char value[4];

	return shmb_cache_get(handle, key, strlen(key), value, sizeof(value), ret_entry);
}

static bool is_had(const char *key)
{
	return get(looking, key, NULL) == 0;
}

START_TEST(a_jump_of_the_date_changes_nothing)
{
	const int64_t jumps[] = {DAY, -DAY, 365 * DAY, -365 * DAY};

	set_for("short", 300);
	set_for("long", 60000);
	for (unsigned i = 0; i < 4; i++) {
		struct shmb_cache_entry entry;

		date_ahead = jumps[i];
		ck_assert_int_eq(get(looking, "long", &entry), 0);
		ck_assert_uint_gt(entry.ttl_ms, 30000);
		ck_assert_uint_le(entry.ttl_ms, 60000);
		ck_assert_uint_lt(entry.age_ms, 30000);
	}
	eventually(!is_had("short"));
	ck_assert(is_had("long"));
}
END_TEST

/* A machine that sleeps: the uptime goes on, and CLOCK_MONOTONIC does not. */
START_TEST(an_entry_ends_while_the_machine_sleeps)
{
	set_for("half an hour", HOUR / 2 * 1000);
	set_for("two hours", 2 * HOUR * 1000);
	set_for("for ever", 0);
	uptime_ahead = HOUR;
	eventually(!is_had("half an hour"));
	ck_assert(is_had("two hours"));
	ck_assert(is_had("for ever"));
	ck_assert_int_eq(shmb_cache_touch(cache, "half an hour", 12, 0, SHMB_AT_ONCE), SHMB_MISS);
	uptime_ahead = 3 * HOUR;
	eventually(!is_had("two hours"));
	ck_assert(is_had("for ever"));
}
END_TEST

/* It is a miss, whichever way it is asked for, and nobody thinks the more of it. */
START_TEST(what_is_past_its_time_is_missed)
{
	struct shmb_cache_query query = {.key = "k", .key_size = 1};
	struct shmb_cache_entry entry;
	struct shmb_cache_stats stats;
	struct cache_sight sight;
	struct cache_key key;
	char value[4];

	query.buffer = value;
	query.room = sizeof(value);
	set_for("k", HOUR * 1000);
	cache_locate(&memory.view, "k", 1, &key);
	uptime_ahead = 2 * HOUR;
	eventually(!is_had("k"));
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.misses, 0);
	ck_assert_int_eq(get(cache, "k", NULL), SHMB_MISS);
	ck_assert_int_eq(get(cache, "k", &entry), SHMB_MISS);
	ck_assert_int_eq(shmb_cache_get_many(cache, &query, 1), 0);
	ck_assert_int_eq(query.result, SHMB_MISS);
	ck_assert_int_eq(shmb_cache_stats(cache, false, &stats), 0);
	ck_assert_uint_eq(stats.hits, 0);
	ck_assert_uint_eq(stats.misses, 3);
	ck_assert_int_eq(cache_find(&memory.view, &key, &sight), CACHE_FOUND);
	ck_assert_uint_eq(cache_slot_mark(sight.word), 0);
}
END_TEST

/* Two handles whose clocks are a day apart, as those of two time namespaces, mean the same time. */
START_TEST(a_namespace_changes_nothing)
{
	struct shmb_cache *other;
	struct shmb_cache_entry entry;

	set_for("set here", 60000);
	uptime_ahead = DAY;
	other = cache_memory_join(&memory);
	other->local->clock.namespace_ns = DAY * 1000000000;
	atomic_store(&other->local->clock.checked_ms, 0);
	ck_assert_int_eq(get(other, "set here", &entry), 0);
	ck_assert_uint_gt(entry.ttl_ms, 30000);
	ck_assert_uint_le(entry.ttl_ms, 60000);
	ck_assert_int_eq(shmb_cache_set(other, "set there", 9, "v", 1,
					&(struct shmb_cache_terms){.ttl_ms = 60000}, SHMB_AT_ONCE,
					NULL),
			 0);
	uptime_ahead = 0;
	ck_assert_int_eq(get(looking, "set there", &entry), 0);
	ck_assert_uint_gt(entry.ttl_ms, 30000);
	ck_assert_uint_le(entry.ttl_ms, 60000);
	cache_memory_close(other);
}
END_TEST

/* No earlier than asked for, and not much later. */
START_TEST(an_entry_lives_as_long_as_was_said)
{
	uint64_t set = clock_now_ms(), last_had = set;

	set_for("k", 200);
	while (is_had("k")) {
		last_had = clock_now_ms();
		ck_assert_uint_lt(last_had - set, PATIENCE_MS);
	}
	ck_assert_uint_ge(clock_now_ms() - set, 200 - 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("the time that entries live");
	TCase *tcase = tcase_create("time");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_jump_of_the_date_changes_nothing);
	tcase_add_test(tcase, an_entry_ends_while_the_machine_sleeps);
	tcase_add_test(tcase, what_is_past_its_time_is_missed);
	tcase_add_test(tcase, a_namespace_changes_nothing);
	tcase_add_test(tcase, an_entry_lives_as_long_as_was_said);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
