/*
 * lock: what a lock in shared memory costs that outlives its owner, beside those that do not and
 * the robust mutex of pthread, which does. "Uncontended" is taken, a word counted up and given back
 * by one process. "Contended" are two that do nothing else, of whose sections the mean is given.
 * "Takeover" is from kill(2) of the owner until one that slept for the lock has it, with the broker
 * between them, on the owner's core. Everything is a process and a member of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "support/contention.h"
#include "support/lockers.h"
#include "support/report.h"
#include "support/takeover.h"

#define UNCONTENDED_TARGET 0.85
#define CONTENDED_TARGET   (1 / 1.2) /* 1.2 times as many sections */
#define TAKEOVER_TARGET    3.0
#define TAKEOVER_MAX_US    20000

#define LOOPS      1000 /* so many more operations: each is some nanoseconds */
#define CHUNKS     5    /* of which each takes milliseconds */
#define CONTEND_MS 20
#define OPERATIONS 1000 /* of two that contend; only a factor */
#define TAKEOVERS  4

struct scene {
	struct bench bench;
	struct place place;
	struct report *report;
	struct server broker;
};

static const char *where_of(bool crosses)
{
	return crosses ? "two cores" : "one core";
}

/* Of what series_measure() gives in microseconds. */
static void in_ns(struct series *series)
{
	struct series ns = series_combine(series->name, 1000, series, 0, NULL);

	series_fini(series);
	*series = ns;
	series->unit = "ns";
}

/* Ours beside each of the others; the target is for the robust mutex. */
static void report_lockers(const struct scene *scene, const char *what, const char *where,
			   struct series *seen, unsigned n, double target)
{
	char text[80];

	for (unsigned i = 0; i < n; i++)
		in_ns(&seen[i]);
	for (unsigned i = 1; i < n; i++) {
		snprintf(text, sizeof(text), "%s; %s", what, lockers[i].name);
		report_compare(scene->report, text, where, &seen[LOCKER_OURS], &seen[i],
			       i == LOCKER_ROBUST ? target : 0);
	}
	for (unsigned i = 0; i < n; i++)
		series_fini(&seen[i]);
}

struct lonely {
	const struct locker *locker;
	struct locker_place *place;
};

static uint64_t lonely_run(void *data, unsigned operations)
{
	struct lonely *lonely = data;
	uint64_t before = lonely->place->counter;
	uint64_t start = now_ns(), end;

	lonely->locker->run(lonely->place, operations);
	end = now_ns();
	if (lonely->place->counter != before + operations)
		bench_fail("%s: sections were lost", lonely->locker->name);
	return end - start;
}

static void measure_uncontended(struct scene *scene)
{
	size_t size = N_LOCKERS * sizeof(struct locker_place);
	struct locker_place *places =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct plan plan = scene->bench.plan;
	struct contender contenders[N_LOCKERS];
	struct lonely lonely[N_LOCKERS];
	struct series seen[N_LOCKERS];

	if (places == MAP_FAILED)
		bench_fail("no memory for locks");
	lockers_be_member(&scene->broker);
	for (unsigned i = 0; i < lockers_n(); i++) {
		lonely[i] = (struct lonely){&lockers[i], &places[i]};
		contenders[i] = (struct contender){lockers[i].name, lonely_run, &lonely[i]};
		lockers[i].init(places[i].lock);
	}
	plan.operations *= bench_count(&scene->bench, LOOPS, 10);
	series_measure(&plan, NULL, contenders, lockers_n(), seen);
	report_lockers(scene, "uncontended", where_of(false), seen, lockers_n(),
		       UNCONTENDED_TARGET);
	(void)munmap(places, size);
}

static void report_shares(const struct scene *scene, const char *where,
			  struct contention *const *contentions)
{
	report_note(scene->report,
		    "%s: of the sections of two the one with fewer had %.0f %% of ours, %.0f %% of "
		    "%s",
		    where, 100 * contention_lesser_share(contentions[LOCKER_OURS]),
		    100 * contention_lesser_share(contentions[LOCKER_ROBUST]),
		    lockers[LOCKER_ROBUST].name);
}

