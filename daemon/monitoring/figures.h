/*
 * The broker's figures of itself, for monitoring: totals, kinds of objects, users, and how often
 * what happened since it started. None of them takes a walk over objects or holds; users are gone
 * through, of whom the first ones are named, by what they hold.
 *
 * What is in a cache or a stream is not among them, since the broker looks into no memory.
 */
#ifndef MONITORING_FIGURES_H
#define MONITORING_FIGURES_H

#include <stdint.h>

#include "figures/metrics.h"
#include "objects/registry.h"

/* More users than that are added up. */
#define FIGURES_USERS_MAX 50

struct server;

#define FIGURES_ENDINGS (WIRE_ENDING_REPLACED + 1)

/* What happened, since the broker started. */
struct figures_events {
	uint64_t created;
	uint64_t granted;
	uint64_t denied;
	uint64_t vacated;
	uint64_t members_ended;
	uint64_t removed[FIGURES_ENDINGS];
	uint64_t overdrawn[RESOURCES_N];
};

struct figures {
	const struct server *server;
	struct observer observer;
	struct figures_events events;
};

/* SERVER is running, and lives longer. */
void figures_init(struct figures *figures, struct server *server);

/* All of them. Returns the text, *ret_size bytes and the caller's to free; NULL for no memory. */
char *figures_render(const struct figures *figures, enum metrics_form form, size_t *ret_size);

#endif
