/*
 * The broker is asked for all objects and all holders once. Then caches and streams are looked into
 * one after the other, each attached for no longer than that.
 */
#include "figures.h"

#include <stdlib.h>
#include <string.h>

#include "wire/vocabulary.h"
#include "words/complain.h"
#include "words/format.h"

static int compare_names(const void *one, const void *other)
{
	return strcmp(((const struct shmb_object *)one)->name,
		      ((const struct shmb_object *)other)->name);
}

static int compare_uids(const void *one, const void *other)
{
	uint32_t uid = ((const struct shmb_holder *)one)->uid;
	uint32_t other_uid = ((const struct shmb_holder *)other)->uid;

	return (uid > other_uid) - (uid < other_uid);
}

static void add_up(struct figures *figures, const struct shmb_object *object)
{
	for (size_t i = 0; i < FIGURES_KINDS; i++) {
		struct figures_kind *kind = &figures->kinds[i];

		if (kind->kind != object->kind || kind->backing != object->backing)
			continue;
		kind->objects++;
		kind->bytes += object->size;
		kind->holders += object->holders;
		kind->waiting += object->waiting;
	}
}

/* HOLDERS are put into the order of their users. */
static int count_users(struct figures *figures, struct gathering *holders)
{
	struct shmb_holder *all = holders->elements;

	figures->users = calloc(holders->n + 1, sizeof(*figures->users));
	if (!figures->users)
		return complain_failed("there is no memory for the users of the broker");
	if (holders->n == 0)
		return STATUS_DONE;
	qsort(all, holders->n, sizeof(*all), compare_uids);
	for (size_t i = 0; i < holders->n; i++) {
		if (i == 0 || all[i - 1].uid != all[i].uid)
			figures->users[figures->users_n++].uid = all[i].uid;
		figures->users[figures->users_n - 1].holds++;
	}
	qsort(figures->users, figures->users_n, sizeof(*figures->users), figures_compare_users);
	return STATUS_DONE;
}

/* Whether it could be looked at: what may not be read is left out, and so is what has gone. */
static bool look_at_cache(struct shmb_connection *broker, const char *name,
			  struct cache_report *report)
{
	struct shmb_cache *cache;
	int r;

	if (shmb_cache_open(broker, name, NULL, &cache) < 0)
		return false;
	*report = (struct cache_report){.name = name};
	shmb_cache_info(cache, &report->facts);
	r = shmb_cache_stats(cache, false, &report->stats);
	shmb_cache_close(cache);
	return r == 0;
}

static void look_at_lanes(const struct shmb_stream *stream, struct figures_stream *figures)
{
	for (unsigned i = 0; i < figures->lanes; i++) {
		struct shmb_lane_facts lane;

		if (shmb_stream_lane(stream, i, &lane) != 0)
			continue;
		figures->producers += lane.has_producer;
		figures->full += lane.has_producer && lane.is_full;
		figures->sent += lane.sent;
		figures->kept += lane.kept;
	}
}

static void look_at_seats(const struct shmb_stream *stream, unsigned seats,
			  struct figures_stream *figures)
{
	for (unsigned i = 0; i < seats; i++) {
		struct shmb_seat_facts seat;

		if (shmb_stream_seat(stream, i, &seat) != 0 || (!seat.is_here && !seat.name[0]))
			continue;
		figures->consumers += seat.is_here;
		figures->away += !seat.is_here;
		figures->held += seat.held;
		figures->lost += seat.lost;
		if (seat.behind > figures->behind)
			figures->behind = seat.behind;
	}
}

/* The broker is not asked who the producers and consumers are: the roster says who lives. */
static bool look_at_stream(struct shmb_connection *broker, const char *name,
			   struct figures_stream *figures)
{
	struct shmb_stream_facts facts;
	struct shmb_stream *stream;

	if (shmb_stream_open(broker, name, NULL, &stream) < 0)
		return false;
	shmb_stream_info(stream, &facts);
	*figures = (struct figures_stream){.name = name, .lanes = facts.lanes};
	look_at_lanes(stream, figures);
	look_at_seats(stream, facts.consumers, figures);
	shmb_stream_close(stream);
	return true;
}

static void look_into(struct shmb_connection *broker, const struct shmb_object *object,
		      size_t limit, struct figures *figures)
{
	bool is_ready = object->state == SHMB_STATE_READY;
	enum format format = format_of(object);

	if (format == FORMAT_CACHE) {
		if (is_ready && figures->caches_n < limit &&
		    look_at_cache(broker, object->name, &figures->caches[figures->caches_n]))
			figures->caches_n++;
		else
			figures->caches_left++;
	} else if (format == FORMAT_STREAM) {
		if (is_ready && figures->streams_n < limit &&
		    look_at_stream(broker, object->name, &figures->streams[figures->streams_n]))
			figures->streams_n++;
		else
			figures->streams_left++;
	}
}

static int look_at_objects(struct shmb_connection *broker, size_t limit, struct figures *figures)
{
	struct gathering *objects = &figures->objects;
	size_t most = limit < objects->n ? limit : objects->n;

	figures->caches = calloc(most + 1, sizeof(*figures->caches));
	figures->streams = calloc(most + 1, sizeof(*figures->streams));
	if (!figures->caches || !figures->streams)
		return complain_failed("there is no memory for %zu caches and streams; ask for "
				       "fewer with --limit",
				       most);
	if (objects->n > 0)
		qsort(objects->elements, objects->n, objects->size, compare_names);
	for (size_t i = 0; i < objects->n; i++) {
		const struct shmb_object *object = (struct shmb_object *)objects->elements + i;

		add_up(figures, object);
		look_into(broker, object, limit, figures);
	}
	return STATUS_DONE;
}

int figures_gather(struct shmb_connection *broker, size_t limit, struct figures *ret_figures)
{
	autogathering holders = {.size = sizeof(struct shmb_holder)};
	int status;

	*ret_figures = (struct figures){
		.kinds = FIGURES_KINDS_EMPTY,
		.objects.size = sizeof(struct shmb_object),
	};
	if (shmb_status(broker, &ret_figures->totals) < 0)
		return complain_library();
	status = gather_objects(broker, NULL, &ret_figures->objects);
	if (status == STATUS_DONE)
		status = gather_holders(broker, NULL, &holders);
	if (status == STATUS_DONE)
		status = count_users(ret_figures, &holders);
	return status == STATUS_DONE ? look_at_objects(broker, limit, ret_figures) : status;
}

void figures_free(struct figures *figures)
{
	free(figures->users);
	free(figures->caches);
	free(figures->streams);
	free(figures->objects.elements);
}
