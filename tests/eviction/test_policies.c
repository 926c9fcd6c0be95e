/*
 * Policies of eviction, on sequences short enough to be followed by hand: a key is a letter of one
 * byte, and a policy is asked for one after the other. And what has to hold of all of them.
 */
#include <check.h>
#include <string.h>

#include "base/attr.h"
#include "policy.h"
#include "replay.h"
#include "support/chance.h"
#include "support/suite.h"

static const struct policy *const policies[] = {
	&policy_lru,    &policy_fifo,  &policy_clock,   &policy_clock3,
	&policy_s3fifo, &policy_sieve, &policy_s3fifo1,
};

static bool ask(struct cache *cache, uint32_t key, uint32_t size)
{
	return cache_access(cache, &(struct request){.key = key, .size = size, .marks = true});
}

/* Ask for the letters of KEYS, and hold that those are hits that are marked by '+' in HITS. */
static void check_hits(struct cache *cache, const char *keys, const char *hits)
{
	ck_assert_uint_eq(strlen(keys), strlen(hits));
	for (size_t i = 0; keys[i]; i++) {
		bool hit = ask(cache, (uint32_t)keys[i], 1);

		ck_assert_msg(hit == (hits[i] == '+'), "%s: %c, which is %zu of \"%s\", is a %s",
			      cache->policy->name, keys[i], i, keys, hit ? "hit" : "miss");
	}
}

/* That just the letters of KEYS are there. */
static void check_held(const struct cache *cache, const char *keys)
{
	for (char key = 'a'; key <= 'z'; key++) {
		bool wanted = strchr(keys, key) != NULL;

		ck_assert_msg(cache_holds(cache, (uint32_t)key) == wanted, "%s: %c is %sthere",
			      cache->policy->name, key, wanted ? "not " : "");
	}
}

static void check_sequence(const struct policy *policy, uint64_t capacity, const char *keys,
			   const char *hits, const char *held)
{
	struct cache *cache = cache_new(policy, capacity);

	check_hits(cache, keys, hits);
	check_held(cache, held);
	cache_free(cache);
}

START_TEST(lru_evicts_what_was_not_asked_for_longest)
{
	check_sequence(&policy_lru, 3, "abcad", "---+-", "acd");
	check_sequence(&policy_lru, 3, "abcadbc", "---+---", "bcd");
}
END_TEST

START_TEST(fifo_evicts_what_came_first)
{
	check_sequence(&policy_fifo, 3, "abcaad", "---++-", "bcd");
	check_sequence(&policy_fifo, 3, "abcaadab", "---++---", "abd");
}
END_TEST

/* A hit is good for one round, and two of them are, too. */
START_TEST(clock_keeps_for_a_round_what_was_asked_for)
{
	check_sequence(&policy_clock, 3, "abcad", "---+-", "acd");
	check_sequence(&policy_clock, 3, "abcaaade", "---+++--", "ade");
	check_sequence(&policy_clock, 3, "abcaaadef", "---+++---", "def");
	/* When all were, it is as if none was. */
	check_sequence(&policy_clock, 3, "abcabcd", "---+++-", "bcd");
}
END_TEST

/* Each hit is good for a round, as far as three. */
START_TEST(clock_with_a_counter_keeps_for_as_many_rounds)
{
	check_sequence(&policy_clock3, 3, "abcaaade", "---+++--", "ade");
	check_sequence(&policy_clock3, 3, "abcaaadef", "---+++---", "aef");
	check_sequence(&policy_clock3, 2, "abaaaaacdef", "--+++++----", "ef");
	check_sequence(&policy_clock3, 2, "abaaaaacde", "--+++++---", "ae");
}
END_TEST

/* The hand passes what was asked for and leaves it in its place, and what is new comes behind. */
START_TEST(sieve_keeps_its_hand_where_it_was)
{
	check_sequence(&policy_sieve, 3, "abcad", "---+-", "acd");
	/* The hand has passed a, and stands at c. */
	check_sequence(&policy_sieve, 3, "abcade", "---+--", "ade");
	check_sequence(&policy_sieve, 3, "abcadef", "---+---", "aef");
	/* From the newest it goes on to the oldest. */
	check_sequence(&policy_sieve, 3, "abcabcd", "---+++-", "bcd");
	check_sequence(&policy_sieve, 3, "abcadee", "---+--+", "ade");
	check_sequence(&policy_sieve, 3, "abcadeedf", "---+--++-", "def");
}
END_TEST

