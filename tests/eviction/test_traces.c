/*
 * Traces: that they are what their names say.
 */
#include <check.h>
#include <math.h>

#include "base/attr.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/suite.h"
#include "trace.h"
#include "zipf.h"

#define N_KEYS     10000u
#define N_REQUESTS 100000u
#define N_FIT      1000u /* of 1 KiB */
#define N_DRAWS    1000000u

static struct trace trace;

static void make(const struct trace_shape *shape)
{
	const struct trace_plan plan = {.n_keys = N_KEYS, .n_requests = N_REQUESTS, .seed = 1};

	trace_init(&trace, shape, &plan, (uint64_t)N_FIT * 1024);
	ck_assert_uint_eq(trace.n, N_REQUESTS);
}

static void unmake(void)
{
	trace_fini(&trace);
	trace = (struct trace){0};
}

/* How often KEY is asked for from request FIRST to before END. */
static unsigned count(uint32_t key, size_t first, size_t end)
{
	unsigned n = 0;

	for (size_t i = first; i < end; i++)
		n += trace.requests[i].key == key;
	return n;
}

static const double alphas[] = {0.8, 0.9, 0.99, 1.1, 1.2};

/* That N of so many are about the PART that is to be expected: within five deviations. */
static void check_part(unsigned n, unsigned of, double part)
{
	ck_assert_double_eq_tol(n, of * part, 5 * sqrt(of * part));
}

START_TEST(ranks_come_as_often_as_zipf_says)
{
	static unsigned seen[N_KEYS], seen_below[N_KEYS + 1];
	static double weights_below[N_KEYS + 1];
	struct chance chance = {.state = 1};
	struct zipf zipf;

	zipf_init(&zipf, N_KEYS, alphas[_i]);
	for (unsigned i = 0; i < N_DRAWS; i++) {
		uint32_t rank = zipf_draw(&zipf, &chance);

		must(rank < N_KEYS);
		seen[rank]++;
	}
	for (uint32_t i = 0; i < N_KEYS; i++) {
		seen_below[i + 1] = seen_below[i] + seen[i];
		weights_below[i + 1] = weights_below[i] + pow(i + 1.0, -alphas[_i]);
	}
	for (uint32_t i = 0; i < 10; i++)
		check_part(seen[i], N_DRAWS, pow(i + 1.0, -alphas[_i]) / weights_below[N_KEYS]);
	for (uint32_t i = 10; i <= N_KEYS; i *= 10)
		check_part(seen_below[i] - seen_below[i / 2], N_DRAWS,
			   (weights_below[i] - weights_below[i / 2]) / weights_below[N_KEYS]);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_requests)
{
	const struct trace_shape shape = {.alpha = 0.99, .scans = true, .drifts = true},
				 partly = {.alpha = 0.99,
					   .scans = true,
					   .drifts = true,
					   .unmarked_percent = 30};
	struct trace before;
	unsigned n_unmarked = 0;

	make(&shape);
	before = trace;
	make(&partly);
	for (size_t i = 0; i < N_REQUESTS; i++) {
		ck_assert_uint_eq(trace.requests[i].key, before.requests[i].key);
		ck_assert_uint_eq(trace.requests[i].size, before.requests[i].size);
		ck_assert(before.requests[i].marks);
		n_unmarked += !trace.requests[i].marks;
	}
	check_part(n_unmarked, N_REQUESTS, 0.3);
	trace_fini(&before);
	unmake();
}
END_TEST

START_TEST(sizes_are_the_keys_own)
{
	const struct trace_shape shape = {.alpha = 0.8, .varies = true};
	static uint32_t sizes[N_KEYS];
	unsigned n = 0, n_below = 0;

	make(&shape);
	for (size_t i = 0; i < N_REQUESTS; i++) {
		const struct request *request = &trace.requests[i];

		ck_assert_uint_ge(request->size, 50);
		ck_assert_uint_le(request->size, 16384);
		ck_assert(sizes[request->key] == 0 || sizes[request->key] == request->size);
		n += sizes[request->key] == 0;
		n_below += sizes[request->key] == 0 && request->size < 905;
		sizes[request->key] = request->size;
	}
	check_part(n_below, n, 0.5);
	ck_assert_double_eq_tol((double)trace_footprint(&shape, N_KEYS) / N_KEYS, 1280, 50);
	unmake();
}
END_TEST

/* 400 requests, then a run of 100. */
START_TEST(scans_come_once)
{
	const struct trace_shape shape = {.alpha = 0.99, .scans = true};
	uint32_t next = N_KEYS;

	make(&shape);
	for (size_t i = 0; i < N_REQUESTS; i++)
		if (i % 500 < 400)
			ck_assert_uint_lt(trace.requests[i].key, N_KEYS);
		else
			ck_assert_uint_eq(trace.requests[i].key, next++);
	unmake();
}
END_TEST

START_TEST(popularity_drifts)
{
	const struct trace_shape steady = {.alpha = 0.99},
				 drifting = {.alpha = 0.99, .drifts = true};
	unsigned first, last;

	make(&steady);
	first = count(0, 0, 1000);
	last = count(0, N_REQUESTS - 1000, N_REQUESTS);
	ck_assert_uint_gt(first, 50);
	ck_assert_uint_gt(last, 50);
	unmake();
	make(&drifting);
	ck_assert_uint_lt(count(0, N_REQUESTS - 1000, N_REQUESTS), 10);
	/* Another one is as popular then. */
	for (uint32_t key = first = 0; key < N_KEYS; key++) {
		last = count(key, N_REQUESTS - 100, N_REQUESTS);
		first = last > first ? last : first;
	}
	ck_assert_uint_ge(first, 5);
	unmake();
}
END_TEST

START_TEST(loops_are_as_long_as_they_say)
{
	const struct trace_shape shape = {.kind = TRACE_LOOP, .times = 1.2};

	make(&shape);
	for (size_t i = 0; i < N_REQUESTS; i++)
		ck_assert_uint_eq(trace.requests[i].key, i % 1200);
	unmake();
}
END_TEST

START_TEST(pairs_come_twice)
{
	const struct trace_shape shape = {.kind = TRACE_PAIRS};

	make(&shape);
	/* After the first, for which there is nothing that could come again. */
	for (size_t i = 500; i < N_REQUESTS; i++)
		ck_assert_uint_eq(trace.requests[i].key, i % 2 ? i / 2 - 250 : i / 2);
	unmake();
}
END_TEST

START_TEST(what_follows_has_other_keys)
{
	const struct trace_shape shapes[] = {{.alpha = 0.99, .follows = true},
					     {.kind = TRACE_LOOP, .times = 2, .follows = true},
					     {.kind = TRACE_PAIRS, .follows = true}};

	for (size_t which = 0; which < ARRAY_SIZE(shapes); which++) {
		make(&shapes[which]);
		for (size_t i = 0; i < N_REQUESTS; i++)
			ck_assert_int_eq(trace.requests[i].key < N_KEYS, i < N_REQUESTS / 2);
		unmake();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("traces");
	TCase *tests = tcase_create("traces");

	tcase_add_loop_test(tests, ranks_come_as_often_as_zipf_says, 0, ARRAY_SIZE(alphas));
	tcase_add_test(tests, the_same_seed_gives_the_same_requests);
	tcase_add_test(tests, sizes_are_the_keys_own);
	tcase_add_test(tests, scans_come_once);
	tcase_add_test(tests, popularity_drifts);
	tcase_add_test(tests, loops_are_as_long_as_they_say);
	tcase_add_test(tests, pairs_come_twice);
	tcase_add_test(tests, what_follows_has_other_keys);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
