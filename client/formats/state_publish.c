/*
 * Publishing a state, by the steps that proto/layout/state_layout.h has.
 *
 * Waking. Who waits rings the doorbell and then looks at the version again; a publisher changes the
 * version and then looks whether somebody has rung. On each side the load must not pass the store,
 * or both see nothing, and the waiter sleeps until he looks by himself. A full fence after each
 * publish would hold it up until a reader on another core has given up the line of the version: a
 * single writer at full speed lost two publishes of three to it. So when nobody has rung for a
 * while it says in the header that it goes without, and who waits pays for both (barrier.h). With
 * many writers the lock costs as much anyway.
 *
 * The flag is cleared before the version changes, never after: who has rung meanwhile is not
 * forgotten.
 */
#include "formats/state.h"

#include <errno.h>
#include <inttypes.h>

#include <shmbroker/error.h>
#include <shmbroker/lock.h>

#include "base/fence.h"
#include "base/payload.h"
#include "base/probe.h"
#include "core/barrier.h"
#include "core/error.h"
#include "core/lock.h"

#define VERSION_MOST (UINT64_MAX - 1)

/* Steps 1 to 3: VERSION is whole in its slot. */
static void fill(const struct state_view *view, uint64_t version, const void *value, size_t size)
{
	struct state_slot *slot = state_slot(view, version);

	/* Pairs with the acquire fence between two looks at the last version. */
	atomic_store_explicit(&slot->version, 0, memory_order_release);
	/* Pairs with the acquire fence after a copy. */
	fence_release();
	atomic_store_explicit(&slot->size, size, memory_order_relaxed);
	payload_write(state_value(view, slot), value, size);
	/* Pairs with the acquire before a copy. */
	atomic_store_explicit(&slot->version, version, memory_order_release);
}

static void wake_waiters(const struct shmb_state *state)
{
	(void)futex_wake(state_futex(&state->view), FUTEX_ALL);
}

/*
 * A publisher died. Of what it had published nobody may have been told, and whoever it had heard
 * may yet be about to sleep: so for those the bell is rung once more, and the next publish wakes
 * them.
 */
static void stand_in(const struct shmb_state *state)
{
	atomic_store_explicit(&state->doorbell.page->rung, 1, memory_order_relaxed);
	wake_waiters(state);
}

/* Step 4, and waking whoever waits for it. */
static void flip(struct shmb_state *state, uint64_t version)
{
	_Atomic uint32_t *rung = &state->doorbell.page->rung;
	bool wakes = false;

	if (atomic_load_explicit(rung, memory_order_relaxed) != 0) {
		atomic_store_explicit(rung, 0, memory_order_relaxed);
		wakes = true;
	}
	/* Pairs with the acquire in state_last(). */
	atomic_store_explicit(&state->view.header->last, version, memory_order_release);
	barrier_pass(&state->publisher.barrier);
	if (wakes || atomic_load_explicit(rung, memory_order_relaxed) != 0) {
		barrier_heard(&state->publisher.barrier);
		wake_waiters(state);
	} else {
		barrier_unheard(&state->publisher.barrier);
	}
}

static struct shmb_lock *lock_of(const struct shmb_state *state)
{
	static_assert(sizeof(state->view.header->lock) == sizeof(struct shmb_lock), "it is one");

	return (struct shmb_lock *)state->view.header->lock;
}

int state_claim(struct shmb_state *state)
{
	_Atomic uint64_t *claim = &state->view.header->claim;
	uint64_t mine = atomic_load_explicit(&state->member->id, memory_order_relaxed);
	/* Pairs with the release below, or comes after the end of a process. */
	uint64_t had = atomic_load_explicit(claim, memory_order_acquire);

	if ((had != 0 && roster_lives(&state->member->roster, had)) ||
	    !atomic_compare_exchange_strong_explicit(claim, &had, mine, memory_order_acq_rel,
						     memory_order_relaxed))
		return error_set(-EBUSY,
				 "\"%s\" has a single writer, and that lives; there can be another "
				 "when it has closed it or ended",
				 state->name);
	state->publisher.claim = mine;
	barrier_side_init(&state->publisher.barrier, &state->view.header->unfenced);
	if (had != 0)
		stand_in(state);
	return 0;
}

