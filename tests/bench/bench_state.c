/*
 * state: what it costs to read a value while another process publishes it, and to publish it while
 * another reads; and how long it takes to reach a reader that sleeps.
 *
 * The limit is a ring of as many slots that does nothing else (limit_ring.h). The peers are a
 * seqlock, a robust mutex, and, where their packages were there when this was built, ck_sequence,
 * LMDB and Redis. All of them have the same copy, the same alignment and the same loops, and every
 * reader looks at what it has read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/duel.h"
#include "state/ours.h"
#include "state/wake.h"
#include "support/report.h"

#define RIVALS_MAX 7
#define FEW_SLOTS  8u /* in which settings all rivals take part */
#define CHUNKS     5u
#define OPERATIONS 1000 /* in a batch, however many were done */
#define CALM_NS    100000

/* Of the limit's time. */
#define READ_TARGET  (1 / 0.85)
#define WRITE_TARGET (1 / 0.5)
#define WAKE_TARGET  1.15
#define HASTE_TARGET 1 /* percent */

struct scene {
	const struct bench *bench;
	struct report *report;
	const struct place *place;
	struct server broker;
};

/* Somebody to compare with, and how much of his time ours may take: 0 where that is not said. */
struct rival {
	const struct design *design;
	double target;
};

/* A way to write and read that is measured. */
struct setting {
	size_t size;
	unsigned slots;
	bool is_calm; /* one publish in 100 us, instead of as many as can be */
	double ck_target, lmdb_target;
};

static const struct setting settings[] = {
	{64, 8, false, 1 / 1.5, 0},      {64, 8, true, 0, 1 / 4.0},
	{1024, 8, false, 1 / 4.0, 0},    {1024, 8, true, 0, 0},
	{65536, 8, false, 1 / 10.0, 0},  {65536, 8, true, 0, 0},
	{64, 64, false, 1 / 1.5, 0},     {64, 64, true, 0, 0},
	{1024, 64, false, 1 / 4.0, 0},   {1024, 64, true, 0, 0},
	{65536, 64, false, 1 / 10.0, 0}, {65536, 64, true, 0, 0},
};

static const char *describe(const char *deed, const struct setting *setting, char text[static 80])
{
	snprintf(text, 80, "%s %zu B, %u slots, %s writer", deed, setting->size, setting->slots,
		 setting->is_calm ? "calm" : "hot");
	return text;
}

static struct traffic traffic_of(const struct scene *scene, const struct setting *setting)
{
	return (struct traffic){
		.size = setting->size,
		.slots = setting->slots,
		.period_ns = setting->is_calm ? CALM_NS : 0,
		.writer_core = scene->place->other,
	};
}

static struct series in_ns(struct series *us)
{
	struct series ns = series_combine(us->name, 1000, us, 0, NULL);

	ns.unit = "ns";
	series_fini(us);
	return ns;
}

static void report_all(const struct scene *scene, const char *what, struct series *seen,
		       const struct rival *rivals, size_t n)
{
	char row[96];

	for (size_t i = 0; i <= n; i++)
		seen[i] = in_ns(&seen[i]);
	for (size_t i = 1; i <= n; i++) {
		snprintf(row, sizeof(row), "%s: %s", what, seen[i].name);
		report_compare(scene->report, row, "two cores", &seen[0], &seen[i],
			       rivals[i - 1].target);
	}
	for (size_t i = 0; i <= n; i++)
		series_fini(&seen[i]);
}

/* Ours beside N rivals, in the same rounds. */
static void compare(const struct scene *scene, const char *what, const struct setting *setting,
		    uint64_t (*run)(void *duel, unsigned operations), const struct rival *rivals,
		    size_t n)
{
	struct traffic traffic = traffic_of(scene, setting);
	struct plan plan = scene->bench->plan;
	struct contender contenders[RIVALS_MAX + 1];
	struct series seen[RIVALS_MAX + 1];
	struct duel duels[RIVALS_MAX + 1];

	plan.operations = OPERATIONS;
	plan.chunks = plan.chunks < CHUNKS ? plan.chunks : CHUNKS;
	for (size_t i = 0; i <= n; i++) {
		const struct design *design = i ? rivals[i - 1].design : &design_ours;

		duel_start(&duels[i], design, &traffic, &scene->broker);
		contenders[i] = (struct contender){design->name, run, &duels[i]};
	}
	series_measure(&plan, scene->place, contenders, n + 1, seen);
	for (size_t i = 0; i <= n; i++)
		duel_end(&duels[i]);
	report_all(scene, what, seen, rivals, n);
}

