/*
 * What others use to bring records from one process to another, one by one, both as fast as they
 * can. Who can be asked both again and again and asleep is, and in each round the faster way
 * counts; those with threads of their own, which need the core, are asked asleep.
 */
#include "stream/scene.h"

#define TARGET         (1 / 1.2)
#define ICEORYX_TARGET (1 / 1.3) /* of large records, in place */
#define LARGE          65536u

static const struct rival {
	const struct transport *transport;
	bool spins, sleeps;
} rivals[] = {
	{&transport_seqpacket, true, true}, {&transport_mq, true, true},
	{&transport_pipe, true, true},
#ifdef BENCH_BOOST
	{&transport_boost, true, true},
#endif
#ifdef BENCH_ICEORYX
	{&transport_iceoryx, true, false},
#endif
#ifdef BENCH_ZMQ
	{&transport_zmq, false, true},
#endif
#ifdef BENCH_NNG
	{&transport_nng, false, true},
#endif
};

#define N_OURS  2u /* copied, and in place */
#define KERNELS 3u /* rivals that need nothing installed */

static const size_t sizes[] = {64, 8, 1024, 65536};

static struct entrant entrant_of(const struct transport *transport, size_t size,
				 enum cargo_wait wait)
{
	return (struct entrant){.transport = transport,
				.cargo = {.size = size, .batch = 1, .wait = wait}};
}

static size_t enter(struct entrant *entrants, const struct rival *rival, size_t size)
{
	size_t n = 0;

	if (rival->spins)
		entrants[n++] = entrant_of(rival->transport, size, CARGO_SPIN);
	if (rival->sleeps)
		entrants[n++] = entrant_of(rival->transport, size, CARGO_SLEEP);
	return n;
}

/* OURS are both; SEEN is what was measured of the rival, in N ways. */
static void report(const struct scene *scene, const struct rival *rival, size_t size,
		   const struct series *ours, const struct series *seen, size_t n)
{
	const char *name = rival->transport->name;
	struct series best;

	if (!scene_had(seen)) {
		report_note(scene->report, "%s: not to be had with %zu B here", name, size);
		return;
	}
	best = scene_fastest(seen, n);
	scene_compare(scene, "two cores", &ours[0], &best, TARGET, "%zu B: %s", size, name);
#ifdef BENCH_ICEORYX
	if (rival->transport == &transport_iceoryx)
		scene_compare(scene, "two cores", &ours[1], &best,
			      size == LARGE ? ICEORYX_TARGET : TARGET, "%zu B, in place: %s", size,
			      name);
#endif
	series_fini(&best);
}

static void measure(const struct scene *scene, size_t size, size_t n_rivals)
{
	struct entrant entrants[N_OURS + 2 * ARRAY_SIZE(rivals)];
	struct series seen[N_OURS + 2 * ARRAY_SIZE(rivals)];
	size_t firsts[ARRAY_SIZE(rivals) + 1], n = N_OURS;

	entrants[0] = entrant_of(&transport_ours, size, CARGO_SPIN);
	entrants[1] = entrant_of(&transport_ours_in_place, size, CARGO_SPIN);
	for (size_t i = 0; i < n_rivals; i++) {
		firsts[i] = n;
		n += enter(&entrants[n], &rivals[i], size);
	}
	firsts[n_rivals] = n;
	scene_race(scene, entrants, n, seen);
	for (size_t i = 0; i < n_rivals; i++)
		report(scene, &rivals[i], size, seen, &seen[firsts[i]], firsts[i + 1] - firsts[i]);
	scene_fini(seen, n);
}

void part_peers(const struct scene *scene)
{
	/* Daemons and threads are not for a quick look. */
	size_t n_rivals = bench_count(scene->bench, ARRAY_SIZE(rivals), KERNELS);

	for (size_t i = 0; i < bench_count(scene->bench, ARRAY_SIZE(sizes), 1); i++)
		measure(scene, sizes[i], n_rivals);
}