void state_give_up_claim(struct shmb_state *state)
{
	uint64_t mine = state->publisher.claim;
	_Atomic uint64_t *claim;

	if (mine == 0)
		return; /* and there may be no header: what could not be opened is closed, too */
	claim = &state->view.header->claim;
	if (atomic_load_explicit(&state->member->id, memory_order_relaxed) != mine ||
	    atomic_load_explicit(claim, memory_order_relaxed) != mine)
		return; /* the mark may be another's, too */
	if (state->publisher.barrier.is_cheap)
		barrier_turn_dear(&state->publisher.barrier);
	(void)atomic_compare_exchange_strong_explicit(claim, &mine, 0, memory_order_release,
						      memory_order_relaxed);
}

/* It is gone in a forked child, too, which is a member of its own. */
static int check_claim(const struct shmb_state *state)
{
	uint64_t mine = state->publisher.claim;

	if (atomic_load_explicit(&state->view.header->claim, memory_order_relaxed) == mine &&
	    atomic_load_explicit(&state->member->id, memory_order_relaxed) == mine)
		return 0;
	return error_set(-ENOLCK,
			 "this is not the single writer of \"%s\" any more: it was taken for dead, "
			 "or it is a forked child, or somebody wrote over it; open it again",
			 state->name);
}

/* Among many writers. */
static int take_turn(struct shmb_state *state, uint64_t deadline)
{
	bool met;
	int r = lock_turn_begin(&state->publisher.turn, lock_of(state), state->member, deadline,
				&met);

	/* Who gives up is counted, too, and has no lock to count under. */
	if (met)
		atomic_fetch_add_explicit(&state->view.header->lock_waits, 1, memory_order_relaxed);
	if (r != SHMB_OWNER_DIED)
		return r;
	/* What it had begun is in the slot that is written next, and nobody looks for it there. */
	stand_in(state);
	return lock_turn_repaired(lock_of(state), state->member);
}

/* From here to end() nobody else publishes. */
static int begin(struct shmb_state *state, uint64_t deadline)
{
	int r = state_check(state);

	if (r < 0)
		return r;
	if (!state->member)
		return error_set(-EPERM,
				 "this handle does not write: open \"%s\" with the option `writes`",
				 state->name);
	return state->view.shape.single_writer ? check_claim(state) : take_turn(state, deadline);
}

static int end(struct shmb_state *state)
{
	if (state->view.shape.single_writer)
		return 0;
	return lock_turn_end(&state->publisher.turn, lock_of(state), state->member, state->name);
}

static int put(struct shmb_state *state, const uint64_t *expected, const void *value, size_t size,
	       uint64_t *ret_version)
{
	/* It is this publisher's, or comes with the lock. */
	uint64_t last = atomic_load_explicit(&state->view.header->last, memory_order_relaxed);

	if (expected && last != *expected) {
		*ret_version = last;
		return SHMB_CHANGED;
	}
	if (last >= VERSION_MOST)
		return error_set(-EOVERFLOW, "\"%s\" has had all versions that there can be",
				 state->name);
	fill(&state->view, last + 1, value, size);
	flip(state, last + 1);
	*ret_version = last + 1;
	return 0;
}

static int publish(struct shmb_state *state, const uint64_t *expected, const void *value,
		   size_t size, uint64_t deadline, uint64_t *ret_version)
{
	uint64_t version = 0;
	int r, ended;

	if (size > state->view.shape.value_size)
		return error_set(-EFBIG,
				 "a value of %zu bytes is larger than the %" PRIu64
				 " that the state \"%s\" has room for",
				 size, state->view.shape.value_size, state->name);
	r = begin(state, deadline);
	if (r < 0)
		return r;
	r = put(state, expected, value, size, &version);
	ended = end(state);
	if (ended < 0)
		return ended;
	if (r == 0)
		PROBE3(publish, PROBE_TEXT(state->name), version, size);
	if (r >= 0 && ret_version)
		*ret_version = version;
	return r;
}

int shmb_state_publish(struct shmb_state *state, const void *value, size_t size, uint64_t deadline,
		       uint64_t *ret_version)
{
	return publish(state, NULL, value, size, deadline, ret_version);
}

int shmb_state_compare_and_publish(struct shmb_state *state, uint64_t expected, const void *value,
				   size_t size, uint64_t deadline, uint64_t *ret_version)
{
	return publish(state, &expected, value, size, deadline, ret_version);
}