static void measure_reads(const struct scene *scene, const struct setting *setting)
{
	const struct rival rivals[] = {
		{&design_ring, READ_TARGET},
#ifdef BENCH_CK
		{&design_ck, setting->ck_target},
#endif
#ifdef BENCH_LMDB
		{&design_lmdb, setting->lmdb_target},
#endif
		{&design_ring_checked, 0},
		{&design_seqlock, 0},
		{&design_mutex, 0},
#ifdef BENCH_REDIS
		{&design_redis, 0},
#endif
	};
	char what[80];

	/* The others have no slots: with as many they are the same again. */
	compare(scene, describe("read", setting, what), setting, duel_read, rivals,
		setting->slots == FEW_SLOTS ? ARRAY_SIZE(rivals) : 1);
}

static void measure_writes(const struct scene *scene, const struct setting *setting)
{
	const struct rival rivals[] = {
		{&design_ring, WRITE_TARGET},
#ifdef BENCH_CK
		{&design_ck, 0},
#endif
#ifdef BENCH_LMDB
		{&design_lmdb, 0},
#endif
	};
	char what[80];

	if (!setting->is_calm)
		compare(scene, describe("publish", setting, what), setting, duel_write, rivals,
			setting->slots == FEW_SLOTS ? ARRAY_SIZE(rivals) : 1);
}

/* How many copies are overtaken by the writer and made again. */
static void measure_haste(const struct scene *scene, const struct setting *setting)
{
	struct traffic traffic = traffic_of(scene, setting);
	unsigned rounds = scene->bench->plan.rounds;
	double *percent = calloc(rounds, sizeof(*percent));
	struct series series;
	struct duel duel;
	char what[80];

	if (!percent)
		bench_fail("no memory");
	if (setting->is_calm) {
		free(percent);
		return;
	}
	duel_start(&duel, &design_ours, &traffic, &scene->broker);
	for (unsigned i = 0; i < rounds; i++) {
		duel_let_write(&duel);
		percent[i] = 100.0 *
			     (double)ours_count_overtaken(duel.opened, &duel.traffic, duel.reads) /
			     (double)duel.reads;
		duel_stop_writing(&duel);
	}
	duel_end(&duel);
	series = series_of("ours", "%", percent, rounds);
	report_value(scene->report, describe("overtaken", setting, what), "two cores", &series,
		     HASTE_TARGET);
	series_fini(&series);
	free(percent);
}

/* Ours, the limit, and others. */
static const struct waking *const wakings[] = {
	&waking_ours,
	&waking_futex,
#ifdef BENCH_REDIS
	&waking_redis,
#endif
#ifdef BENCH_ICEORYX
	&waking_iceoryx,
#endif
};

static void measure_waking(const struct scene *scene, const char *where, const struct place *place,
			   int core)
{
	/* Some daemons are not for a quick look. */
	size_t n = bench_count(scene->bench, ARRAY_SIZE(wakings), 2);
	struct contender contenders[ARRAY_SIZE(wakings)];
	struct series seen[ARRAY_SIZE(wakings)];
	struct wake wakes[ARRAY_SIZE(wakings)];
	struct plan plan = scene->bench->plan;
	char row[96];

	plan.chunks = plan.chunks < CHUNKS ? plan.chunks : CHUNKS;
	for (size_t i = 0; i < n; i++) {
		wake_start(&wakes[i], wakings[i], scene->place->own, core, &scene->broker);
		contenders[i] = (struct contender){wakings[i]->name, wake_run, &wakes[i]};
	}
	series_measure(&plan, place, contenders, n, seen);
	for (size_t i = 1; i < n; i++) {
		snprintf(row, sizeof(row), "publish to value, reader asleep: %s", wakings[i]->name);
		report_compare(scene->report, row, where, &seen[0], &seen[i],
			       i == 1 ? WAKE_TARGET : 0);
	}
	for (size_t i = 0; i < n; i++) {
		wake_end(&wakes[i]);
		series_fini(&seen[i]);
	}
}

int main(int argc, char **argv)
{
	static struct scene scene;
	struct bench bench;
	struct place place;

	bench_init(&bench, "state", argc, argv);
	place = place_init();
	scene.bench = &bench;
	scene.place = &place;
	scene.report =
		report_new(&bench, &place, "a value that one process publishes and another reads");
	server_start_broker(&scene.broker, &bench, place.other);
	report_note(scene.report, "peers: " BENCH_PEERS);
	measure_waking(&scene, "one core", NULL, place.own);
	if (place_has_two(&place)) {
		measure_waking(&scene, "two cores", &place, place.other);
		for (size_t i = 0; i < bench_count(&bench, ARRAY_SIZE(settings), 2); i++) {
			measure_reads(&scene, &settings[i]);
			measure_writes(&scene, &settings[i]);
			measure_haste(&scene, &settings[i]);
		}
	}
	server_end(&scene.broker);
	return report_end(scene.report);
}
