/*
 * A stream of ours of which each record is for one consumer. All have their part when together they
 * have all; who finds nothing says how many he has had, and looks whether that is so.
 */
#include "stream/ours.h"

#include <stdatomic.h>

#define COUNTED 256u /* records after which one says so at the latest */

/* Records are numbered from 0 on, through all runs: all that came before are in TAKEN, too. */
static void take(void *opened, struct cargo *cargo, uint64_t n)
{
	const struct ours *ours = opened;
	_Atomic uint64_t *taken = ours_taken(ours);
	uint64_t had = 0;

	cargo->in_runs += n;
	for (;;) {
		int r = shmb_consumer_take(ours->consumer, cargo->bytes, cargo->size, SHMB_AT_ONCE,
					   NULL);

		if (r < 0)
			ours_give_up("taking");
		if (r == 0) {
			cargo_check(cargo, cargo->bytes);
			had++;
		}
		if (r == 0 && had < COUNTED)
			continue;
		if (atomic_fetch_add_explicit(taken, had, memory_order_relaxed) + had ==
		    cargo->in_runs)
			return;
		had = 0;
		if (r != 0)
			cargo_idle(cargo, false);
	}
}

const struct transport transport_ours_queue = {
	.name = "ours, queue",
	.prepare = ours_prepare,
	.open = ours_open,
	.dispose = ours_dispose,
	.send = ours_send,
	.take = take,
};
