/*
 * The broker proves to its service manager that it is alive, by a request to itself that has gone
 * through the loop, the dispatcher and a handler like anybody's. Where the manager does not want to
 * know, this does nothing.
 */
#ifndef DAEMON_WATCHDOG_H
#define DAEMON_WATCHDOG_H

#include <event2/event_struct.h>
#include <stdint.h>

struct notify;
struct server;

struct watchdog {
	const struct notify *notify;
	struct server *server;
	struct event ping; /* it is time for the proof */
	struct event echo; /* the request has an answer */
	uint64_t ping_ms;  /* 0: nobody wants to know */
	int self;          /* our end of the connection to itself; -1 between two pings */
};

/* SERVER is running. NOTIFY is borrowed. Returns 0 or -ENOMEM. */
int watchdog_init(struct watchdog *watchdog, struct server *server, const struct notify *notify);
void watchdog_fini(struct watchdog *watchdog);

#endif
