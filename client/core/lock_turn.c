/*
 * Turns by a lock. What makes them more than acquire and release is a peer that writes into the
 * lock beside its owner, so that it looks as if another thread of this process had it. Kept, it
 * would be everybody's loss until this process ends; but if another thread has come to its turn
 * since, it has it. So a handle remembers who came last.
 */
#include "core/lock.h"

#include <errno.h>

#include "base/attr.h"
#include "core/error.h"
#include "core/thread.h"

int lock_turn_begin(struct lock_turn *turn, struct shmb_lock *lock, struct shmb_member *member,
		    uint64_t deadline, bool *ret_met)
{
	int r = lock_acquire(lock, member, deadline, ret_met);

	if (r >= 0)
		atomic_store_explicit(&turn->taker, thread_here(), memory_order_relaxed);
	return r;
}

/* That there is nothing to repair, or this is not the thread to say so, is a peer's doing. */
int lock_turn_repaired(struct shmb_lock *lock, struct shmb_member *member)
{
	int r = shmb_lock_repaired(lock, member);

	return r == -ENOLCK ? r : 0;
}

static attr_rare int end_strangely(const struct lock_turn *turn, struct shmb_lock *lock,
				   struct shmb_member *member, const char *name)
{
	if (atomic_load_explicit(&turn->taker, memory_order_relaxed) == thread_here())
		return lock_put_back(lock, member);
	return error_set(-ENOLCK,
			 "the turn to change \"%s\" was lost: somebody wrote over its lock; what "
			 "was changed may have met what another did",
			 name);
}

int lock_turn_end(struct lock_turn *turn, struct shmb_lock *lock, struct shmb_member *member,
		  const char *name)
{
	int r = shmb_lock_release(lock, member);

	return r == -EPERM ? end_strangely(turn, lock, member, name) : r;
}
