/*
 * Events for programs: an object a line, so that each is read when it comes.
 */
#include "facts/happening.h"
#include "shape.h"
#include "watch.h"
#include "wire/vocabulary.h"

#define MS_PER_S  1000
#define NS_PER_MS 1000000

/* What the watch is told of an object; all of it null where something happened to the watch. */
static void put_object(struct shape *shape, const struct shmb_event *event)
{
	bool is_news = event->type == SHMB_EVENT_NEWS;

	shape_put_text_or_null(shape, "name", event->name);
	if (is_news) {
		shape_put_id(shape, "id", event->object);
		shape_put_number(shape, "generation", event->generation);
	} else {
		shape_put(shape, "id", json_null());
		shape_put(shape, "generation", json_null());
	}
	shape_put_text_or_null(shape, "access",
			       event->access ? wire_access_text(event->access) : NULL);
	shape_put_text_or_null(shape, "why",
			       event->news == SHMB_NEWS_REMOVED ? wire_ending_text(event->ending)
								: NULL);
}

/* Who did it; all of it null where nobody asked for it. */
static void put_actor(struct shape *shape, const struct shmb_event *event)
{
	shape_put(shape, "uid", event->pid ? json_integer(event->uid) : json_null());
	shape_put(shape, "pid", event->pid ? json_integer(event->pid) : json_null());
	shape_put_text_or_null(shape, "program", event->pid ? event->program : NULL);
}

int output_watch_json(FILE *out, const struct happening *happening)
{
	const struct timespec *time = &happening->time;
	struct shape shape = shape_object();

	shape_put_number(&shape, "time_ms",
			 (uint64_t)time->tv_sec * MS_PER_S + (uint64_t)time->tv_nsec / NS_PER_MS);
	shape_put_text(&shape, "event", happening_word(happening));
	put_object(&shape, &happening->event);
	put_actor(&shape, &happening->event);
	return shape_print_line(out, shape);
}
