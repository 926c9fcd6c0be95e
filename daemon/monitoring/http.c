/*
 * evhttp reads requests and writes answers; what it does not bound is bounded here.
 *
 * How many are connected: each connection has a place in a table. evhttp tells nobody when it is
 * done with one, so each is counted by its bufferevent, to which the table has a reference: when
 * evhttp lets go of that it takes its callbacks away, which is looked for as long as there are any
 * connections. The descriptor is closed with the last reference.
 *
 * How long: evhttp has a time for each wait, so that who sends a byte now and then would stay; here
 * a connection as a whole has one. It is then shut down, which evhttp takes for its peer's doing.
 * The same happens, when the table is full and somebody waits, to the oldest of the user who has
 * most of it: so nobody keeps another out.
 *
 * How much: evhttp reads on while it writes, and keeps what it has read. A high watermark ends
 * that.
 *
 * And how often: few are accepted in each interval; and a text is printed again when a multiple of
 * the time has passed that printing took, so that each of the two forms has no more than a share of
 * the loop's time, as long as printing takes less than 50 ms: no text is older than a second.
 */
#include "monitoring/http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/fd.h"
#include "log.h"
#include "rules/credentials.h"

#define CONNECTIONS_MAX 32
#define ACCEPTS_MAX     8 /* in each */
#define INTERVAL_MS     10
#define STAY_MS         5000
#define HEADERS_MAX     8192
#define BODY_MAX        1024
#define INPUT_MAX       16384       /* in memory, for each */
#define PRINTING_SHARE  20          /* one part of so many goes into printing, */
#define AGE_MAX_NS      1000000000u /* and no text is older */

struct connection {
	struct bufferevent *bufferevent; /* NULL: the place is free */
	uint64_t until_ms;
	uid_t uid; /* CREDENTIALS_UID_UNMAPPED while it is not known */
	bool is_cut;
};

struct text {
	char *bytes;
	size_t size;
	uint64_t until_ns; /* good for so long */
};

struct http {
	struct evhttp *evhttp;
	struct evconnlistener *listener; /* belongs to evhttp */
	struct event interval;           /* runs while there are connections, or none can be had */
	http_render *render;
	const void *data;
	struct text texts[METRICS_TEXT + 1]; /* by form */
	unsigned n_accepted;                 /* in this interval */
	unsigned n;
	struct connection connections[CONNECTIONS_MAX];
};

/* Who is connected. */

static void begin_interval(struct http *http)
{
	const struct timeval interval = clock_timeval(INTERVAL_MS);

	if (!event_pending(&http->interval, EV_TIMEOUT, NULL))
		(void)event_add(&http->interval, &interval);
}

static void pause_accepting(struct http *http)
{
	(void)evconnlistener_disable(http->listener);
	begin_interval(http);
}

static struct connection *free_place(struct http *http)
{
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		if (!http->connections[i].bufferevent)
			return &http->connections[i];
	return NULL;
}

/* For a connection that was accepted just now; evhttp gives it its socket. NULL: evhttp tries. */
static struct bufferevent *make_bufferevent(struct event_base *base, void *data)
{
	struct http *http = data;
	struct connection *place = free_place(http);
	struct bufferevent *bufferevent =
		place ? bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE) : NULL;

	http->n_accepted++;
	if (bufferevent) {
		bufferevent_setwatermark(bufferevent, EV_READ, 0, INPUT_MAX);
		bufferevent_incref(bufferevent);
		*place = (struct connection){.bufferevent = bufferevent,
					     .until_ms = deadline_in_ms(STAY_MS),
					     .uid = CREDENTIALS_UID_UNMAPPED};
		http->n++;
	}
	if (http->n == CONNECTIONS_MAX || http->n_accepted == ACCEPTS_MAX)
		pause_accepting(http);
	else
		begin_interval(http);
	return bufferevent;
}

/* Whether evhttp has let go of it. */
static bool is_over(const struct connection *connection)
{
	bufferevent_event_cb on_event = NULL;

	bufferevent_getcb(connection->bufferevent, NULL, NULL, &on_event, NULL);
	return !on_event;
}

