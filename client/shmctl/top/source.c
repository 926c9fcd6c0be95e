/*
 * Calls wait for the broker for seconds at most, and none is made while it is known to be away, so
 * that keys are answered.
 */
#include "source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "facts/gather.h"
#include "list.h"

#define CALL_MS     3000
#define COST_FACTOR 30 /* a list is asked for again after so many times what it took */

/* Why it is over, in the words of the library. */
static int give_up(struct top_source *source, int r)
{
	text_copy(source->fault, sizeof(source->fault), shmb_last_error());
	return r;
}

static int give_up_for_memory(struct top_source *source)
{
	static const char text[] = "there is no memory for a look at all objects; give a PREFIX";

	text_copy(source->fault, sizeof(source->fault), text);
	return -ENOMEM;
}

static void take_news(struct top_source *source, const struct shmb_event *event)
{
	struct top_object *object;

	/* What comes of looking is no news. */
	if (event->pid == (uint32_t)getpid())
		return;
	source->news_n++;
	source->objects_changed = true;
	if (event->news == SHMB_NEWS_OPENED || event->news == SHMB_NEWS_CLOSED ||
	    event->news == SHMB_NEWS_REMOVED)
		source->holders_changed = true;
	object = top_look_find(&source->look, event->object);
	if (object)
		object->news_n++;
}

static void take_event(struct top_source *source, const struct shmb_event *event)
{
	switch (event->type) {
	case SHMB_EVENT_NEWS:
		take_news(source, event);
		break;
	case SHMB_EVENT_DISCONNECTED:
		source->remarks.is_away = true;
		break;
	case SHMB_EVENT_RECONNECTED:
		source->remarks.is_away = false;
		source->objects_changed = source->holders_changed = true;
		break;
	case SHMB_EVENT_UNWATCHED:
		source->remarks.has_no_news = true;
		break;
	default:
		source->objects_changed = source->holders_changed = true;
		break;
	}
}

int top_source_read(struct top_source *source)
{
	struct shmb_event event;
	int r = shmb_dispatch(source->broker);

	if (r < 0)
		return give_up(source, r);
	while (shmb_next_event(source->broker, &event) == 0)
		take_event(source, &event);
	return 0;
}

/* A call has failed with R: it is over only when the connection is, or memory. */
static int judge_failure(struct top_source *source, int r)
{
	if (r == -ENOMEM)
		return give_up_for_memory(source);
	source->remarks.is_silent = r == -ETIMEDOUT;
	source->objects_changed = source->holders_changed = true;
	return top_source_read(source);
}

/* When a list that began to be asked for at START is due again. */
static uint64_t due_after(uint64_t start)
{
	uint64_t now = clock_now_ns();

	return now + (now - start) * COST_FACTOR;
}

/* The news of the look before are kept: they are not of this one's time. */
static int list_objects(struct top_source *source, struct top_look *look)
{
	autogathering list = {.size = sizeof(struct top_object)};
	uint64_t start = clock_now_ns();
	int r;

	source->objects_changed = false;
	r = top_list_objects(source->broker, source->prefix, &list);
	if (r < 0)
		return r;
	top_look_take_objects(look, list.elements, list.n);
	list.elements = NULL;
	top_sights_subtract(&source->sights, look);
	source->objects_due_ns = due_after(start);
	return 0;
}

static int list_holders(struct top_source *source, struct top_look *look)
{
	autogathering list = {.size = sizeof(struct shmb_holder)};
	uint64_t start = clock_now_ns();
	int r;

	source->holders_changed = false;
	r = top_list_holders(source->broker, &list);
	if (r < 0)
		return r;
	r = top_look_take_holders(look, list.elements, list.n);
	source->holders_due_ns = due_after(start);
	return r;
}

/* What the broker says now, into LOOK, which is as it said last. */
static int ask_broker(struct top_source *source, struct top_look *look, bool shows_programs)
{
	uint64_t now = clock_now_ns();
	bool has_waits = look->totals.parked > 0;
	int r = shmb_status(source->broker, &look->totals);

	if (r < 0)
		return r;
	/* Who begins or ends to wait is not told. */
	has_waits = has_waits || look->totals.parked > 0 || source->remarks.has_no_news;
	if ((source->objects_changed || has_waits) && now >= source->objects_due_ns)
		r = list_objects(source, look);
	if (r == 0 && shows_programs && (source->holders_changed || has_waits) &&
	    now >= source->holders_due_ns)
		r = list_holders(source, look);
	return r;
}

/* NEXT takes the place of the look, and is compared with it. */
static void replace_look(struct top_source *source, struct top_look *next)
{
	const double ns_per_second = 1e9;
	uint64_t passed;

	next->at_ns = clock_now_ns();
	passed = next->at_ns - source->look.at_ns;
	top_look_compare(&source->look, next);
	source->remarks.news_rate =
		source->look.at_ns && passed
			? (double)source->news_n * ns_per_second / (double)passed
			: 0;
	source->remarks.not_seen = source->sights.not_seen;
	source->news_n = 0;
	top_look_free(&source->look);
	source->look = *next;
}

int top_source_look(struct top_source *source, const struct top_view *view)
{
	struct top_look next;
	bool is_here;
	int r = top_source_read(source);

	if (r < 0)
		return r;
	if (top_look_copy(&source->look, &next) < 0)
		return give_up_for_memory(source);
	if (!source->remarks.is_away)
		r = ask_broker(source, &next, view->shows_programs);
	source->remarks.is_silent = false;
	if (r < 0)
		r = judge_failure(source, r);
	if (r < 0) {
		top_look_free(&next);
		return r;
	}
	is_here = !source->remarks.is_away;
	top_sights_look(&source->sights, is_here ? source->broker : NULL, &next, view->filter);
	replace_look(source, &next);
	return 0;
}

int top_source_begin(struct top_source *source, const char *socket, const char *prefix)
{
	const struct shmb_connect_options options = {.socket = socket,
						     .program = "shmctl",
						     .timeout_ms = CALL_MS};
	int r;

	*source = (struct top_source){.prefix = prefix,
				      .objects_changed = true,
				      .holders_changed = true};
	r = shmb_connect(&options, &source->broker);
	if (r < 0)
		return give_up(source, r);
	r = shmb_watch_begin(source->broker, prefix, &source->watch);
	if (r < 0 && r != -EDQUOT)
		return give_up(source, r);
	source->remarks.has_no_news = r < 0;
	return 0;
}

void top_source_rest(struct top_source *source)
{
	top_sights_close(&source->sights);
}

void top_source_end(struct top_source *source)
{
	top_sights_close(&source->sights);
	shmb_watch_end(source->watch);
	shmb_disconnect(source->broker);
	top_look_free(&source->look);
}
