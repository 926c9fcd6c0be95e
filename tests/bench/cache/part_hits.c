/*
 * How often what is asked for is not there, in as much memory: keys are got, and set when they were
 * not there, in the same order in all caches. The first third only fills them.
 *
 * Keys come a crowd at a time, so that a server is not waited for after each of them: all that
 * were missed in a crowd are set, and then comes the next one.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cache/scene.h"
#include "cache/store.h"

#define KEYS           1000000u
#define REQUESTS       3000000u
#define QUICK_KEYS     20000u
#define QUICK_REQUESTS 60000u
#define ROUNDS         2u
#define QUICK_MIB      2u

#define LITTLE 100u
#define LEAST  50u /* of sizes that differ, */
#define MOST   4096u
#define MEAN   918u /* and their mean */

#define LOOP_SHARE 3u /* a loop is through 1 / 3 of the keys */
#define SCAN_EACH  100000u
#define SCAN       50000u

#define TARGET 1.0 /* of memcached's misses */

enum order { BY_RANK, IN_A_LOOP, WITH_SCANS };

static const struct trace {
	const char *name;
	enum order order;
	double exponent;
	bool differs; /* sizes do */
	unsigned mib;
} traces[] = {
	{"Zipf 0.8, 100 B", BY_RANK, 0.8, false, 32},
	{"Zipf 0.9, 100 B", BY_RANK, 0.9, false, 32},
	{"Zipf 0.99, 100 B", BY_RANK, 0.99, false, 32},
	{"Zipf 1.1, 100 B", BY_RANK, 1.1, false, 32},
	{"Zipf 1.2, 100 B", BY_RANK, 1.2, false, 32},
	{"a loop, 100 B", IN_A_LOOP, 0.99, false, 32},
	{"Zipf 0.99, scans, 100 B", WITH_SCANS, 0.99, false, 32},
	{"Zipf 0.8, 50 B to 4 KiB", BY_RANK, 0.8, true, 128},
	{"Zipf 0.9, 50 B to 4 KiB", BY_RANK, 0.9, true, 128},
	{"Zipf 0.99, 50 B to 4 KiB", BY_RANK, 0.99, true, 128},
	{"Zipf 1.1, 50 B to 4 KiB", BY_RANK, 1.1, true, 128},
	{"Zipf 1.2, 50 B to 4 KiB", BY_RANK, 1.2, true, 128},
	{"a loop, 50 B to 4 KiB", IN_A_LOOP, 0.99, true, 128},
	{"Zipf 0.99, scans, 50 B to 4 KiB", WITH_SCANS, 0.99, true, 128},
};

static const struct store *const stores[] = {
	&store_ours,
	&store_ours_unmarked,
#ifdef BENCH_MEMCACHED
	&store_memcached,
#endif
};

struct requests {
	uint32_t n_keys;
	uint32_t n;
	uint32_t *numbers;
	uint32_t *sizes; /* of each key, and of as many more that scans have */
};

static void set_sizes(struct requests *requests, bool differs)
{
	uint64_t state = 1;

	for (uint32_t i = 0; i < 2 * requests->n_keys; i++) {
		double share = (double)(random_next(&state) >> 11) * 0x1p-53;

		requests->sizes[i] =
			differs ? (uint32_t)(LEAST * pow((double)MOST / LEAST, share)) : LITTLE;
	}
}

/* A scan is through keys that come once, or again after long. */
static void set_numbers(struct requests *requests, const struct trace *trace, unsigned round)
{
	uint64_t state = round + 1;
	struct zipf *zipf = zipf_new(requests->n_keys, trace->exponent);
	uint32_t scanned = 0;

	for (uint32_t i = 0; i < requests->n; i++) {
		if (trace->order == IN_A_LOOP)
			requests->numbers[i] = i % (requests->n_keys / LOOP_SHARE);
		else if (trace->order == WITH_SCANS && i % (SCAN_EACH + SCAN) >= SCAN_EACH)
			requests->numbers[i] = requests->n_keys + scanned++ % requests->n_keys;
		else
			requests->numbers[i] = zipf_draw(zipf, &state);
	}
	zipf_free(zipf);
}

