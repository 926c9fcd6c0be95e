/*
 * Listening, and what the server does when objects and members change: openers that wait try again,
 * holders are told, the connection of a member that ended is closed.
 */
#include "server/server.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/text.h"
#include "log.h"
#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "server/lingering.h"
#include "server/listener.h"
#include "server/parked.h"
#include "server/peer.h"

static struct server *server_of(struct observer *observer)
{
	return container_of(observer, struct server, observer);
}

static void on_ready(struct observer *observer, struct object *object)
{
	(void)observer;
	parked_wake(object);
}

static void on_vacated(struct observer *observer, struct object *object)
{
	(void)observer;
	parked_wake_heir(object);
}

static void tell_removed(struct peer *peer, const struct object *object, uint64_t generation,
			 enum wire_ending ending)
{
	struct wire_removed_event event = {
		.object = object->id,
		.generation = generation,
		.ending = (uint8_t)ending,
	};
	struct wire_header header = {
		.version = (uint8_t)peer->version,
		.type = WIRE_EVENT,
		.code = WIRE_EVENT_REMOVED,
	};

	text_copy(event.name, sizeof(event.name), object->name);
	peer_send(peer, &header, &wire_removed_event_shape, &event, -1);
}

static void on_removed(struct observer *observer, struct object *object, enum wire_ending ending)
{
	struct server *server = server_of(observer);
	struct hold *hold;

	parked_forget_object(object);
	DL_FOREACH2(object->holds, hold, object_next)
	{
		struct member *member = hold->member;

		/* Once, however often it has the object open. */
		if (!member->peer || member->told_of == object->id)
			continue;
		member->told_of = object->id;
		tell_removed(member->peer, object, hold->generation, ending);
	}
	server_update_idle(server);
}

static void on_member_ended(struct observer *observer, struct member *member)
{
	struct peer *peer = member->peer;

	if (peer) {
		peer->member = NULL;
		peer_drop(peer);
	}
	server_update_idle(server_of(observer));
}

static void on_idle(evutil_socket_t fd, short what, void *data)
{
	struct server *server = data;

	(void)fd;
	(void)what;
	listener_accept(server);
	if (server->n_peers > 0 || server->registry->by_id || server->registry->members)
		return;
	if (server->may_end && !server->may_end(server->may_end_data))
		server_update_idle(server);
}

void server_update_idle(struct server *server)
{
	uint64_t ms = server->settings.idle_exit_ms;
	struct timeval delay = clock_timeval(ms);

	if (ms == 0)
		return;
	if (server->n_peers > 0)
		(void)event_del(&server->idle);
	else
		(void)event_add(&server->idle, &delay);
}

static uint64_t own_ipc_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/ipc", &st) < 0 ? 0 : st.st_ino;
}

int server_init(struct server *server, struct event_base *base, struct registry *registry,
		const struct server_settings *settings, int take_listener)
{
	int r;

	*server = (struct server){
		.base = base,
		.registry = registry,
		.settings = *settings,
		.observer = {.ready = on_ready,
			     .vacated = on_vacated,
			     .removed = on_removed,
			     .member_ended = on_member_ended},
		.started_ms = clock_now_ms(),
		.ipc_namespace = own_ipc_namespace(),
		.listener = take_listener,
		.spare = -1,
	};
	memcpy(server->instance, settings->instance, sizeof(server->instance));
	parked_init(server);
	under_way_init(server);
	lingering_init(server);
	closing_init(server);
	(void)event_assign(&server->idle, base, -1, 0, on_idle, server);
	registry_observe(registry, &server->observer);
	watching_init(server);
	turns_init(server, peer_serve);
	r = listener_init(server);
	if (r == 0)
		server_update_idle(server);
	return r;
}

/* Nothing is answered from now on. Whoever does not take in the answers that he has is not told:
 * some of them are lost with the connection. */
static void tell_ending(struct server *server)
{
	struct peer *peer;

	DL_FOREACH(server->peers, peer)
	{
		const struct wire_header header = {
			.version = (uint8_t)peer->version,
			.type = WIRE_EVENT,
			.code = WIRE_EVENT_ENDING,
		};

		if (outbox_flush(&peer->outbox) == 0)
			peer_send(peer, &header, &wire_empty_shape, NULL, -1);
	}
}

void server_stop(struct server *server)
{
	listener_fini(server);
	parked_fini(server);
	tell_ending(server);
	server->settings.idle_exit_ms = 0;
	(void)event_del(&server->idle);
}

void server_fini(struct server *server)
{
	while (server->peers)
		peer_drop(server->peers);
	watching_fini(server);
	turns_fini(server);
	under_way_fini(server);
	lingering_fini(server);
	closing_fini(server);
}