/* Small and main have two places each. */
static struct policy halves(unsigned threshold, unsigned ghost_percent)
{
	struct policy policy = policy_s3fifo;

	policy.s3fifo.small_percent = 50;
	policy.s3fifo.threshold = threshold;
	policy.s3fifo.ghost_percent = ghost_percent;
	return policy;
}

START_TEST(s3fifo_has_new_ones_prove_themselves)
{
	check_sequence(&policy_s3fifo, 10, "abcdefghijaabk", "----------+++-", "acdefghijk");
	check_sequence(&policy_s3fifo1, 10, "abcdefghijaabk", "----------+++-", "abdefghijk");
	/* What was evicted and is asked for again is in main: others go before it. */
	check_sequence(&policy_s3fifo, 10, "abcdefghijaabkbl", "----------+++---", "abefghijkl");
}
END_TEST

START_TEST(s3fifo_goes_by_its_three_queues)
{
	struct policy policy = halves(2, 100);
	struct cache *cache = cache_new(&policy, 4);

	check_hits(cache, "abcdaabbe", "----++++-");
	check_held(cache, "abde"); /* main: a b, small: d e, ghost: c */
	check_hits(cache, "fg", "--");
	check_held(cache, "abfg"); /* ghost: d e */
	check_hits(cache, "c", "-");
	check_held(cache, "abgc"); /* small, since the ghost had no room for it: e f */
	check_hits(cache, "f", "-");
	check_held(cache, "abcf"); /* main: a b f, small: c, ghost: g */
	check_hits(cache, "h", "-");
	check_held(cache, "bcfh"); /* a had no hit since it came into main */
	check_hits(cache, "bg", "+-");
	check_held(cache, "bfgh"); /* main: b f g, small: h, ghost: c */
	check_hits(cache, "i", "-");
	check_held(cache, "bghi"); /* b has had one */
	cache_free(cache);
}
END_TEST

/* As often as it was asked for there, as far as three. */
START_TEST(s3fifo_keeps_what_is_in_main_for_some_rounds)
{
	struct policy policy = halves(2, 100);
	struct cache *cache = cache_new(&policy, 4);

	check_hits(cache, "abcdaabbefgcfhbgi", "----++++------+--");
	check_held(cache, "bghi"); /* main: g b, small: h i */
	check_hits(cache, "gggggj", "+++++-");
	check_hits(cache, "hkljmnlo", "--------");
	check_held(cache, "glno"); /* main: l g, small: n o */
	check_hits(cache, "pnqrps", "------");
	check_held(cache, "gprs"); /* main: p g, small: r s */
	check_hits(cache, "truvtw", "------");
	check_held(cache, "rtvw");
	cache_free(cache);
}
END_TEST

/* A hit that was not enough in small is none in main. */
START_TEST(s3fifo_begins_anew_with_what_comes_again)
{
	struct policy policy = halves(2, 100);

	check_sequence(&policy, 4, "abcdaabbcecfgehigj", "----+++++---------", "egij");
}
END_TEST

/* With one place for small and nine in main. */
START_TEST(s3fifo_remembers_as_many_as_main_holds)
{
	for (uint32_t back = 1; back <= 2; back++) {
		struct cache *cache = cache_new(&policy_s3fifo, 10);

		for (uint32_t key = 0; key < 20; key++)
			ck_assert(!ask(cache, key, 1));
		/* The ghost has 1 to 9, and when there is room for this one, 2 to 10. */
		ck_assert(!ask(cache, back, 1));
		for (uint32_t key = 20; key < 40; key++)
			ck_assert(!ask(cache, key, 1));
		ck_assert_int_eq(cache_holds(cache, back), back == 2);
		cache_free(cache);
	}
}
END_TEST

START_TEST(s3fifo_without_a_ghost_forgets)
{
	struct policy with = halves(2, 100), without = halves(2, 0);

	check_sequence(&with, 4, "abcdaabbefdg", "----++++----", "bdfg");
	check_sequence(&without, 4, "abcdaabbefdg", "----++++----", "abdg");
}
END_TEST

/* What comes into main from small makes that evict one of its own. */
START_TEST(s3fifo_keeps_main_to_its_share)
{
	struct policy policy = halves(2, 100);

	check_sequence(&policy, 4, "abcdaabbefeeg", "----++++--++-", "beg");
}
END_TEST