static unsigned ask_crowd(const struct store *store, void *started, const struct requests *requests,
			  uint32_t first, unsigned n)
{
	struct item items[TRAFFIC_CROWD];
	unsigned missed = 0;
	uint32_t found;

	for (unsigned i = 0; i < n; i++) {
		uint32_t number = requests->numbers[first + i];

		item_init(&items[i], number, requests->sizes[number]);
	}
	found = store->get(started, items, n);
	for (unsigned i = 0; i < n; i++) {
		if (found & UINT32_C(1) << i)
			continue;
		store->set(started, &items[i], 0);
		missed++;
	}
	return missed;
}

/* Percent of misses. */
static double play(const struct scene *scene, const struct trace *trace, const struct store *store,
		   const struct requests *requests)
{
	unsigned mib = bench_count(scene->bench, trace->mib, QUICK_MIB);
	void *started =
		store->start(&scene->broker, (uint64_t)mib << 20,
			     TRAFFIC_KEY + (trace->differs ? MEAN : LITTLE), scene->place->other);
	uint32_t filled = requests->n / 3, missed = 0;

	for (uint32_t i = 0; i < requests->n; i += TRAFFIC_CROWD) {
		uint32_t left = requests->n - i;
		unsigned n = left < TRAFFIC_CROWD ? left : TRAFFIC_CROWD;
		unsigned missed_now = ask_crowd(store, started, requests, i, n);

		missed += i >= filled ? missed_now : 0;
	}
	store->end(started);
	return 100.0 * missed / (requests->n - filled);
}

static void report(const struct scene *scene, const struct trace *trace, const struct series *seen,
		   size_t n)
{
	scene_compare(scene, "", &seen[1], &seen[0], 0, "%s, read-only: marked", trace->name);
	if (n > 2)
		scene_compare(scene, "", &seen[0], &seen[2], TARGET, "%s: memcached", trace->name);
}

static void measure(const struct scene *scene, const struct trace *trace, struct requests *requests)
{
	unsigned rounds = scene->bench->plan.rounds < ROUNDS ? scene->bench->plan.rounds : ROUNDS;
	double missed[ARRAY_SIZE(stores)][ROUNDS];
	struct series seen[ARRAY_SIZE(stores)];

	set_sizes(requests, trace->differs);
	for (unsigned round = 0; round < rounds; round++) {
		set_numbers(requests, trace, round);
		for (size_t s = 0; s < ARRAY_SIZE(stores); s++)
			missed[s][round] = play(scene, trace, stores[s], requests);
	}
	for (size_t s = 0; s < ARRAY_SIZE(stores); s++)
		seen[s] = series_of(stores[s]->name, "%", missed[s], rounds);
	report(scene, trace, seen, ARRAY_SIZE(stores));
	scene_fini(seen, ARRAY_SIZE(stores));
}

void part_hits(const struct scene *scene)
{
	struct requests requests = {
		.n_keys = bench_count(scene->bench, KEYS, QUICK_KEYS),
		.n = bench_count(scene->bench, REQUESTS, QUICK_REQUESTS),
	};

	requests.numbers = calloc(requests.n, sizeof(*requests.numbers));
	requests.sizes = calloc(2 * (size_t)requests.n_keys, sizeof(*requests.sizes));
	if (!requests.numbers || !requests.sizes)
		bench_fail("no memory");
	report_note(scene->report,
		    "%% of gets that miss, of %u keys: in 32 MiB, and in 128 MiB "
		    "where sizes differ",
		    requests.n_keys);
	for (size_t i = 0; i < bench_count(scene->bench, ARRAY_SIZE(traces), 1); i++)
		measure(scene, &traces[i], &requests);
	free(requests.numbers);
	free(requests.sizes);
}
