/*
 * The broker as a service: what its manager is told of it. That it is ready, reloads, ends; a line
 * with live figures; and that it is alive, which it proves by a request to itself that has gone
 * through the loop, the dispatcher and a handler like anybody's.
 *
 * Without a manager all of this does nothing.
 */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "notify.h"
#include "objects/registry.h"

struct server;

struct service {
	const struct notify *notify;
	struct server *server;
	struct observer observer;
	struct event status; /* the figures have changed and are told soon */
	struct event ping;   /* it is time to prove to be alive */
	struct event echo;   /* the request to itself has an answer */
	uint64_t ping_ms;    /* 0: nobody wants to know */
	int self;            /* our end of the connection to itself; -1 between two pings */
};

/* SERVER is running. NOTIFY is borrowed. Returns 0 or -ENOMEM. */
int service_init(struct service *service, struct server *server, const struct notify *notify);
void service_fini(struct service *service);

void service_say_ready(struct service *service);
void service_say_reloading(struct service *service);
void service_say_ending(struct service *service);

#endif