static void measure_contended(struct scene *scene, bool crosses)
{
	const int cores[] = {scene->place.own, crosses ? scene->place.other : scene->place.own};
	unsigned ms = bench_count(&scene->bench, CONTEND_MS, 2);
	struct plan plan = scene->bench.plan;
	struct contention *contentions[N_LOCKERS];
	struct contender contenders[N_LOCKERS];
	struct series seen[N_LOCKERS];

	for (unsigned i = 0; i < lockers_n(); i++) {
		contentions[i] = contention_new(&lockers[i], &scene->broker, cores, ms);
		contenders[i] = (struct contender){lockers[i].name, contention_run, contentions[i]};
	}
	plan.operations = OPERATIONS;
	plan.chunks = bench_count(&scene->bench, CHUNKS, 1);
	series_measure(&plan, crosses ? &scene->place : NULL, contenders, lockers_n(), seen);
	report_lockers(scene, "contended", where_of(crosses), seen, lockers_n(),
		       crosses ? CONTENDED_TARGET : UNCONTENDED_TARGET);
	report_shares(scene, where_of(crosses), contentions);
	for (unsigned i = 0; i < lockers_n(); i++)
		contention_free(contentions[i]);
}

static void report_longest(const struct scene *scene, const char *what, const char *where,
			   const struct takeover *takeover, double target)
{
	double us = (double)takeover_longest(takeover) / 1000;
	struct series longest = series_of("longest", "us", &us, 1);

	report_value(scene->report, what, where, &longest, target);
	series_fini(&longest);
}

static void measure_takeover(struct scene *scene, bool crosses)
{
	int own = scene->place.own, waiter = crosses ? scene->place.other : own;
	struct takeover *ours = takeover_new(&lockers[LOCKER_OURS], &scene->broker, own, waiter);
	struct takeover *robust =
		takeover_new(&lockers[LOCKER_ROBUST], &scene->broker, own, waiter);
	struct takeover *noticed =
		takeover_new(&lockers[LOCKER_ROBUST], &scene->broker, own, waiter);
	const struct contender contenders[] = {
		{"ours", takeover_run, ours},
		{"pthread robust", takeover_run, robust},
		{"notice", takeover_notice_run, noticed},
	};
	struct plan plan = scene->bench.plan;
	struct series seen[3];

	plan.operations = bench_count(&scene->bench, TAKEOVERS, 1);
	plan.chunks = bench_count(&scene->bench, CHUNKS, 1);
	series_measure(&plan, crosses ? &scene->place : NULL, contenders, 3, seen);
	report_compare(scene->report, "takeover; pthread robust", where_of(crosses), &seen[0],
		       &seen[1], TAKEOVER_TARGET);
	report_compare(scene->report, "takeover; the notice of a pidfd", where_of(crosses),
		       &seen[0], &seen[2], 0);
	report_longest(scene, "takeover, the longest", where_of(crosses), ours, TAKEOVER_MAX_US);
	report_longest(scene, "same, pthread robust", where_of(crosses), robust, -1);
	takeover_free(ours);
	takeover_free(robust);
	takeover_free(noticed);
	for (unsigned i = 0; i < 3; i++)
		series_fini(&seen[i]);
}

int main(int argc, char **argv)
{
	static struct scene scene;

	bench_init(&scene.bench, "lock", argc, argv);
	scene.place = place_init();
	scene.report = report_new(&scene.bench, &scene.place, "locks that outlive their owners");
	report_note(scene.report, "peers: %s", lockers_versions());
	server_start_broker(&scene.broker, &scene.bench, scene.place.own);
	measure_uncontended(&scene);
	measure_contended(&scene, false);
	measure_takeover(&scene, false);
	if (place_has_two(&scene.place)) {
		measure_contended(&scene, true);
		measure_takeover(&scene, true);
	}
	server_end(&scene.broker);
	return report_end(scene.report);
}
