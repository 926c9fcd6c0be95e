/*
 * Ours with many lanes beside ours with four: what a record costs when most lanes are idle, and
 * when all are busy. The producers share a core; the consumer has the other.
 */
#include "stream/scene.h"

#define SIZE        64u
#define FEW         4u
#define MANY        64u
#define IDLE_TARGET (1 / 0.9)
#define BUSY_TARGET (1 / 0.7)

static struct entrant entrant_of(const char *name, unsigned producers, unsigned idle_lanes)
{
	return (struct entrant){.name = name,
				.transport = &transport_ours,
				.cargo = {.size = SIZE,
					  .batch = 1,
					  .wait = CARGO_YIELD,
					  .producers = producers,
					  .idle_lanes = idle_lanes}};
}

void part_lanes(const struct scene *scene)
{
	const struct entrant entrants[] = {
		entrant_of("4 lanes", FEW, 0),
		entrant_of("4 lanes and 60 idle", FEW, MANY - FEW),
		entrant_of("64 lanes", MANY, 0),
	};
	struct series seen[ARRAY_SIZE(entrants)];

	scene_race(scene, entrants, ARRAY_SIZE(entrants), seen);
	scene_compare(scene, "two cores", &seen[1], &seen[0], IDLE_TARGET,
		      "%u B, 4 busy lanes of 64: 4 lanes", SIZE);
	scene_compare(scene, "two cores", &seen[2], &seen[0], BUSY_TARGET,
		      "%u B, 64 busy lanes: 4 lanes", SIZE);
	scene_fini(seen, ARRAY_SIZE(entrants));
}
