/*
 * Locks for the formats, which take them and give them back within one call.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include <shmbroker/lock.h>

/*
 * Give LOCK back, which the calling thread has taken, and whatever it guards is in order: also when
 * a peer has written beside the owner since, so that shmb_lock_release() takes this thread for a
 * stranger. Returns 0, or -ENOLCK with a text when the owner is another by now.
 */
int lock_put_back(struct shmb_lock *lock, struct shmb_member *member);

#endif
