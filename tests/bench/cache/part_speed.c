/*
 * What a step costs, of keys that are all there: ours beside the limit, beside other ways to share
 * a table, and beside servers. Ours stays where it is while the others come and go.
 */
#include <string.h>

#include "cache/scene.h"

#define KEYS        1000000u
#define DRAWS       (1u << 22)
#define QUICK_KEYS  5000u
#define QUICK_DRAWS (1u << 14)
#define EXPONENT    0.99

#define RUN_NS   UINT64_C(20000000) /* or the processor's caches hold what others left in them */
#define QUICK_NS UINT64_C(100000)

/* Of the limit's time. */
#define GET_TARGET  (1 / 0.7)
#define HALF_TARGET (1 / 0.5)
#define MANY_TARGET (1 / 0.65)
#define TWO_TARGET  (1 / 1.9) /* of one process's */

/* Of a peer's, with values of PEERS_SIZE: larger ones take the limit longer than that, too. */
#define PEERS_SIZE       100u
#define LMDB_TARGET      (1 / 6.0)
#define MEMCACHED_TARGET (1 / 100.0)

static const struct mix {
	const char *name;
	unsigned sets; /* percent */
	double target;
} mixes[] = {
	{"get", 0, GET_TARGET},
	{"95/5", 5, GET_TARGET},
	{"50/50", 50, HALF_TARGET},
};

static const size_t sizes[] = {100, 1024};

/* Somebody to compare with, and how much of his time a get of ours may take. */
struct rival {
	const struct design *design;
	double target;
};

static const struct rival tables[] = {
	{&design_indexed, 0},
	{&design_mutex, 0},
#ifdef BENCH_BOOST
	{&design_boost, 0},
#endif
#ifdef BENCH_LMDB
	{&design_lmdb, LMDB_TARGET},
#endif
};

static const struct rival servers[] = {
#ifdef BENCH_MEMCACHED
	{&design_memcached, MEMCACHED_TARGET},
#endif
#ifdef BENCH_REDIS
	{&design_redis, 0},
#endif
	{NULL, 0}, /* there may be none */
};

static struct way way_of(struct crew *crew, const char *name, design_run_fn *run, unsigned sets)
{
	return (struct way){name, {.crew = crew, .run = run, .sets = sets, .n = 1}};
}

static struct way plain(struct crew *crew, unsigned sets)
{
	return way_of(crew, crew->design->name, crew->design->run, sets);
}

static struct way many(struct crew *crew)
{
	return way_of(crew, crew->design->name, crew->design->run_many, 0);
}

static struct way chained(struct crew *crew)
{
	return way_of(crew, crew->design->name, crew->design->run_chained, 0);
}

static struct way in_two(struct way way)
{
	way.task.n = 2;
	return way;
}

/* On the core that no server is on. */
static struct way apart(struct way way)
{
	way.task.first = 1;
	return way;
}

/* Only gets of some size have one. */
static double target_of(const struct rival *rival, const struct traffic *traffic,
			const struct mix *mix)
{
	return mix->sets == 0 && traffic->size == PEERS_SIZE ? rival->target : 0;
}

static void start(const struct scene *scene, const struct design *design,
		  const struct traffic *traffic, struct crew *crew)
{
	crew_start(crew, design, traffic, scene->place, &scene->broker,
		   bench_count(scene->bench, RUN_NS, QUICK_NS));
}

static void measure_mix(const struct scene *scene, const struct mix *mix, struct crew *ours,
			struct crew *limit)
{
	struct way ways[] = {
		plain(ours, mix->sets),
		plain(limit, mix->sets),
		way_of(ours, "ours, read-only", ours_run_read_only, mix->sets),
		way_of(ours, "ours, described", ours_run_described, mix->sets),
	};
	size_t size = ours->traffic.size, n = mix->sets == 0 ? 4 : 2;
	struct series seen[ARRAY_SIZE(ways)] = {0};

	scene_measure(scene, ways, n, seen);
	scene_compare(scene, "one", &seen[0], &seen[1], mix->target, "%zu B, %s: limit", size,
		      mix->name);
	if (n == 4) {
		scene_compare(scene, "one", &seen[2], &seen[1], mix->target,
			      "%zu B, %s, mapped read-only: limit", size, mix->name);
		scene_compare(scene, "one", &seen[3], &seen[1], 0, "%zu B, %s and its entry: limit",
			      size, mix->name);
	}
	scene_fini(seen, n);
}

static void measure_many(const struct scene *scene, struct crew *ours, struct crew *limit)
{
	struct way ways[] = {many(ours), many(limit), plain(ours, 0)};
	struct series seen[ARRAY_SIZE(ways)] = {0};
	size_t size = ours->traffic.size;

	scene_measure(scene, ways, ARRAY_SIZE(ways), seen);
	scene_compare(scene, "one", &seen[0], &seen[1], MANY_TARGET, "%zu B, get 32: limit", size);
	scene_compare(scene, "one", &seen[0], &seen[2], 0, "%zu B, get 32: one by one", size);
	scene_fini(seen, ARRAY_SIZE(ways));
}

/* As in a program that has something to do with what it gets. */
static void measure_chained(const struct scene *scene, struct crew *ours, struct crew *other)
{
	struct way ways[] = {chained(ours), chained(other)};
	struct series seen[ARRAY_SIZE(ways)] = {0};

	scene_measure(scene, ways, ARRAY_SIZE(ways), seen);
	scene_compare(scene, "one", &seen[0], &seen[1], 0, "%zu B, get, each after the other: %s",
		      ours->traffic.size, other->design->name);
	scene_fini(seen, ARRAY_SIZE(ways));
}

