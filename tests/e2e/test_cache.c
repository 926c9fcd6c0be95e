/*
 * Caches of a real broker: made by one process and used by others, of other users too; refused
 * where they are not what was asked for; the same after the broker was restarted; and of use when
 * who changed them has died.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "library.h"
#include "support/child.h"
#include "support/proc.h"
#include "support/says.h"
#include "support/suite.h"

#define FAR_MS 60000
#define FAR    shmb_deadline_in_ms(FAR_MS)

static struct broker broker;
static struct shmb_connection *connection;
static struct shmb_cache_options options;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	options = (struct shmb_cache_options){.segment.flags = SHMB_CREATE, .size = 1 << 20};
}

static void stop(void)
{
	shmb_disconnect(connection);
	broker_stop(&broker);
}

static struct shmb_cache *open_cache(struct shmb_connection *own, const char *name,
				     const struct shmb_cache_options *asked)
{
	struct shmb_cache *cache = NULL;

	expect_ok(shmb_cache_open(own, name, asked, &cache));
	return cache;
}

static int try_open(const char *name, const struct shmb_cache_options *asked)
{
	struct shmb_cache *cache = NULL;
	int r = shmb_cache_open(connection, name, asked, &cache);

	if (r == 0)
		shmb_cache_close(cache);
	else
		ck_assert_ptr_null(cache);
	return r;
}

static void set(struct shmb_cache *cache, const char *key, const char *value)
{
	expect_ok(shmb_cache_set(cache, key, strlen(key), value, strlen(value), NULL, FAR, NULL));
}

static void expect(const struct shmb_cache *cache, const char *key, const char *value)
{
	struct shmb_cache_entry entry;
	char text[100];

	expect_result(shmb_cache_get(cache, key, strlen(key), text, sizeof(text), &entry),
		      value ? 0 : SHMB_MISS);
	if (value) {
		ck_assert_uint_eq(entry.size, strlen(value));
		ck_assert_mem_eq(text, value, entry.size);
	}
}

/* In another process: what the first one has set, and something for it. */
static int answer(struct child *self attr_unused, void *data)
{
	struct shmb_connection *own = library_connect(&broker);
	const struct shmb_cache_options writing = {.size = 0};
	struct shmb_cache *cache = open_cache(own, data, &writing);

	expect(cache, "from the first", "1");
	set(cache, "from the second", "2");
	shmb_cache_close(cache);
	shmb_disconnect(own);
	return 0;
}

START_TEST(processes_share_it)
{
	static const enum shmb_backing backings[] = {SHMB_BACKING_SYSV, SHMB_BACKING_MEMFD};

	for (size_t i = 0; i < ARRAY_SIZE(backings); i++) {
		char name[] = "cache/0";
		struct shmb_cache_facts facts;
		struct shmb_cache *cache;

		name[6] += (char)i;
		options.segment.backing = backings[i];
		cache = open_cache(connection, name, &options);
		set(cache, "from the first", "1");
		child_run(answer, name);
		expect(cache, "from the second", "2");
		shmb_cache_info(cache, &facts);
		ck_assert_uint_eq(facts.size, 1 << 20);
		ck_assert_uint_eq(facts.value_size, 1 << 16);
		ck_assert_uint_eq(facts.shards, 4);
		ck_assert(facts.writes);
		ck_assert_uint_eq(facts.segment.backing, backings[i]);
		shmb_cache_close(cache);
	}
}
END_TEST

/* Another user, who may read: gets, and cannot change it, neither by call nor by hand. */
static int write_by_hand(const void *value, const struct shmb_cache_entry *entry, void *data)
{
	(void)entry;
	(void)data;
	(void)signal(SIGSEGV, SIG_DFL); /* also where a sanitizer has taken it */
	*(volatile char *)(uintptr_t)value = 'x';
	return 0;
}

