/*
 * Outcomes and error texts.
 */
#ifndef SHMBROKER_ERROR_H
#define SHMBROKER_ERROR_H

#include <shmbroker/export.h>

SHMB_BEGIN_DECLS

/* What a call that succeeded has to tell beyond "done". */
enum shmb_outcome {
	SHMB_DONE = 0,
	SHMB_INITIALISE =
		1,          /* the memory is fresh and zeroed: fill it, then shmb_segment_ready() */
	SHMB_NO_READER = 2, /* nobody reads this FIFO now, as far as the broker knows */
	SHMB_EMPTY = 3,     /* there is nothing to take at the moment */
	SHMB_END = 4,       /* the last writer of the FIFO is gone and all that it wrote is read */
	SHMB_OWNER_DIED =
		5,        /* the lock is had; its last owner died with it: repair what it guards */
	SHMB_CHANGED = 6, /* another version was published meanwhile */
	SHMB_GONE = 7,    /* this version is not kept any more */
	SHMB_MISS = 8,    /* the cache does not have this key */
	SHMB_EXISTS = 9,  /* it has it already */
	SHMB_STALE = 10,  /* what was had is past its time, and another process computes it anew */
	SHMB_FILL = 11,   /* this caller is the one to compute it */
};

/*
 * What the last failed call of this thread failed at, as one sentence that says what happened, to
 * what, and what to do. Never NULL; "" before the first failure. The text belongs to the library
 * and lasts until the next call of the same thread. It means something right after a call that
 * failed.
 *
 * Threads: each has its own. Since 0.1.
 */
SHMB_EXPORT const char *shmb_last_error(void);

SHMB_END_DECLS

#endif
