#include "monitoring/connections.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "log.h"
#include "rules/credentials.h"

#define ACCEPTS_MAX 8 /* in each */
#define INTERVAL_MS 10
#define INPUT_MAX   16384 /* in memory, for each */

/* Whom errors of the listener are about: what they are called with is evhttp's. */
static struct connections *only;

/* Coming. */

static void begin_interval(struct connections *connections)
{
	const struct timeval interval = clock_timeval(INTERVAL_MS);

	if (!event_pending(&connections->interval, EV_TIMEOUT, NULL))
		(void)event_add(&connections->interval, &interval);
}

static void pause_accepting(struct connections *connections)
{
	(void)evconnlistener_disable(connections->listener);
	begin_interval(connections);
}

static struct connection *free_place(struct connections *connections)
{
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		if (!connections->places[i].bufferevent)
			return &connections->places[i];
	return NULL;
}

/* For a connection that was accepted just now; evhttp gives it its socket. NULL: evhttp tries. */
static struct bufferevent *make_bufferevent(struct event_base *base, void *data)
{
	struct connections *connections = data;
	struct connection *place = free_place(connections);
	struct bufferevent *bufferevent =
		place ? bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE) : NULL;

	connections->n_accepted++;
	if (bufferevent) {
		bufferevent_setwatermark(bufferevent, EV_READ, 0, INPUT_MAX);
		bufferevent_incref(bufferevent);
		*place = (struct connection){.bufferevent = bufferevent,
					     .until_ms = deadline_in_ms(CONNECTIONS_STAY_MS),
					     .uid = CREDENTIALS_UID_UNMAPPED};
		connections->n++;
	}
	if (connections->n == CONNECTIONS_MAX || connections->n_accepted == ACCEPTS_MAX)
		pause_accepting(connections);
	else
		begin_interval(connections);
	return bufferevent;
}

static void on_accept_error(struct evconnlistener *listener, void *data)
{
	(void)listener;
	(void)data;
	log_peer("who wants to read the figures waits: %m; raise the limit of open files "
		 "(LimitNOFILE)");
	pause_accepting(only);
}

/* Going. */

/* Whether evhttp has let go of it. */
static bool is_over(const struct connection *connection)
{
	bufferevent_event_cb on_event = NULL;

	bufferevent_getcb(connection->bufferevent, NULL, NULL, &on_event, NULL);
	return !on_event;
}

static void end(struct connections *connections, struct connection *connection)
{
	bufferevent_decref(connection->bufferevent);
	connection->bufferevent = NULL;
	connections->n--;
}

static void cut(struct connection *connection)
{
	connection->is_cut = true;
	(void)shutdown(bufferevent_getfd(connection->bufferevent), SHUT_RDWR);
}

static void end_those_whose_time_is_over(struct connections *connections)
{
	uint64_t now = clock_now_ms();

	for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &connections->places[i];

		if (!connection->bufferevent)
			continue;
		if (is_over(connection))
			end(connections, connection);
		else if (!connection->is_cut && now >= connection->until_ms)
			cut(connection);
	}
}

/* Too many: the table is full. */

static void name_users(struct connections *connections)
{
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &connections->places[i];
		struct credentials user;

		if (connection->uid == CREDENTIALS_UID_UNMAPPED &&
		    credentials_without_groups(bufferevent_getfd(connection->bufferevent), &user) ==
			    0)
			connection->uid = user.uid;
	}
}

static unsigned number_of(const struct connections *connections, uid_t uid)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		n += connections->places[i].uid == uid && !connections->places[i].is_cut;
	return n;
}

static bool goes_before(const struct connections *connections, const struct connection *connection,
			const struct connection *other)
{
	unsigned n = number_of(connections, connection->uid);
	unsigned other_n = number_of(connections, other->uid);

	return n != other_n ? n > other_n : connection->until_ms < other->until_ms;
}

/* NULL: all are cut already. */
static struct connection *next_to_go(struct connections *connections)
{
	struct connection *next = NULL;

	for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &connections->places[i];

		if (!connection->is_cut && (!next || goes_before(connections, connection, next)))
			next = connection;
	}
	return next;
}

static void make_room(struct connections *connections)
{
	name_users(connections);
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		struct connection *next = next_to_go(connections);

		if (next)
			cut(next);
	}
	log_peer("%u programs read the figures at once, and more want to: the oldest are cut off",
		 CONNECTIONS_MAX);
}

static bool somebody_waits(const struct connections *connections)
{
	struct pollfd listener = {.fd = evconnlistener_get_fd(connections->listener),
				  .events = POLLIN};

	return poll(&listener, 1, 0) == 1;
}

static void on_interval(evutil_socket_t fd, short what, void *data)
{
	struct connections *connections = data;

	(void)fd;
	(void)what;
	end_those_whose_time_is_over(connections);
	connections->n_accepted = 0;
	if (connections->n < CONNECTIONS_MAX)
		(void)evconnlistener_enable(connections->listener);
	else if (somebody_waits(connections))
		make_room(connections);
	if (connections->n > 0)
		begin_interval(connections);
}

/* From start to end. */

void connections_init(struct connections *connections, struct event_base *base,
		      struct evhttp *evhttp, struct evconnlistener *listener)
{
	*connections = (struct connections){.listener = listener};
	(void)event_assign(&connections->interval, base, -1, 0, on_interval, connections);
	evhttp_set_bevcb(evhttp, make_bufferevent, connections);
	evconnlistener_set_error_cb(listener, on_accept_error);
	only = connections;
}

void connections_fini(struct connections *connections)
{
	only = NULL;
	(void)event_del(&connections->interval);
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		if (connections->places[i].bufferevent)
			end(connections, &connections->places[i]);
}