static int get_as_alice(struct child *self, void *data attr_unused)
{
	struct shmb_connection *own;
	struct shmb_cache *cache;

	become(UID_ALICE);
	own = library_connect(&broker);
	expect_refused(shmb_cache_open(own, "cache", &(struct shmb_cache_options){0}, &cache),
		       -EACCES);
	cache = open_cache(own, "cache", NULL);
	expect(cache, "k", "v");
	expect_refused(shmb_cache_set(cache, "k", 1, "x", 1, NULL, SHMB_AT_ONCE, NULL), -EPERM);
	says("\" without SHMB_READ to change it");
	child_say(self, 0);
	(void)shmb_cache_use(cache, "k", 1, write_by_hand, NULL);
	return 0;
}

START_TEST(who_may_read_cannot_write)
{
	struct shmb_cache *cache;
	struct child child;

	if (!is_root_or_says_skipped())
		return;
	options.segment.mode = 0644;
	cache = open_cache(connection, "cache", &options);
	set(cache, "k", "v");
	child_start(&child, get_as_alice, NULL);
	child_hear(&child);
	ck_assert_int_eq(child_wait(&child), -SIGSEGV);
	expect(cache, "k", "v");
	shmb_cache_close(cache);
}
END_TEST

START_TEST(options_that_mean_nothing_are_refused)
{
	struct shmb_cache_options bad[7];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = options;
	bad[0].segment.size = 4096;
	bad[1].segment.layout = "mine";
	bad[2].size = SHMB_CACHE_SIZE_MIN - 1;
	bad[3].size = (UINT64_C(1) << 40) + 1;
	bad[4].shards = SHMB_CACHE_SHARDS_MAX + 1;
	bad[5].shards = 64; /* of 16 KiB, for values of 64 */
	bad[6].entry_size = UINT32_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(try_open("cache", &bad[i]), -EINVAL);
	ck_assert(!library_exists(connection, "cache"));
	options.shards = 64;
	ck_assert_int_eq(try_open("cache", &options), -EINVAL);
	says("\" with these options ");
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "too small for its largest values"));
}
END_TEST

START_TEST(what_is_no_cache_is_refused)
{
	struct shmb_segment_options plain = {.size = 1 << 20, .flags = SHMB_CREATE};
	struct shmb_segment *segment;
	const struct shmb_cache_options existing = {.size = 0};
	int r;

	ck_assert_int_eq(try_open("cache", &existing), -ENOENT);
	expect_result(shmb_segment_open(connection, "plain", &plain, &segment), SHMB_INITIALISE);
	expect_ok(shmb_segment_ready(segment));
	ck_assert_int_eq(try_open("plain", &existing), -ESTALE);
	shmb_segment_detach(segment);
	/* The tag, and nothing behind it. */
	plain.layout = SHMB_CACHE_LAYOUT;
	r = shmb_segment_open(connection, "garbage", &plain, &segment);
	ck_assert_int_eq(r, SHMB_INITIALISE);
	expect_ok(shmb_segment_ready(segment));
	ck_assert_int_eq(try_open("garbage", &existing), -ESTALE);
	says("; choose another name or remove it");
	shmb_segment_detach(segment);
}
END_TEST

/* Who finds a cache gets it as it is. */
START_TEST(one_that_is_there_stays_as_it_is)
{
	struct shmb_cache *first = open_cache(connection, "cache", &options), *second;
	struct shmb_cache_facts facts;

	set(first, "k", "v");
	options.size = 1 << 22;
	second = open_cache(connection, "cache", &options);
	shmb_cache_info(second, &facts);
	ck_assert_uint_eq(facts.size, 1 << 20);
	expect(second, "k", "v");
	shmb_cache_close(second);
	shmb_cache_close(first);
}
END_TEST

START_TEST(a_restart_is_not_noticed)
{
	struct shmb_cache *cache, *again;

	options.segment.backing = SHMB_BACKING_SYSV;
	options.segment.lifetime = SHMB_LIFETIME_KEEP;
	cache = open_cache(connection, "cache", &options);
	set(cache, "k", "before");
	ck_assert_int_eq(broker_end(&broker, SIGKILL), -SIGKILL);
	expect(cache, "k", "before");
	set(cache, "k", "without");
	broker_start_again(&broker, NULL);
	again = open_cache(connection, "cache", &(struct shmb_cache_options){0});
	expect(again, "k", "without");
	set(again, "k", "after");
	expect(cache, "k", "after");
	shmb_cache_close(again);
	shmb_cache_close(cache);
}
END_TEST

