/*
 * The broker as a service: what its manager is told of it. That it is ready, reloads, ends; and a
 * line with live figures. That it is alive is told by watchdog.h.
 *
 * Without a manager all of this does nothing.
 */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include <event2/event_struct.h>

#include "notify.h"
#include "objects/registry.h"

#define SERVICE_TEXT_MAX 320

struct server;

struct service {
	const struct notify *notify;
	struct server *server;
	struct observer observer;
	struct event status;           /* the figures have changed and are told soon */
	struct event again;            /* what the manager has not taken is said again */
	char unsaid[SERVICE_TEXT_MAX]; /* "": it has taken all */
};

/* SERVER is running. NOTIFY is borrowed. */
void service_init(struct service *service, struct server *server, const struct notify *notify);
void service_fini(struct service *service);

void service_say_ready(struct service *service);
void service_say_reloading(struct service *service);
void service_say_ending(struct service *service);

#endif