START_TEST(what_does_not_mark_is_not_noted)
{
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct cache *cache = cache_new(policies[i], 3);

		check_hits(cache, "abc", "---");
		ck_assert(cache_access(cache, &(struct request){.key = 'a', .size = 1}));
		ck_assert(cache_access(cache, &(struct request){.key = 'a', .size = 1}));
		check_hits(cache, "d", "-");
		check_held(cache, "bcd");
		cache_free(cache);
	}
}
END_TEST

START_TEST(what_is_kept_was_moved)
{
	static const struct {
		const struct policy *policy;
		const char *keys;
		uint64_t inserted, moved;
	} rows[] = {
		{&policy_fifo, "abcaad", 4, 0},     {&policy_clock, "abcaad", 4, 1},
		{&policy_clock3, "abcaadef", 6, 2}, {&policy_sieve, "abcaad", 4, 0},
		{&policy_s3fifo, "abcaad", 4, 1},   {&policy_s3fifo, "abcad", 4, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cache *cache = cache_new(rows[i].policy, 3);

		for (const char *key = rows[i].keys; *key; key++)
			(void)ask(cache, (uint32_t)*key, 1);
		ck_assert_uint_eq(cache->moved, rows[i].moved);
		ck_assert_uint_eq(cache->inserted, rows[i].inserted);
		cache_free(cache);
	}
}
END_TEST

static uint64_t bytes_held(const struct cache *cache)
{
	uint64_t bytes = 0;

	for (size_t key = 0; key < cache->entries.n; key++)
		if (cache_holds(cache, (uint32_t)key))
			bytes += cache->entries.all[key].size;
	return bytes;
}

#define CAPACITY 1000u

/* Of each policy, with any sequence, and sizes up to more than there is room. */
START_TEST(no_byte_is_lost_and_none_is_won)
{
	struct cache *cache = cache_new(policies[_i], CAPACITY);
	struct chance chance;

	chance_init(&chance);
	for (unsigned i = 0; i < 20000; i++) {
		/* Low ones are asked for more often. */
		uint32_t key = (uint32_t)chance_below(&chance, 1 + chance_below(&chance, 200));
		struct request request = {.key = key,
					  .size = key % 50 == 49 ? CAPACITY + 1 : 1 + key * 7 % 300,
					  .marks = chance_below(&chance, 4) > 0};
		bool was_there = cache_holds(cache, key);
		uint64_t before = cache->entries.held;

		ck_assert_int_eq(cache_access(cache, &request), was_there);
		ck_assert_int_eq(cache_holds(cache, key), request.size <= CAPACITY);
		if (was_there || request.size > CAPACITY)
			ck_assert_uint_eq(cache->entries.held, before);
		ck_assert_uint_le(cache->entries.held, CAPACITY);
		ck_assert_uint_eq(cache->entries.held, bytes_held(cache));
	}
	cache_free(cache);
}
END_TEST

#define HOT 50u

/* How many of the keys that were asked for again and again are there after so many that came once.
 */
static unsigned count_after_scan(const struct policy *policy)
{
	struct cache *cache = cache_new(policy, 100);
	uint32_t once = HOT;
	unsigned n = 0;

	for (unsigned round = 0; round < 20; round++) {
		for (uint32_t key = 0; key < HOT; key++)
			(void)ask(cache, key, 1);
		for (unsigned i = 0; i < 10; i++)
			(void)ask(cache, once++, 1);
	}
	for (unsigned i = 0; i < 1000; i++)
		(void)ask(cache, once++, 1);
	for (uint32_t key = 0; key < HOT; key++)
		n += cache_holds(cache, key);
	cache_free(cache);
	return n;
}

START_TEST(a_scan_drives_out_what_lru_has_and_not_what_others_have)
{
	ck_assert_uint_eq(count_after_scan(&policy_lru), 0);
	ck_assert_uint_eq(count_after_scan(&policy_fifo), 0);
	ck_assert_uint_eq(count_after_scan(&policy_clock), 0);
	ck_assert_uint_eq(count_after_scan(&policy_sieve), HOT);
	ck_assert_uint_eq(count_after_scan(&policy_s3fifo), HOT);
	ck_assert_uint_eq(count_after_scan(&policy_s3fifo1), HOT);
}
END_TEST

/* Hits of a hundred with Zipf 0.99, in a cache of 1 % of the bytes. */
static double zipf_hits(const struct policy *policy, unsigned unmarked_percent, uint64_t seed)
{
	const struct trace_shape shape = {.alpha = 0.99, .unmarked_percent = unmarked_percent};
	const struct trace_plan plan = {.n_keys = 50000, .n_requests = 300000, .seed = seed};
	uint64_t capacity = trace_footprint(&shape, plan.n_keys) / 100;
	struct outcome outcome;
	struct trace trace;

	trace_init(&trace, &shape, &plan, capacity);
	outcome = replay(policy, &trace, capacity);
	trace_fini(&trace);
	ck_assert_uint_eq(outcome.asked, plan.n_requests / 2);
	return outcome_hits_percent(&outcome);
}

START_TEST(with_zipf_each_is_where_it_belongs)
{
	double fifo = zipf_hits(&policy_fifo, 0, 1), lru = zipf_hits(&policy_lru, 0, 1),
	       clock = zipf_hits(&policy_clock, 0, 1), clock3 = zipf_hits(&policy_clock3, 0, 1);

	ck_assert_double_gt(lru, fifo + 2);
	ck_assert_double_gt(clock, lru);
	ck_assert_double_gt(clock3, clock);
	ck_assert_double_gt(zipf_hits(&policy_sieve, 0, 1), lru + 5);
	ck_assert_double_gt(zipf_hits(&policy_s3fifo, 0, 1), lru + 5);
	ck_assert_double_gt(zipf_hits(&policy_s3fifo1, 0, 1), lru + 5);
}
END_TEST

START_TEST(when_nobody_marks_all_are_fifo_but_for_the_ghost)
{
	double fifo = zipf_hits(&policy_fifo, 0, 1);

	ck_assert_double_eq(zipf_hits(&policy_lru, 100, 1), fifo);
	ck_assert_double_eq(zipf_hits(&policy_clock, 100, 1), fifo);
	ck_assert_double_eq(zipf_hits(&policy_clock3, 100, 1), fifo);
	ck_assert_double_eq(zipf_hits(&policy_sieve, 100, 1), fifo);
	ck_assert_double_gt(zipf_hits(&policy_s3fifo, 100, 1), fifo + 5);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_hits)
{
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		double hits = zipf_hits(policies[i], 50, 1);

		ck_assert_double_eq(zipf_hits(policies[i], 50, 1), hits);
		ck_assert_double_ne(zipf_hits(policies[i], 50, 2), hits);
	}
}
END_TEST

