/*
 * The handle of a state, for the files that are its algorithms: state_read.c, state_publish.c,
 * state_wait.c. They work on the view, the doorbell and the member alone; where these come from is
 * state_open.c's matter.
 */
#ifndef FORMATS_STATE_H
#define FORMATS_STATE_H

#include <shmbroker/state.h>

#include "core/barrier.h"
#include "core/doorbell.h"
#include "core/futex.h"
#include "core/lock.h"
#include "core/member.h"
#include "core/segment.h"
#include "layout/state_layout.h"

/* What only who publishes uses: under the lock, or as the single writer. */
struct state_publisher {
	uint64_t claim;              /* the member that stands in the header; single writer */
	struct barrier_side barrier; /* dear for ever where there are many writers */
	struct lock_turn turn;       /* many writers */
};

struct shmb_state {
	struct state_view view;
	struct shmb_segment *segment;
	struct doorbell doorbell;
	struct shmb_member *member; /* NULL for a handle that does not write */
	struct state_publisher publisher;
	char name[];
};

/* Whether the memory is there: 0, or -EOWNERDEAD or -ENOTCONN with a text. */
static inline int state_check(const struct shmb_state *state)
{
	return segment_data(state->segment) ? 0 : segment_gone(state->segment);
}

/* The last version; what was published as it can be seen then. */
static inline uint64_t state_last(const struct state_view *view)
{
	/* Pairs with the release in state_publish.c. */
	return atomic_load_explicit(&view->header->last, memory_order_acquire);
}

/* Its low half, which is what waiters sleep on. */
static inline const _Atomic uint32_t *state_futex(const struct state_view *view)
{
	return futex_low_half(&view->header->last);
}

/* Ring, and sleep while VERSION is the last one. Returns as futex_sleep(). */
int state_sleep(const struct shmb_state *state, uint64_t version, struct futex_patience *patience);

/* Become the single writer. Returns 0, or -EBUSY with a text while another one lives. */
int state_claim(struct shmb_state *state);

/* Be it no more; nothing when it was lost before. */
void state_give_up_claim(struct shmb_state *state);

#endif