/* Set values without end; each has all its bytes the same. */
static int set_for_ever(struct child *self, void *data attr_unused)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_cache *cache = open_cache(own, "cache", &(struct shmb_cache_options){0});
	char value[3000];

	child_say(self, 0);
	for (unsigned i = 0;; i++) {
		unsigned key = i % 7;

		memset(value, 'a' + (int)(i % 26), sizeof(value));
		must(shmb_cache_set(cache, &key, sizeof(key), value, 1 + i * 37 % sizeof(value),
				    NULL, FAR, NULL) == 0);
	}
	return 0;
}

/* Case 12: a writer that is killed leaves the old value, the new one, or none. */
START_TEST(a_writer_that_is_killed_leaves_whole_values)
{
	struct shmb_cache *cache = open_cache(connection, "cache", &options);
	struct shmb_cache_stats stats;

	for (unsigned i = 0; i < 60; i++) {
		char value[3000];
		struct child child;

		child_start(&child, set_for_ever, NULL);
		child_hear(&child);
		usleep(500 + i * 97 % 1500);
		child_kill(&child);
		for (unsigned key = 0; key < 7; key++) {
			struct shmb_cache_entry entry;
			int r = shmb_cache_get(cache, &key, sizeof(key), value, sizeof(value),
					       &entry);

			ck_assert(r == 0 || r == SHMB_MISS);
			for (size_t at = 1; r == 0 && at < entry.size; at++)
				must(value[at] == value[0]);
			expect_ok(shmb_cache_set(cache, &key, sizeof(key), "aaa", 3, NULL, FAR,
						 NULL));
		}
	}
	expect_ok(shmb_cache_stats(cache, false, &stats));
	ck_assert_uint_eq(stats.emptied, 0);
	shmb_cache_close(cache);
}
END_TEST

/* A process whose uptime is a day ahead, since it is in a time namespace of its own: it finds what
 * was set for a minute, and sets something for a minute. */
static int live_tomorrow(struct child *self attr_unused, void *data attr_unused)
{
	const struct shmb_cache_terms terms = {.ttl_ms = 60000};
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_cache *cache = open_cache(own, "cache", &(struct shmb_cache_options){0});

	expect(cache, "set today", "v");
	expect_ok(shmb_cache_set(cache, "set tomorrow", 12, "v", 1, &terms, FAR, NULL));
	shmb_cache_close(cache);
	shmb_disconnect(own);
	return 0;
}

/* Let the children of this process be a day ahead. False, with errno, where that cannot be had. */
static bool children_are_ahead(void)
{
	int file, r;

	if (unshare(CLONE_NEWTIME) < 0)
		return false;
	file = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(file, 0);
	/* Root of a container may make the namespace and not set its clocks. */
	r = dprintf(file, "monotonic 86400 0\nboottime 86400 0\n");
	close(file);
	return r > 0;
}

static int make_tomorrow(struct child *self attr_unused, void *data attr_unused)
{
	if (!children_are_ahead())
		return errno == EPERM || errno == EINVAL ? 77 : 1;
	child_run(live_tomorrow, NULL);
	return 0;
}

START_TEST(a_time_namespace_changes_no_time_to_live)
{
	const struct shmb_cache_terms terms = {.ttl_ms = 60000};
	struct shmb_cache *cache = open_cache(connection, "cache", &options);
	struct shmb_cache_entry entry;
	struct child child;
	char value[8];
	int status;

	expect_ok(shmb_cache_set(cache, "set today", 9, "v", 1, &terms, FAR, NULL));
	child_start(&child, make_tomorrow, NULL);
	status = child_wait(&child);
	if (status == 77) {
		fprintf(stderr, "skipped: no time namespace can be had\n");
	} else {
		ck_assert_int_eq(status, 0);
		expect_ok(shmb_cache_get(cache, "set tomorrow", 12, value, sizeof(value), &entry));
		ck_assert_uint_gt(entry.ttl_ms, 0);
		ck_assert_uint_le(entry.ttl_ms, 60000);
	}
	shmb_cache_close(cache);
}
END_TEST