static TCase *case_by_hand(void)
{
	TCase *tests = tcase_create("by hand");

	tcase_add_test(tests, lru_evicts_what_was_not_asked_for_longest);
	tcase_add_test(tests, fifo_evicts_what_came_first);
	tcase_add_test(tests, clock_keeps_for_a_round_what_was_asked_for);
	tcase_add_test(tests, clock_with_a_counter_keeps_for_as_many_rounds);
	tcase_add_test(tests, sieve_keeps_its_hand_where_it_was);
	tcase_add_test(tests, s3fifo_has_new_ones_prove_themselves);
	tcase_add_test(tests, s3fifo_goes_by_its_three_queues);
	tcase_add_test(tests, s3fifo_keeps_what_is_in_main_for_some_rounds);
	tcase_add_test(tests, s3fifo_begins_anew_with_what_comes_again);
	tcase_add_test(tests, s3fifo_remembers_as_many_as_main_holds);
	tcase_add_test(tests, s3fifo_without_a_ghost_forgets);
	tcase_add_test(tests, s3fifo_keeps_main_to_its_share);
	tcase_add_test(tests, what_does_not_mark_is_not_noted);
	tcase_add_test(tests, what_is_kept_was_moved);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("policies");
	TCase *laws = tcase_create("laws"), *counts = tcase_create("counts");

	suite_add_tcase(suite, case_by_hand());
	tcase_add_loop_test(laws, no_byte_is_lost_and_none_is_won, 0, ARRAY_SIZE(policies));
	tcase_add_test(laws, a_scan_drives_out_what_lru_has_and_not_what_others_have);
	suite_add_tcase(suite, laws);
	tcase_add_test(counts, with_zipf_each_is_where_it_belongs);
	tcase_add_test(counts, when_nobody_marks_all_are_fifo_but_for_the_ghost);
	tcase_add_test(counts, the_same_seed_gives_the_same_hits);
	suite_add_tcase(suite, counts);
	return suite_run(suite);
}