static void measure_two(const struct scene *scene, struct crew *ours, struct crew *limit)
{
	struct way ways[] = {
		plain(ours, 0),          plain(limit, 0),         in_two(plain(ours, 0)),
		in_two(plain(limit, 0)), in_two(plain(ours, 50)), in_two(plain(limit, 50)),
	};
	struct series seen[ARRAY_SIZE(ways)] = {0};
	size_t size = ours->traffic.size;

	if (!place_has_two(scene->place))
		return;
	scene_measure(scene, ways, ARRAY_SIZE(ways), seen);
	scene_compare(scene, "two", &seen[2], &seen[0], TWO_TARGET, "%zu B, get, ours: one process",
		      size);
	scene_compare(scene, "two", &seen[3], &seen[1], 0,
		      "%zu B, get, the limit itself: one process", size);
	scene_compare(scene, "two", &seen[2], &seen[3], 0, "%zu B, get: limit", size);
	scene_compare(scene, "two", &seen[4], &seen[5], 0, "%zu B, 50/50: limit", size);
	scene_fini(seen, ARRAY_SIZE(ways));
}

static void beside_limit(const struct scene *scene, const struct traffic *traffic,
			 struct crew *ours)
{
	struct crew limit;

	start(scene, &design_limit, traffic, &limit);
	for (size_t i = 0; i < ARRAY_SIZE(mixes); i++)
		measure_mix(scene, &mixes[i], ours, &limit);
	measure_many(scene, ours, &limit);
	measure_chained(scene, ours, &limit);
	measure_two(scene, ours, &limit);
	crew_end(&limit);
}

static void beside_table(const struct scene *scene, const struct traffic *traffic,
			 struct crew *ours, const struct rival *rival)
{
	const char *name = rival->design->name;
	bool has_two = place_has_two(scene->place);
	struct series seen[4] = {0};
	struct crew crew;

	start(scene, rival->design, traffic, &crew);
	for (size_t i = 0; i < ARRAY_SIZE(mixes); i++) {
		struct way ways[] = {plain(ours, mixes[i].sets), plain(&crew, mixes[i].sets),
				     in_two(plain(ours, mixes[i].sets)),
				     in_two(plain(&crew, mixes[i].sets))};
		size_t n = has_two && i == 0 ? 4 : 2;

		scene_measure(scene, ways, n, seen);
		scene_compare(scene, "one", &seen[0], &seen[1],
			      target_of(rival, traffic, &mixes[i]), "%zu B, %s: %s", traffic->size,
			      mixes[i].name, name);
		if (n == 4)
			scene_compare(scene, "two", &seen[2], &seen[3], 0, "%zu B, %s: %s",
				      traffic->size, mixes[i].name, name);
		scene_fini(seen, n);
	}
	if (crew.design->run_chained)
		measure_chained(scene, ours, &crew);
	crew_end(&crew);
}

/* SEEN is ours, and a server's on the same core and on the other: the better one counts. */
static void report_server(const struct scene *scene, const struct series *seen, size_t n,
			  double target, size_t size, const char *what, const char *name)
{
	size_t better = n == 3 && seen[2].median < seen[1].median ? 2 : 1;

	for (size_t i = 1; i < n; i++)
		scene_compare(scene, i == 1 ? "same core" : "other", &seen[0], &seen[i],
			      i == better ? target : 0, "%zu B, %s: %s", size, what, name);
}

/* WAYS are ours, and the server's from either core. */
static void measure_server(const struct scene *scene, struct way *ways, double target,
			   const char *what)
{
	size_t n = place_has_two(scene->place) ? 3 : 2;
	const struct crew *crew = ways[1].task.crew;
	struct series seen[3] = {0};

	scene_measure(scene, ways, n, seen);
	report_server(scene, seen, n, target, crew->traffic.size, what, crew->design->name);
	scene_fini(seen, n);
}

static void beside_server(const struct scene *scene, const struct traffic *traffic,
			  struct crew *ours, const struct rival *rival)
{
	struct crew crew;

	start(scene, rival->design, traffic, &crew);
	for (size_t i = 0; i < ARRAY_SIZE(mixes); i++) {
		unsigned sets = mixes[i].sets;
		struct way ways[] = {plain(ours, sets), plain(&crew, sets),
				     apart(plain(&crew, sets))};

		measure_server(scene, ways, target_of(rival, traffic, &mixes[i]), mixes[i].name);
	}
	measure_server(scene, (struct way[]){many(ours), many(&crew), apart(many(&crew))}, 0,
		       "get 32");
	crew_end(&crew);
}

static void measure(const struct scene *scene, const struct traffic *traffic)
{
	struct crew ours;

	start(scene, &design_ours, traffic, &ours);
	beside_limit(scene, traffic, &ours);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		beside_table(scene, traffic, &ours, &tables[i]);
	for (const struct rival *rival = servers; rival->design; rival++)
		beside_server(scene, traffic, &ours, rival);
	crew_end(&ours);
}

void part_speed(const struct scene *scene)
{
	struct traffic traffic = {
		.n_keys = bench_count(scene->bench, KEYS, QUICK_KEYS),
		.n_draws = bench_count(scene->bench, DRAWS, QUICK_DRAWS),
	};

	traffic.draws = traffic_draw(traffic.n_keys, traffic.n_draws, EXPONENT);
	report_note(scene->report, "%u keys of %u B, Zipf %.2f; ns for a step", traffic.n_keys,
		    TRAFFIC_KEY, EXPONENT);
	for (size_t i = 0; i < ARRAY_SIZE(sizes) && (i == 0 || !scene->bench->quick); i++) {
		traffic.size = sizes[i];
		measure(scene, &traffic);
	}
	traffic_forget(traffic.draws, traffic.n_draws);
}
