/*
 * What of the memory can be used while values change their sizes: a week, in each hour of which
 * they have another mean, from 60 bytes to 32 KiB. It drifts, and twice a day it jumps.
 *
 * In an hour as many bytes are set as the cache has: keys that are new, and keys that were there
 * with another size; a third of them with a time to live of some hours; some are deleted, and some
 * are got. An hour takes a quarter of a second, and what it takes longer is its own.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cache/scene.h"
#include "cache/store.h"

#define MIB         64u
#define QUICK_MIB   8u
#define HOURS       168u
#define QUICK_HOURS 12u
#define FILLING     8u /* hours that are not looked at */
#define HOUR_MS     250u
#define QUICK_MS    5u

#define MEAN_LEAST 60.0
#define MEAN_MOST  32768.0
#define DRIFT      0.25 /* of the way from the least to the most, each hour, up or down */
#define JUMP_HOURS 12u
#define ENTRY_SIZE 100u /* of what the index has to be good for */

#define WINDOW    16384u /* of the last keys, that are set again, deleted and got */
#define GET_CROWD 16u
#define TTL_HOURS 24u

#define TARGET 15 /* percent that may be of no use */

struct week {
	const struct store *store;
	void *started;
	uint64_t state;
	uint64_t size; /* of the cache */
	unsigned hour_ms;
	double way; /* from the least mean to the most: 0 to 1 */
	double mean;
	uint32_t next;
	uint32_t sizes[WINDOW]; /* of the last keys */
};

static double share(struct week *week)
{
	return ((double)(random_next(&week->state) >> 11) + 0.5) * 0x1p-53;
}

static void change_mean(struct week *week, unsigned hour)
{
	if (hour % JUMP_HOURS == 0)
		week->way = share(week);
	else
		week->way += (share(week) - 0.5) * 2 * DRIFT;
	if (week->way < 0)
		week->way = -week->way;
	if (week->way > 1)
		week->way = 2 - week->way;
	week->mean = MEAN_LEAST * pow(MEAN_MOST / MEAN_LEAST, week->way);
}

static uint32_t draw_size(struct week *week)
{
	double size = week->mean * -log(share(week));

	return size < 2 * TRAFFIC_MARK ? 2 * (uint32_t)TRAFFIC_MARK
	       : size > STORE_VALUE    ? (uint32_t)STORE_VALUE
				       : (uint32_t)size;
}

static uint32_t recent(struct week *week)
{
	uint32_t n = week->next < WINDOW ? week->next : WINDOW;

	return week->next - 1 - (uint32_t)(random_next(&week->state) % n);
}

static void item_of(const struct week *week, uint32_t number, struct item *ret_item)
{
	item_init(ret_item, number, week->sizes[number % WINDOW]);
}

/* Returns the bytes. */
static uint64_t set(struct week *week, uint32_t number)
{
	uint32_t ttl_ms = 0;
	struct item item;

	week->sizes[number % WINDOW] = draw_size(week);
	if (share(week) < 0.3)
		ttl_ms = (uint32_t)((1 + share(week) * (TTL_HOURS - 1)) * week->hour_ms);
	item_of(week, number, &item);
	week->store->set(week->started, &item, ttl_ms);
	return TRAFFIC_KEY + item.size;
}

static void get_some(struct week *week)
{
	struct item items[GET_CROWD];

	for (unsigned i = 0; i < GET_CROWD; i++)
		item_of(week, recent(week), &items[i]);
	(void)week->store->get(week->started, items, GET_CROWD);
}

static void live_hour(struct week *week)
{
	uint64_t bytes = 0;
	struct item item;

	while (bytes < week->size) {
		unsigned percent = (unsigned)(random_next(&week->state) % 100);

		if (percent < 70 || week->next == 0) {
			bytes += set(week, week->next++);
		} else if (percent < 93) {
			bytes += set(week, recent(week));
		} else if (percent < 95) {
			get_some(week);
		} else {
			item_of(week, recent(week), &item);
			week->store->remove(week->started, &item);
		}
	}
}

static void sleep_until(uint64_t ns)
{
	const struct timespec end = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};

	while (now_ns() < ns)
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}

/* Live through all hours, and count at the end of each. */
static void live(const struct scene *scene, const struct store *store, unsigned hours,
		 struct store_count *ret_counts)
{
	unsigned mib = bench_count(scene->bench, MIB, QUICK_MIB);
	struct week week = {
		.store = store,
		.state = 7,
		.size = (uint64_t)mib << 20,
		.hour_ms = bench_count(scene->bench, HOUR_MS, QUICK_MS),
	};

	week.started = store->start(&scene->broker, week.size, ENTRY_SIZE, scene->place->other);
	for (unsigned hour = 0; hour < hours; hour++) {
		uint64_t end = now_ns() + week.hour_ms * UINT64_C(1000000);

		change_mean(&week, hour);
		live_hour(&week);
		sleep_until(end);
		store->count(week.started, &ret_counts[hour]);
	}
	store->end(week.started);
}

/* What of it a row is about. */
static double unused(const struct store_count *count)
{
	return (double)count->size - (double)count->bytes;
}

static double unused_or_over(const struct store_count *count)
{
	return (double)count->size - (double)count->live;
}

static double waste(const struct store_count *count)
{
	return (double)count->waste;
}

static attr_unused double used(const struct store_count *count)
{
	return (double)count->bytes;
}

static attr_unused double resident(const struct store_count *count)
{
	return (double)count->resident;
}

/* Of the hours that are looked at, in percent of the size. */
static struct series percent_of(const struct store *store, const struct store_count *counts,
				unsigned hours, double (*of)(const struct store_count *count))
{
	double percent[HOURS];

	for (unsigned hour = FILLING; hour < hours; hour++)
		percent[hour - FILLING] = 100 * of(&counts[hour]) / (double)counts[hour].size;
	return series_of(store->name, "%", percent, hours - FILLING);
}

static void report(const struct scene *scene, const char *what, struct series series, double target)
{
	char row[96];

	snprintf(row, sizeof(row), "a week, %s: %s", what, series.name);
	report_value(scene->report, row, "", &series, target);
	series_fini(&series);
}

static void report_ours(const struct scene *scene, const struct store_count *counts, unsigned hours)
{
	struct series seen = percent_of(&store_ours, counts, hours, unused);
	struct series worst = series_of(seen.name, seen.unit, &seen.max, 1);

	report_note(scene->report, "a week in %u MiB, of which %.1f %% are the index",
		    (unsigned)(counts[0].size >> 20),
		    100 * (double)counts[0].index / (double)counts[0].size);
	report(scene, "not in use, median hour", seen, TARGET);
	report(scene, "not in use, worst hour", worst, TARGET);
	report(scene, "deleted or replaced", percent_of(&store_ours, counts, hours, waste), -1);
	report(scene, "not in use, or past its time",
	       percent_of(&store_ours, counts, hours, unused_or_over), -1);
}

void part_week(const struct scene *scene)
{
	unsigned hours = bench_count(scene->bench, HOURS, QUICK_HOURS);
	struct store_count counts[HOURS] = {0};

	live(scene, &store_ours, hours, counts);
	report_ours(scene, counts, hours);
#ifdef BENCH_MEMCACHED
	live(scene, &store_memcached, hours, counts);
	report(scene, "in use, as it counts", percent_of(&store_memcached, counts, hours, used),
	       -1);
	report(scene, "resident", percent_of(&store_memcached, counts, hours, resident), -1);
#endif
}
