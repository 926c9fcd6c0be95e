/*
 * There and back, busy, two cores: what half of the trips take, and what ninety-nine in a hundred
 * do. The limit is the fastest of four rings in each round, two of which pause between two looks;
 * so ours is the faster of two ways to look, too.
 */
#include <assert.h>

#include "stream/scene.h"

#define SIZE       64u
#define WAYS       2u
#define LIMITS     4u
#define TARGET_P50 1.25
#define TARGET_P99 1.5

static const struct transport *const transports[] = {
	/* Ours, the second of which pauses. */
	&transport_ours,
	&transport_ours,
	/* The limits. */
	&transport_index,
	&transport_index_paused,
	&transport_band,
	&transport_band_paused,
/* And peers. */
#ifdef BENCH_CK
	&transport_ck,
#endif
#ifdef BENCH_BOOST
	&transport_boost,
#endif
#ifdef BENCH_ICEORYX
	&transport_iceoryx,
#endif
};

static_assert(ARRAY_SIZE(transports) >= WAYS + LIMITS, "a quick look has no others");

static void report(const struct scene *scene, const struct series *seen, size_t n, const char *what,
		   double target)
{
	struct series ours = scene_fastest(seen, WAYS);
	struct series limit = scene_fastest(&seen[WAYS], LIMITS);

	scene_compare(scene, "two cores", &ours, &limit, target, "round trip %u B, %s: limit", SIZE,
		      what);
	scene_compare(scene, "two cores", &seen[0], &seen[1], 0,
		      "round trip %u B, %s: ours, pausing", SIZE, what);
	for (size_t i = WAYS; i < n; i++)
		scene_compare(scene, "two cores", &ours, &seen[i], 0, "round trip %u B, %s: %s",
			      SIZE, what, seen[i].name);
	series_fini(&ours);
	series_fini(&limit);
}

void part_roundtrip(const struct scene *scene)
{
	/* Some daemons are not for a quick look. */
	size_t n = bench_count(scene->bench, ARRAY_SIZE(transports), WAYS + LIMITS);
	struct series p50[ARRAY_SIZE(transports)], p99[ARRAY_SIZE(transports)];
	struct entrant entrants[ARRAY_SIZE(transports)];

	for (size_t i = 0; i < n; i++)
		entrants[i] = (struct entrant){.transport = transports[i],
					       .cargo = {.size = SIZE, .batch = 1}};
	entrants[1].cargo.pauses = true;
	scene_trips(scene, entrants, n, true, p50, p99);
	report(scene, p50, n, "p50", TARGET_P50);
	report(scene, p99, n, "p99", TARGET_P99);
	scene_fini(p50, n);
	scene_fini(p99, n);
}
