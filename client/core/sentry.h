/*
 * A thread that waits in shared memory in the place of a program that sits in an event loop, and
 * rings a descriptor when what it waits for is there. There is none until somebody asks for it.
 */
#ifndef CORE_SENTRY_H
#define CORE_SENTRY_H

#include <shmbroker/poll.h>

#include <stdbool.h>
#include <stdint.h>

#include "core/futex.h"

/* What it is to wait for. sleep() is called in its thread alone. */
struct sentry_orders {
	/* Whether there is something other than VALUE. */
	bool (*has_come)(void *data, uint64_t value);

	/* Sleep while there is not, as futex_sleep() does. */
	void (*sleep)(void *data, uint64_t value, struct futex_patience *patience);

	/* Whoever sleeps there looks again. */
	void (*wake)(void *data);

	void *data;
};

/* Begin to wait for something other than VALUE. Returns 0 or -errno with a text. */
int sentry_post(const struct sentry_orders *orders, uint64_t value, struct shmb_poll **ret_sentry);

#endif
