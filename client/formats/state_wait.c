/*
 * Waiting for a newer version: a sleep on the low half of the last version's number, which ends by
 * itself from time to time (futex.h).
 *
 * Where 2^32 versions are published between the look and the sleep that half is the same again;
 * then the sleep ends by itself.
 */
#include "formats/state.h"

#include <errno.h>
#include <inttypes.h>

#include "core/barrier.h"
#include "core/error.h"

/* Somebody is about to sleep. What is loaded after this is no older than what a publisher saw the
 * bell at. */
static void ring(const struct shmb_state *state)
{
	atomic_store_explicit(&state->doorbell.page->rung, 1, memory_order_relaxed);
	barrier_before_sleep(&state->view.header->unfenced, 1, 0);
}

int state_sleep(const struct shmb_state *state, uint64_t version, struct futex_patience *patience)
{
	const struct futex_word word = {state_futex(&state->view), (uint32_t)version};

	ring(state);
	if (state_last(&state->view) != version)
		return FUTEX_STIRRED;
	return futex_sleep(&word, 1, patience);
}

static int refuse(const struct shmb_state *state, int r, uint64_t version)
{
	if (r == -ETIMEDOUT)
		return error_set(r,
				 "\"%s\" had no other version than %" PRIu64 " until the deadline",
				 state->name, version);
	return error_set(r, "a signal ended the wait for a version of \"%s\" other than %" PRIu64,
			 state->name, version);
}

int shmb_state_wait(const struct shmb_state *state, uint64_t version, uint64_t deadline,
		    uint64_t *ret_version)
{
	struct futex_patience patience = futex_patience(deadline);
	uint64_t last;
	int r = state_check(state);

	if (r < 0)
		return r;
	if (deadline == SHMB_AT_ONCE)
		r = -ETIMEDOUT; /* a look: there will be nobody to wake */
	while ((last = state_last(&state->view)) == version) {
		if (r < 0)
			return refuse(state, r, version);
		r = state_sleep(state, version, &patience);
	}
	if (ret_version)
		*ret_version = last;
	return 0;
}
