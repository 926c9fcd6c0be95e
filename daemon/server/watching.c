/*
 * From an observer's callbacks to the packets of those that watch. A callback may stand in the
 * midst of the ledger, so nothing is sent from it: the packet waits for the next turn of the loop.
 */
#include "server/watching.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "rules/table.h"
#include "server/peer.h"
#include "server/server.h"
#include "server/visible.h"

#define PAUSE_MS 10 /* between two packets of news to one connection, at least */

/* One prefix. */
struct watch {
	struct watch *prev, *next;
	struct peer *peer;
	struct charge charge;
	uint32_t number;
	size_t prefix_size;
	char prefix[];
};

/* One connection. */
struct watcher {
	struct watcher *prev, *next;
	struct peer *peer;
	struct watch *watches;
	struct wire_news_event gathered;
};

/* Gathering. */

static bool wants(const struct watcher *watcher, const char *name)
{
	const struct watch *watch;

	DL_FOREACH(watcher->watches, watch)
	if (strncmp(name, watch->prefix, watch->prefix_size) == 0)
		return true;
	return false;
}

/* Once something is missed everything is until that has been told: so it lies behind the rest, and
 * a watcher that is full costs nothing more. */
static void gather(struct watching *watching, struct watcher *watcher, const struct wire_news *news)
{
	struct wire_news_event *gathered = &watcher->gathered;

	if (wire_append(&gathered->entries, &wire_news_shape, watcher->peer->version, news) == 0)
		return;
	gathered->missed = 1;
	DL_DELETE(watching->listening, watcher);
	DL_APPEND(watching->full, watcher);
}

static void send_soon(struct watching *watching)
{
	uint64_t since_ms = clock_now_ms() - watching->sent_ms;
	struct timeval delay = clock_timeval(since_ms < PAUSE_MS ? PAUSE_MS - since_ms : 0);

	if (event_pending(&watching->send_news, EV_TIMEOUT, NULL))
		return;
	/* Without memory for a timer the news goes with the next that comes. */
	(void)event_add(&watching->send_news, &delay);
}

static void tell(struct watching *watching, const struct object *object, struct wire_news *news)
{
	struct watcher *watcher, *next;
	bool is_wanted = false;

	news->object = object->id;
	news->generation = object->generation;
	text_copy(news->name, sizeof(news->name), object->name);
	DL_FOREACH_SAFE(watching->listening, watcher, next)
	{
		/* A connection whose member just ended is about to end too. */
		if (!watcher->peer->member || !wants(watcher, object->name) ||
		    !visible_to(watcher->peer, object))
			continue;
		gather(watching, watcher, news);
		is_wanted = true;
	}
	if (is_wanted)
		send_soon(watching);
}

static void tell_deed(struct observer *observer, const struct object *object,
		      const struct member *actor, struct wire_news news)
{
	struct watching *watching = container_of(observer, struct watching, observer);

	if (!watching->listening)
		return;
	if (actor) {
		news.uid = actor->credentials.uid;
		news.pid = (uint32_t)actor->credentials.pid;
		text_copy(news.program, sizeof(news.program), actor->program);
	}
	tell(watching, object, &news);
}

static void on_created(struct observer *observer, struct object *object)
{
	tell_deed(observer, object, object->registry->actor,
		  (struct wire_news){.kind = WIRE_NEWS_CREATED});
}

static void on_held(struct observer *observer, struct hold *hold)
{
	tell_deed(observer, hold->object, hold->member,
		  (struct wire_news){.kind = WIRE_NEWS_OPENED, .access = hold->access});
}

static void on_released(struct observer *observer, struct hold *hold)
{
	tell_deed(observer, hold->object, hold->member,
		  (struct wire_news){.kind = WIRE_NEWS_CLOSED, .access = hold->access});
}

static void on_permitted(struct observer *observer, struct object *object,
			 const struct permission_change *change)
{
	(void)change;
	tell_deed(observer, object, object->registry->actor,
		  (struct wire_news){.kind = WIRE_NEWS_PERMITTED});
}

static void on_ready(struct observer *observer, struct object *object)
{
	tell_deed(observer, object, object->registry->actor,
		  (struct wire_news){.kind = WIRE_NEWS_READY});
}

static void on_vacated(struct observer *observer, struct object *object)
{
	tell_deed(observer, object, object->registry->actor,
		  (struct wire_news){.kind = WIRE_NEWS_VACATED});
}

static void on_removed(struct observer *observer, struct object *object, enum wire_ending ending)
{
	tell_deed(observer, object, object->registry->actor,
		  (struct wire_news){.kind = WIRE_NEWS_REMOVED, .ending = (uint8_t)ending});
}

/* Sending. */

