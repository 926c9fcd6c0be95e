#include "sight.h"

#include <string.h>

#include <shmbroker/cache.h>
#include <shmbroker/state.h>
#include <shmbroker/stream.h>

#define OPENED_AT_ONCE 32 /* in one look, each of which asks the broker */

static bool is_open(const struct top_sight *sight)
{
	return sight->state || sight->stream || sight->cache;
}

static void close_sight(struct top_sight *sight)
{
	shmb_state_close(sight->state);
	shmb_stream_close(sight->stream);
	shmb_cache_close(sight->cache);
	*sight = (struct top_sight){0};
}

static struct top_sight *find(struct top_sights *sights, uint64_t id)
{
	for (size_t i = 0; i < sights->n; i++)
		if (sights->sights[i].id == id)
			return &sights->sights[i];
	return NULL;
}

void top_sights_subtract(const struct top_sights *sights, struct top_look *look)
{
	for (size_t i = 0; i < sights->n; i++) {
		struct top_object *object = is_open(&sights->sights[i])
						    ? top_look_find(look, sights->sights[i].id)
						    : NULL;

		if (object && object->holders > 0 && object->readers > 0) {
			object->holders--;
			object->readers--;
		}
	}
}

/* Of an object that has memory of a known form, and is held by others. */
static bool is_of_interest(const struct top_object *object, const char *filter)
{
	return (object->format == FORMAT_STATE || object->format == FORMAT_STREAM ||
		object->format == FORMAT_CACHE) &&
	       object->is_ready && object->holders > 0 && strstr(object->name, filter);
}

/* What may not be opened is remembered, and not asked for again. */
static struct top_sight *open_sight(struct top_sights *sights, struct shmb_connection *broker,
				    const struct top_object *object)
{
	struct top_sight *sight = &sights->sights[sights->n++];

	*sight = (struct top_sight){.id = object->id};
	if (object->format == FORMAT_STATE)
		(void)shmb_state_open(broker, object->name, NULL, &sight->state);
	else if (object->format == FORMAT_STREAM)
		(void)shmb_stream_open(broker, object->name, NULL, &sight->stream);
	else
		(void)shmb_cache_open(broker, object->name, NULL, &sight->cache);
	return sight;
}

static void count_state(const struct shmb_state *state, struct top_counts *counts)
{
	*counts = (struct top_counts){
		.is_known = true,
		.done = shmb_state_version(state),
		.lock_waits = shmb_state_lock_waits(state),
	};
}

static void count_stream(const struct shmb_stream *stream, struct top_counts *counts)
{
	struct shmb_stream_facts facts;
	struct shmb_lane_facts lane;

	shmb_stream_info(stream, &facts);
	*counts = (struct top_counts){.is_known = true};
	for (unsigned i = 0; i < facts.lanes; i++)
		if (shmb_stream_lane(stream, i, &lane) == 0) {
			counts->done += lane.sent;
			counts->producers += lane.has_producer && lane.is_full;
		}
}

static void count_cache(const struct shmb_cache *cache, struct top_counts *counts)
{
	struct shmb_cache_stats stats;

	if (shmb_cache_stats(cache, false, &stats) < 0)
		return;
	*counts = (struct top_counts){
		.is_known = true,
		.done = stats.hits + stats.misses + stats.sets + stats.deletes,
		.fill_waits = stats.fill_waits,
		.lock_waits = stats.lock_waits,
	};
}

static void count(const struct top_sight *sight, struct top_counts *counts)
{
	if (sight->state)
		count_state(sight->state, counts);
	else if (sight->stream)
		count_stream(sight->stream, counts);
	else if (sight->cache)
		count_cache(sight->cache, counts);
}

static void close_unwanted(struct top_sights *sights)
{
	size_t n = 0;

	for (size_t i = 0; i < sights->n; i++)
		if (sights->sights[i].is_wanted)
			sights->sights[n++] = sights->sights[i];
		else
			close_sight(&sights->sights[i]);
	sights->n = n;
}

void top_sights_look(struct top_sights *sights, struct shmb_connection *broker,
		     struct top_look *look, const char *filter)
{
	unsigned opened = 0;

	for (size_t i = 0; i < sights->n; i++) {
		const struct top_object *object = top_look_find(look, sights->sights[i].id);

		sights->sights[i].is_wanted = object && is_of_interest(object, filter);
	}
	close_unwanted(sights);
	sights->not_seen = 0;
	for (size_t i = 0; i < look->objects_n; i++) {
		struct top_object *object = &look->objects[i];
		struct top_sight *sight;

		if (!is_of_interest(object, filter))
			continue;
		sight = find(sights, object->id);
		if (!sight && broker && sights->n < TOP_SIGHTS_MAX && opened++ < OPENED_AT_ONCE)
			sight = open_sight(sights, broker, object);
		if (sight)
			count(sight, &object->counts);
		sights->not_seen += !object->counts.is_known;
	}
}

void top_sights_close(struct top_sights *sights)
{
	for (size_t i = 0; i < sights->n; i++)
		close_sight(&sights->sights[i]);
	sights->n = 0;
}
