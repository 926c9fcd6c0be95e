/*
 * Locks for the formats, which take them and give them back within one call.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <shmbroker/lock.h>

/* shmb_lock_acquire(), which also says whether somebody else was met who had the lock. */
int lock_acquire(struct shmb_lock *lock, struct shmb_member *member, uint64_t deadline,
		 bool *ret_met);

/*
 * Give LOCK back, which the calling thread has taken, and whatever it guards is in order: also when
 * a peer has written beside the owner since, so that shmb_lock_release() takes this thread for a
 * stranger. Returns 0, or -ENOLCK with a text when the owner is another by now.
 */
int lock_put_back(struct shmb_lock *lock, struct shmb_member *member);

/* What a handle remembers of one lock: which thread of this process has come to its turn last.
 * Zeroed at first. */
struct lock_turn {
	_Atomic uint64_t taker;
};

/* Come to the turn. Returns as shmb_lock_acquire(), and whether another's turn was met. */
int lock_turn_begin(struct lock_turn *turn, struct shmb_lock *lock, struct shmb_member *member,
		    uint64_t deadline, bool *ret_met);

/* After SHMB_OWNER_DIED: what it had begun is done with. Returns 0, or -ENOLCK with a text when the
 * lock was lost meanwhile. */
int lock_turn_repaired(struct shmb_lock *lock, struct shmb_member *member);

/* End it, also when a peer has written into the lock. Returns 0, or -ENOLCK with a text about NAME
 * when it was lost: then what was done may have met what another did. */
int lock_turn_end(struct lock_turn *turn, struct shmb_lock *lock, struct shmb_member *member,
		  const char *name);

#endif
