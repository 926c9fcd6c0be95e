/*
 * Who is connected to evhttp, which bounds neither how many come nor how long they stay.
 *
 * How many: each connection has a place in a table. evhttp tells nobody when it is done with one,
 * so each is counted by its bufferevent, to which the table has a reference: when evhttp lets go of
 * that it takes its callbacks away, which is looked for as long as there are any connections. The
 * descriptor is closed with the last reference.
 *
 * How long: evhttp has a time for each wait, so that who sends a byte now and then would stay; here
 * a connection as a whole has one. It is then shut down, which evhttp takes for its peer's doing.
 * The same happens, when the table is full and somebody waits, to the oldest of the user who has
 * most of it: so nobody keeps another out.
 *
 * How much: evhttp reads on while it writes, and keeps what it has read. A high watermark ends
 * that. And how often: few are accepted in each interval.
 */
#ifndef MONITORING_CONNECTIONS_H
#define MONITORING_CONNECTIONS_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CONNECTIONS_MAX     32
#define CONNECTIONS_STAY_MS 5000

struct bufferevent;
struct evconnlistener;
struct event_base;
struct evhttp;

struct connection {
	struct bufferevent *bufferevent; /* NULL: the place is free */
	uint64_t until_ms;
	uid_t uid; /* CREDENTIALS_UID_UNMAPPED while it is not known */
	bool is_cut;
};

struct connections {
	struct evconnlistener *listener;
	struct event interval; /* runs while there are any, or none can be had */
	unsigned n_accepted;   /* in this interval */
	unsigned n;
	struct connection places[CONNECTIONS_MAX];
};

/*
 * Bound those that EVHTTP accepts at LISTENER, which is its own, from now on. CONNECTIONS stays
 * where it is. There is one at a time.
 */
void connections_init(struct connections *connections, struct event_base *base,
		      struct evhttp *evhttp, struct evconnlistener *listener);

/* EVHTTP is gone, and with it its connections; all that is left of them goes. */
void connections_fini(struct connections *connections);

#endif
