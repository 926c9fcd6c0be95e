/*
 * Figures by HTTP: GET and HEAD of /metrics, one request a connection, in the form that the Accept
 * header asks for. All of it is bounded: how many are connected, what each may send and for how
 * long, and what part of the broker's time goes into it.
 */
#ifndef MONITORING_HTTP_H
#define MONITORING_HTTP_H

#include <stddef.h>

#include "figures/metrics.h"

struct event_base;
struct http;

/* What is served. Returns a text of *ret_size bytes, which is freed by whom it was given to, or
 * NULL for no memory.
 */
typedef char *http_render(const void *data, enum metrics_form form, size_t *ret_size);

/* Serve LISTENER, a listening Unix socket, which is taken in any case. NULL for no memory. There is
 * one at a time. */
struct http *http_new(struct event_base *base, int take_listener, http_render *render,
		      const void *data);

/* Who is connected is cut off. NULL is fine. */
void http_free(struct http *http);

#endif
