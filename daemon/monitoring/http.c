/*
 * evhttp reads requests and writes answers; what it does not bound of its connections is bounded by
 * connections.c.
 *
 * A text is printed again when a multiple of the time has passed that printing took, so that each
 * of the two forms has no more than a share of the loop's time, as long as printing takes less than
 * 50 ms: no text is older than a second.
 */
#include "monitoring/http.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/fd.h"
#include "monitoring/connections.h"

#define HEADERS_MAX    8192
#define BODY_MAX       1024
#define PRINTING_SHARE 20          /* one part of so many goes into printing, */
#define AGE_MAX_NS     1000000000u /* and no text is older */

struct text {
	char *bytes;
	size_t size;
	uint64_t until_ns; /* good for so long */
};

struct http {
	struct evhttp *evhttp;
	struct evconnlistener *listener; /* belongs to evhttp */
	http_render *render;
	const void *data;
	struct text texts[METRICS_TEXT + 1]; /* by form */
	struct connections connections;
};

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

	evhttp_set_gencb(evhttp, on_request, http);
	evhttp_set_max_headers_size(evhttp, HEADERS_MAX);
	evhttp_set_max_body_size(evhttp, BODY_MAX);
	evhttp_set_timeout(evhttp, CONNECTIONS_STAY_MS / 1000);
	/* All that it knows, so that who uses another than GET is told. */
	evhttp_set_allowed_methods(evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
						   EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
						   EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
						   EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
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
	if (begin(http, base, take_listener)) {
		connections_init(&http->connections, base, http->evhttp, http->listener);
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
	evhttp_free(http->evhttp);
	connections_fini(&http->connections);
	for (size_t i = 0; i < ARRAY_SIZE(http->texts); i++)
		free(http->texts[i].bytes);
	free(http);
}