static int use_inherited(struct child *self attr_unused, void *data)
{
	struct shmb_cache *cache = data;

	expect_refused(shmb_cache_get(cache, "k", 1, NULL, 0, NULL), -EOWNERDEAD);
	says("this handle belongs to another process, of which this one");
	expect_refused(shmb_cache_set(cache, "k", 1, "x", 1, NULL, SHMB_AT_ONCE, NULL),
		       -EOWNERDEAD);
	expect_refused(shmb_cache_get_many(cache, NULL, 0), -EOWNERDEAD);
	shmb_cache_close(cache);
	return 0;
}

START_TEST(a_forked_child_does_not_have_it)
{
	struct shmb_cache *cache = open_cache(connection, "cache", &options);

	set(cache, "k", "v");
	child_run(use_inherited, cache);
	expect(cache, "k", "v");
	shmb_cache_close(cache);
}
END_TEST

/* In another time namespace too, where that can be had. */
static int go_on_with_it(struct child *self attr_unused, void *data)
{
	struct shmb_cache *cache = data;
	struct shmb_cache_entry entry;
	char value[8];

	expect_refused(shmb_cache_get(cache, "k", 1, value, sizeof(value), &entry), -EOWNERDEAD);
	expect_ok(shmb_rejoin(connection));
	expect_ok(shmb_cache_get(cache, "k", 1, value, sizeof(value), &entry));
	ck_assert_uint_le(entry.ttl_ms, 60000);
	ck_assert_uint_gt(entry.ttl_ms, 0);
	set(cache, "child", "v");
	shmb_cache_close(cache);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(a_forked_child_goes_on_where_that_was_asked_for)
{
	const struct shmb_cache_terms terms = {.ttl_ms = 60000};
	struct shmb_cache_stats stats;
	struct shmb_cache *cache;

	options.segment.flags |= SHMB_INHERIT;
	cache = open_cache(connection, "cache", &options);
	expect_ok(shmb_cache_set(cache, "k", 1, "v", 1, &terms, FAR, NULL));
	for (unsigned i = 0; i < 100; i++)
		expect(cache, "k", "v");
	(void)children_are_ahead();
	for (unsigned i = 0; i < 3; i++)
		child_run(go_on_with_it, cache);
	expect(cache, "child", "v");
	expect_ok(shmb_cache_stats(cache, false, &stats));
	ck_assert_uint_eq(stats.hits, 100 + 3 + 1);
	shmb_cache_close(cache);
}
END_TEST

START_TEST(nothing_works_after_the_connection)
{
	struct shmb_connection *own = library_connect(&broker);
	struct shmb_cache *cache = open_cache(own, "cache", &options);

	shmb_disconnect(own);
	expect_refused(shmb_cache_get(cache, "k", 1, NULL, 0, NULL), -ENOTCONN);
	says("the connection of this segment has been ended; connect and");
	expect_refused(shmb_cache_flush(cache, SHMB_AT_ONCE), -ENOTCONN);
	shmb_cache_close(cache);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("caches of a broker");
	TCase *tcase = tcase_create("cache");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, processes_share_it);
	tcase_add_test(tcase, who_may_read_cannot_write);
	tcase_add_test(tcase, options_that_mean_nothing_are_refused);
	tcase_add_test(tcase, what_is_no_cache_is_refused);
	tcase_add_test(tcase, one_that_is_there_stays_as_it_is);
	tcase_add_test(tcase, a_restart_is_not_noticed);
	tcase_add_test(tcase, a_writer_that_is_killed_leaves_whole_values);
	tcase_add_test(tcase, a_time_namespace_changes_no_time_to_live);
	tcase_add_test(tcase, a_forked_child_does_not_have_it);
	tcase_add_test(tcase, a_forked_child_goes_on_where_that_was_asked_for);
	tcase_add_test(tcase, nothing_works_after_the_connection);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
