/*
 * What shmctl says of a cache that others use: while somebody has the lock of its only shard, which
 * a shell cannot hold, and after a program has looked for keys, which shmctl itself does not count.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "layout/cache_layout.h"
#include "layout/lock_layout.h"
#include "library.h"
#include "support/child.h"
#include "support/suite.h"

#define ARGUMENTS_MAX 8
#define SOON_NS       UINT64_C(5000000000) /* before shmctl gives up by itself */

static struct broker broker;
static struct shmb_connection *connection;
static struct shmb_cache *cache;
static char said[1 << 14];

static void start(void)
{
	const struct shmb_cache_options options = {
		.segment.flags = SHMB_CREATE,
		.size = 1 << 20,
		.shards = 1,
	};

	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	expect_ok(shmb_cache_open(connection, "cache", &options, &cache));
	expect_ok(shmb_cache_set(cache, "k", 1, "value", 5, NULL, SHMB_NO_DEADLINE, NULL));
}

static void stop(void)
{
	shmb_cache_close(cache);
	shmb_disconnect(connection);
	broker_stop(&broker);
}

/* Run "shmctl cache ARGUMENT...", up to NULL. Returns its exit status. */
static int run(const char *const *arguments)
{
	const char *argv[ARGUMENTS_MAX + 4] = {SHMB_TEST_SHMCTL, "--socket", broker.socket,
					       "cache"};

	for (size_t i = 0; arguments[i]; i++) {
		ck_assert_uint_lt(i, ARGUMENTS_MAX - 1);
		argv[4 + i] = arguments[i];
	}
	return child_command(argv, said, sizeof(said));
}

#define shmctl(...) run((const char *const[]){__VA_ARGS__, NULL})

#define expect_said(text)                                                                          \
	ck_assert_msg(strstr(said, text) != NULL, "does not say \"%s\": %s", text, said)

/* The lock of the only shard, and who could have it here. */
struct holder {
	struct shmb_segment *segment;
	struct shmb_member *member;
	struct cache_shard *shard;
};

static void holder_init(struct holder *holder)
{
	const struct shmb_segment_options options = {.layout = SHMB_CACHE_LAYOUT};
	char *memory;

	holder->segment = library_open(connection, "cache", &options);
	expect_ok(shmb_member_get(connection, &holder->member));
	memory = shmb_segment_data(holder->segment);
	ck_assert_uint_eq(((struct cache_header *)memory)->n_shards, 1);
	holder->shard = (struct cache_shard *)(memory + sizeof(struct cache_header));
}

static void hold(struct holder *holder)
{
	expect_ok(shmb_lock_acquire((struct shmb_lock *)holder->shard->lock, holder->member,
				    SHMB_AT_ONCE));
}

static void let_go(struct holder *holder)
{
	expect_ok(shmb_lock_release((struct shmb_lock *)holder->shard->lock, holder->member));
}

START_TEST(a_turn_is_waited_for_as_long_as_is_said)
{
	uint64_t before = clock_now_ns();
	struct holder holder;

	holder_init(&holder);
	hold(&holder);
	ck_assert_int_eq(shmctl("set", "cache", "k", "/dev/null", "--timeout", "50ms"), 1);
	expect_said("the lock is held by member");
	ck_assert_int_eq(shmctl("set", "cache", "k", "/dev/null", "--add", "--timeout", "0"), 1);
	expect_said("the lock is held by member");
	ck_assert_int_eq(shmctl("delete", "cache", "k", "--timeout", "50ms"), 1);
	expect_said("the lock is held by member");
	ck_assert_int_eq(shmctl("delete", "cache", "k", "--timeout", "50ms", "--json"), 1);
	expect_said("\"deleted\": false");
	expect_said("\"error\": \"");
	ck_assert_int_eq(shmctl("flush", "cache", "--timeout", "50ms"), 1);
	expect_said("the lock is held by member");
	ck_assert_uint_lt(clock_now_ns() - before, SOON_NS);
	/* Who only looks waits for nobody. */
	ck_assert_int_eq(shmctl("get", "cache", "k"), 0);
	ck_assert_str_eq(said, "value");
	ck_assert_int_eq(shmctl("keys", "cache"), 0);
	ck_assert_str_eq(said, "k\n");
	ck_assert_int_eq(shmctl("stats", "cache"), 0);
	let_go(&holder);
	ck_assert_int_eq(shmctl("delete", "cache", "k", "--timeout", "0"), 0);
	ck_assert_str_eq(said, "");
	shmb_segment_detach(holder.segment);
}
END_TEST

static int change(struct child *self attr_unused, void *data attr_unused)
{
	ck_assert_int_eq(shmctl("set", "cache", "k", "/dev/null", "--replace"), 0);
	expect_said("cache: version ");
	return 0;
}

START_TEST(a_turn_that_comes_is_taken)
{
	struct holder holder;
	struct lock_layout *lock;
	struct child child;

	holder_init(&holder);
	lock = (struct lock_layout *)holder.shard->lock;
	hold(&holder);
	child_start(&child, change, NULL);
	eventually(atomic_load(&lock->owner) & LOCK_WAITERS);
	let_go(&holder);
	ck_assert_int_eq(child_wait(&child), 0);
	ck_assert_int_eq(shmctl("get", "cache", "k"), 0);
	ck_assert_str_eq(said, "");
	shmb_segment_detach(holder.segment);
}
END_TEST

static void look(const char *key, int n)
{
	char value[8];

	for (int i = 0; i < n; i++)
		(void)shmb_cache_get(cache, key, strlen(key), value, sizeof(value), NULL);
}

START_TEST(hits_are_shown_in_percent)
{
	const char *const show[] = {SHMB_TEST_SHMCTL, "--socket", broker.socket,
				    "show",           "cache",    NULL};
	struct shmb_cache_stats stats;

	look("k", 7);
	look("none", 1);
	/* This adds up what the handle has seen. */
	expect_ok(shmb_cache_stats(cache, false, &stats));
	ck_assert_int_eq(shmctl("stats", "cache"), 0);
	expect_said("\nhit ratio              87.5 % of 8 lookups\n");
	expect_said("\nhits                   7\n");
	expect_said("\nmisses                 1\n");
	ck_assert_int_eq(shmctl("stats", "cache", "--json"), 0);
	expect_said("\"hits\": 7,\n  \"misses\": 1,\n");
	ck_assert_int_eq(child_command(show, said, sizeof(said)), 0);
	expect_said("; hit ratio: 87.5 % of 8 lookups\n");
	/* What shmctl gets counts nowhere. */
	ck_assert_int_eq(shmctl("get", "cache", "k"), 0);
	ck_assert_int_eq(shmctl("get", "cache", "none"), 1);
	ck_assert_int_eq(shmctl("stats", "cache", "--json"), 0);
	expect_said("\"hits\": 7,\n  \"misses\": 1,\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cache turns");
	TCase *tcase = tcase_create("cache turns");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_turn_is_waited_for_as_long_as_is_said);
	tcase_add_test(tcase, a_turn_that_comes_is_taken);
	tcase_add_test(tcase, hits_are_shown_in_percent);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
