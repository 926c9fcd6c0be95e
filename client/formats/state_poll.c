/*
 * Waiting for a version of a state in a thread of its own.
 */
#include <shmbroker/poll.h>

#include "core/sentry.h"
#include "formats/state.h"

static bool has_come(void *data, uint64_t version)
{
	const struct shmb_state *state = data;

	return state_last(&state->view) != version;
}

static void sleep_for(void *data, uint64_t version, struct futex_patience *patience)
{
	(void)state_sleep(data, version, patience);
}

/* Others who sleep on the same word look again too. */
static void wake(void *data)
{
	const struct shmb_state *state = data;

	(void)futex_wake(state_futex(&state->view), FUTEX_ALL);
}

int shmb_state_poll(struct shmb_state *state, uint64_t version, struct shmb_poll **ret_poll)
{
	const struct sentry_orders orders = {.has_come = has_come,
					     .sleep = sleep_for,
					     .wake = wake,
					     .data = state};
	int r = state_check(state);

	return r < 0 ? r : sentry_post(&orders, version, ret_poll);
}
