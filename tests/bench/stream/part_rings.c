/*
 * One producer and one consumer, one by one and sixteen at a time, when the producer is the slower
 * of the two (the lane is nearly empty) and when the consumer is (it is nearly full).
 *
 * The limit is, in each round, the fastest of four rings of cells of one size that do nothing else
 * (limit.c). Everything is filled, copied and checked alike.
 */
#include "stream/scene.h"

#define LIMITS 4u
#define N_OURS 2u
#define SLOW   40u /* loops of idle work, of a nanosecond or less each */

/* First ours, then the limits, then others. */
static const struct transport *const transports[] = {
	&transport_ours,         &transport_ours_in_place, &transport_index,
	&transport_index_paused, &transport_band,          &transport_band_paused,
#ifdef BENCH_CK
	&transport_ck,
#endif
	&transport_pipe,
};

struct setting {
	size_t size;
	unsigned batch;
	bool producer_is_slow;
	double target; /* of the limit's time */
};

static const struct setting settings[] = {
	{64, 1, true, 1 / 0.6},    {64, 1, false, 1 / 0.6},   {64, 16, true, 1 / 0.6},
	{64, 16, false, 1 / 0.6},  {8, 1, true, 1 / 0.25},    {8, 1, false, 1 / 0.25},
	{8, 16, true, 1 / 0.25},   {8, 16, false, 1 / 0.25},  {1024, 1, true, 1 / 0.9},
	{1024, 1, false, 1 / 0.9}, {65536, 1, true, 1 / 0.9}, {65536, 1, false, 1 / 0.9},
};

static void report_row(const struct scene *scene, const struct setting *setting,
		       const struct series *ours, const struct series *other, const char *name,
		       double target)
{
	scene_compare(scene, "two cores", ours, other, target, "%zu B, by %u, slow %s: %s",
		      setting->size, setting->batch,
		      setting->producer_is_slow ? "producer" : "consumer", name);
}

static void measure(const struct scene *scene, const struct setting *setting)
{
	struct entrant entrants[ARRAY_SIZE(transports)];
	struct series seen[ARRAY_SIZE(transports)], limit;

	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		entrants[i] = (struct entrant){
			.transport = transports[i],
			.cargo = {.size = setting->size,
				  .batch = setting->batch,
				  .producer_work = setting->producer_is_slow ? SLOW : 0,
				  .consumer_work = setting->producer_is_slow ? 0 : SLOW},
		};
	scene_race(scene, entrants, ARRAY_SIZE(transports), seen);
	limit = scene_fastest(&seen[N_OURS], LIMITS);
	report_row(scene, setting, &seen[0], &limit, "limit", setting->target);
	if (setting->batch == 1) /* in place there is no batch */
		report_row(scene, setting, &seen[1], &limit, "in place", setting->target);
	for (size_t i = N_OURS; i < ARRAY_SIZE(transports); i++)
		report_row(scene, setting, &seen[0], &seen[i], seen[i].name, 0);
	series_fini(&limit);
	scene_fini(seen, ARRAY_SIZE(transports));
}

void part_rings(const struct scene *scene)
{
	for (size_t i = 0; i < bench_count(scene->bench, ARRAY_SIZE(settings), 1); i++)
		measure(scene, &settings[i]);
}