static void end(struct http *http, struct connection *connection)
{
	bufferevent_decref(connection->bufferevent);
	connection->bufferevent = NULL;
	http->n--;
}

static void cut(struct connection *connection)
{
	connection->is_cut = true;
	(void)shutdown(bufferevent_getfd(connection->bufferevent), SHUT_RDWR);
}

static void look_at_connections(struct http *http)
{
	uint64_t now = clock_now_ms();

	for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &http->connections[i];

		if (!connection->bufferevent)
			continue;
		if (is_over(connection))
			end(http, connection);
		else if (!connection->is_cut && now >= connection->until_ms)
			cut(connection);
	}
}

/* Too many. */

static void name_users(struct http *http)
{
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *connection = &http->connections[i];
		struct credentials user;

		if (connection->uid == CREDENTIALS_UID_UNMAPPED &&
		    credentials_without_groups(bufferevent_getfd(connection->bufferevent), &user) ==
			    0)
			connection->uid = user.uid;
	}
}

static unsigned connections_of(const struct http *http, uid_t uid)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		n += http->connections[i].uid == uid && !http->connections[i].is_cut;
	return n;
}

static bool goes_before(const struct http *http, const struct connection *connection,
			const struct connection *other)
{
	unsigned n = connections_of(http, connection->uid);
	unsigned other_n = connections_of(http, other->uid);

	return n != other_n ? n > other_n : connection->until_ms < other->until_ms;
}

/* The table is full. */
static void make_room(struct http *http)
{
	name_users(http);
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		struct connection *victim = NULL;

		for (unsigned j = 0; j < CONNECTIONS_MAX; j++) {
			struct connection *connection = &http->connections[j];

			if (!connection->is_cut &&
			    (!victim || goes_before(http, connection, victim)))
				victim = connection;
		}
		if (victim)
			cut(victim);
	}
	log_peer("%u programs read the figures at once, and more want to: the oldest are cut off",
		 CONNECTIONS_MAX);
}

static bool somebody_waits(const struct http *http)
{
	struct pollfd listener = {.fd = evconnlistener_get_fd(http->listener), .events = POLLIN};

	return poll(&listener, 1, 0) == 1;
}

static void on_interval(evutil_socket_t fd, short what, void *data)
{
	struct http *http = data;

	(void)fd;
	(void)what;
	look_at_connections(http);
	http->n_accepted = 0;
	if (http->n < CONNECTIONS_MAX)
		(void)evconnlistener_enable(http->listener);
	else if (somebody_waits(http))
		make_room(http);
	if (http->n > 0)
		begin_interval(http);
}

/* Whom errors of the listener are about: what they are called with is evhttp's. */
static struct http *only;

static void on_accept_error(struct evconnlistener *listener, void *data)
{
	(void)listener;
	(void)data;
	log_peer("who wants to read the figures waits: %m; raise the limit of open files "
		 "(LimitNOFILE)");
	pause_accepting(only);
}

/* Requests. */

/* NULL for no memory. */
static const struct text *text_of(struct http *http, enum metrics_form form)
{
	struct text *text = &http->texts[form];
	uint64_t began = clock_now_ns(), age;

	if (text->bytes && began < text->until_ns)
		return text;
	free(text->bytes);
	text->bytes = http->render(http->data, form, &text->size);
	age = (clock_now_ns() - began) * PRINTING_SHARE;
	text->until_ns = began + (age < AGE_MAX_NS ? age : AGE_MAX_NS);
	return text->bytes ? text : NULL;
}

/* A BODY that is only told of, not sent, is NULL. */
static void answer(struct evhttp_request *request, int status, const char *reason, const char *type,
		   const void *body, size_t size)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	bool is_head = evhttp_request_get_command(request) == EVHTTP_REQ_HEAD;
	struct evbuffer *buffer = is_head ? NULL : evbuffer_new();
	char length[24];

	snprintf(length, sizeof(length), "%zu", size);
	(void)evhttp_add_header(headers, "Content-Type", type);
	(void)evhttp_add_header(headers, "Content-Length", length);
	(void)evhttp_add_header(headers, "Connection", "close");
	if (is_head || (buffer && evbuffer_add(buffer, body, size) == 0))
		evhttp_send_reply(request, status, reason, buffer);
	else
		evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
	if (buffer)
		evbuffer_free(buffer);
}