static void send_gathered(struct watching *watching, struct watcher *watcher)
{
	struct wire_header header = {
		.version = (uint8_t)watcher->peer->version,
		.type = WIRE_EVENT,
		.code = WIRE_EVENT_NEWS,
	};
	struct wire_news_event *gathered = &watcher->gathered;

	/* Behind what waits already it would only grow old: watching_catch_up() sends it then. */
	if (gathered->entries.size == 0 || !outbox_is_empty(&watcher->peer->outbox))
		return;
	peer_send(watcher->peer, &header, &wire_news_event_shape, gathered, -1);
	gathered->entries.size = 0;
	if (gathered->missed) {
		gathered->missed = 0;
		DL_DELETE(watching->full, watcher);
		DL_APPEND(watching->listening, watcher);
	}
}

static void on_send_news(evutil_socket_t fd, short what, void *data)
{
	struct watching *watching = data;
	struct watcher *watcher, *next;

	(void)fd;
	(void)what;
	watching->sent_ms = clock_now_ms();
	DL_FOREACH(watching->listening, watcher)
	send_gathered(watching, watcher);
	DL_FOREACH_SAFE(watching->full, watcher, next)
	send_gathered(watching, watcher);
}

void watching_catch_up(struct peer *peer)
{
	if (peer->watcher)
		send_gathered(&peer->server->watching, peer->watcher);
}

/* Who watches. */

void watching_init(struct server *server)
{
	struct watching *watching = &server->watching;

	watching->observer = (struct observer){
		.created = on_created,
		.held = on_held,
		.released = on_released,
		.permitted = on_permitted,
		.ready = on_ready,
		.vacated = on_vacated,
		.removed = on_removed,
	};
	(void)event_assign(&watching->send_news, server->base, -1, 0, on_send_news, watching);
	registry_observe(server->registry, &watching->observer);
}

void watching_fini(struct server *server)
{
	(void)event_del(&server->watching.send_news);
}

static struct watcher *watcher_of(struct peer *peer)
{
	struct watcher *watcher = peer->watcher;

	if (watcher)
		return watcher;
	watcher = calloc(1, sizeof(*watcher));
	if (!watcher)
		return NULL;
	watcher->peer = peer;
	peer->watcher = watcher;
	DL_APPEND(peer->server->watching.listening, watcher);
	return watcher;
}

static void watcher_end_if_idle(struct watcher *watcher)
{
	struct peer *peer = watcher->peer;
	struct watching *watching = &peer->server->watching;

	if (watcher->watches)
		return;
	if (watcher->gathered.missed)
		DL_DELETE(watching->full, watcher);
	else
		DL_DELETE(watching->listening, watcher);
	peer->watcher = NULL;
	free(watcher);
}

static struct watch *find_watch(const struct watcher *watcher, uint32_t number)
{
	struct watch *watch;

	DL_FOREACH(watcher->watches, watch)
	if (watch->number == number)
		return watch;
	return NULL;
}

static void watch_free(struct watcher *watcher, struct watch *watch)
{
	DL_DELETE(watcher->watches, watch);
	charge_end(&watch->charge);
	free(watch);
}

static struct watch *watch_new(struct peer *peer, uint32_t number, const char *prefix)
{
	size_t size = strlen(prefix);
	struct watch *watch = calloc(1, sizeof(*watch) + size + 1);

	if (!watch)
		return NULL;
	watch->peer = peer;
	watch->number = number;
	watch->prefix_size = size;
	memcpy(watch->prefix, prefix, size + 1);
	return watch;
}

int watching_begin(struct peer *peer, uint32_t number, const char *prefix, uint64_t limit)
{
	struct watcher *watcher = watcher_of(peer);
	struct watch *watch = watch_new(peer, number, prefix);
	struct watch *before = watcher ? find_watch(watcher, number) : NULL;
	int r = watcher && watch ? 0 : -ENOMEM;

	if (r == 0 && before)
		charge_move(&watch->charge, &before->charge);
	else if (r == 0)
		r = charge_take(&watch->charge, &peer->server->registry->quota,
				peer->credentials.uid, RESOURCE_WATCHES, 1, limit);
	if (r == 0) {
		DL_APPEND(watcher->watches, watch);
		if (before)
			watch_free(watcher, before);
	} else {
		free(watch);
		if (watcher)
			watcher_end_if_idle(watcher);
	}
	return r;
}

int watching_end(struct peer *peer, uint32_t number)
{
	struct watch *watch = peer->watcher ? find_watch(peer->watcher, number) : NULL;

	if (!watch)
		return -ENOENT;
	watch_free(peer->watcher, watch);
	watcher_end_if_idle(peer->watcher);
	return 0;
}

void watching_forget_peer(struct peer *peer)
{
	struct watcher *watcher = peer->watcher;

	if (!watcher)
		return;
	while (watcher->watches)
		watch_free(watcher, watcher->watches);
	watcher_end_if_idle(watcher);
}

const struct peer *watching_payer(const struct charge *charge)
{
	return container_of(charge, struct watch, charge)->peer;
}

unsigned watching_count(const struct peer *peer)
{
	const struct watch *watch;
	unsigned n = 0;

	if (peer->watcher)
		DL_FOREACH(peer->watcher->watches, watch)
	n++;
	return n;
}
