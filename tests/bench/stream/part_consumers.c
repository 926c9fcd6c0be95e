/*
 * Ours with several consumers, which share a core, beside one: what a record costs until all have
 * it, or, in a queue, until one has.
 */
#include "stream/scene.h"

#define SIZE 64u

static const unsigned broadcast[] = {1, 2, 4, 8};
static const unsigned queue[] = {1, 2, 4};

static void measure(const struct scene *scene, const char *what, const struct transport *transport,
		    const unsigned *consumers, size_t n)
{
	struct entrant entrants[ARRAY_SIZE(broadcast)];
	struct series seen[ARRAY_SIZE(broadcast)];

	for (size_t i = 0; i < n; i++)
		entrants[i] =
			(struct entrant){.transport = transport,
					 .cargo = {.size = SIZE,
						   .batch = 1,
						   .wait = CARGO_YIELD,
						   .consumers = consumers[i],
						   .is_queue = transport == &transport_ours_queue}};
	scene_race(scene, entrants, n, seen);
	for (size_t i = 0; i < n; i++)
		scene_compare(scene, "two cores", &seen[i], &seen[0], 0,
			      "%u B, %s, %u consumers: 1", SIZE, what, consumers[i]);
	scene_fini(seen, n);
}

void part_consumers(const struct scene *scene)
{
	measure(scene, "broadcast", &transport_ours, broadcast, ARRAY_SIZE(broadcast));
	measure(scene, "queue", &transport_ours_queue, queue, ARRAY_SIZE(queue));
}