static void answer_line(struct evhttp_request *request, int status, const char *reason,
			const char *line)
{
	answer(request, status, reason, "text/plain; charset=utf-8", line, strlen(line));
}

/* Who does not say that he takes OpenMetrics gets what every reader takes. */
static enum metrics_form form_for(struct evhttp_request *request)
{
	const char *accepts =
		evhttp_find_header(evhttp_request_get_input_headers(request), "Accept");

	return accepts && strstr(accepts, "application/openmetrics-text") ? METRICS_OPEN
									  : METRICS_TEXT;
}

static void answer_figures(struct http *http, struct evhttp_request *request)
{
	static const char *const types[] = {
		[METRICS_OPEN] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
		[METRICS_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
	};
	enum metrics_form form = form_for(request);
	const struct text *text = text_of(http, form);

	if (text)
		answer(request, HTTP_OK, "OK", types[form], text->bytes, text->size);
	else
		answer_line(request, HTTP_SERVUNAVAIL, "Service Unavailable",
			    "the broker has no memory for its figures; try again later\n");
}

static void on_request(struct evhttp_request *request, void *data)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	enum evhttp_cmd_type command = evhttp_request_get_command(request);

	if (!path || strcmp(path, "/metrics") != 0) {
		answer_line(request, HTTP_NOTFOUND, "Not Found",
			    "there is nothing here but /metrics\n");
	} else if (command != EVHTTP_REQ_GET && command != EVHTTP_REQ_HEAD) {
		(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Allow",
					"GET, HEAD");
		answer_line(request, HTTP_BADMETHOD, "Method Not Allowed",
			    "figures can only be read: GET or HEAD\n");
	} else {
		answer_figures(data, request);
	}
}

/* From start to end. */

static void set_up(struct http *http)
{
	struct evhttp *evhttp = http->evhttp;

	evhttp_set_bevcb(evhttp, make_bufferevent, http);
	evhttp_set_gencb(evhttp, on_request, http);
	evhttp_set_max_headers_size(evhttp, HEADERS_MAX);
	evhttp_set_max_body_size(evhttp, BODY_MAX);
	evhttp_set_timeout(evhttp, STAY_MS / 1000);
	/* All that it knows, so that who uses another than GET is told. */
	evhttp_set_allowed_methods(evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
						   EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
						   EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
						   EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
	only = http;
	evconnlistener_set_error_cb(http->listener, on_accept_error);
}

/* Returns false for no memory. */
static bool begin(struct http *http, struct event_base *base, int take_listener)
{
	const unsigned options = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;

	http->evhttp = evhttp_new(base);
	http->listener = evconnlistener_new(base, NULL, http, options, 0, take_listener);
	if (!http->listener)
		fd_close(take_listener);
	if (http->evhttp && http->listener && evhttp_bind_listener(http->evhttp, http->listener))
		return true;
	if (http->listener)
		evconnlistener_free(http->listener);
	if (http->evhttp)
		evhttp_free(http->evhttp);
	return false;
}

struct http *http_new(struct event_base *base, int take_listener, http_render *render,
		      const void *data)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http) {
		fd_close(take_listener);
		return NULL;
	}
	http->render = render;
	http->data = data;
	(void)event_assign(&http->interval, base, -1, 0, on_interval, http);
	if (begin(http, base, take_listener)) {
		set_up(http);
		return http;
	}
	free(http);
	return NULL;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	(void)event_del(&http->interval);
	evhttp_free(http->evhttp);
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		if (http->connections[i].bufferevent)
			end(http, &http->connections[i]);
	for (size_t i = 0; i < ARRAY_SIZE(http->texts); i++)
		free(http->texts[i].bytes);
	free(http);
}
