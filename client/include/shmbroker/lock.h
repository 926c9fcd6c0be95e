/*
 * Locks in shared memory, and conditions to wait on under them.
 *
 * A lock is four words that may stand in any segment, zeroed at first, which is unlocked. It
 * excludes members, and the threads of one process, from each other. When the owner's process dies,
 * the next one gets the lock with SHMB_OWNER_DIED: it repairs what the lock guards and says so with
 * shmb_lock_repaired(), or leaves it, and then the lock is of no use to anybody any more.
 *
 *                   | acquire  try  release  repaired  wait  signal, broadcast
 *   acquire, try    |   yes    yes    yes      yes      yes         yes
 *   release         |   yes    yes   owner    owner    owner        yes
 *   wait            |   yes    yes   owner    owner    owner        yes
 *   signal          |   yes    yes    yes      yes      yes         yes
 *
 *   yes: by any threads of any processes at the same time; owner: only by the thread that has it.
 *
 * Progress. Acquiring and releasing a lock that nobody else wants are a few instructions, without a
 * system call. Who waits sleeps, looks again after 10 ms, then after twice as long each time, up to
 * 250 ms, and ends at its deadline: so a peer that writes nonsense into the lock, or disturbs
 * wake-ups, can take the lock from its owner and delay others, but not hold them. The lock is not
 * fair. A stopped owner keeps it, and so does a thread that ends, and a process that calls
 * execve(2): only the end of the process is the end of an owner, or its shmb_disconnect() with a
 * broker there to hear it.
 *
 * Signals. A handler may call none of these but shmb_condition_signal() and _broadcast(). A wait
 * that a handler interrupts ends with -EINTR, unless the handler was installed with SA_RESTART;
 * where the kernel has no futex_waitv(2) (before Linux 5.16), or a filter forbids it, with any
 * handler. A thread that waits cannot be cancelled there (pthread_cancel(3)).
 */
#ifndef SHMBROKER_LOCK_H
#define SHMBROKER_LOCK_H

#include <stdint.h>

#include <shmbroker/deadline.h>
#include <shmbroker/error.h>
#include <shmbroker/export.h>
#include <shmbroker/member.h>

SHMB_BEGIN_DECLS

/* Zeroed is unlocked. Its words are for these calls alone; docs/LAYOUT.md says what they are. */
struct shmb_lock {
	uint64_t words[4];
} SHMB_ALIGNED(32);

/* Zeroed is one that nobody waits on. */
struct shmb_condition {
	uint64_t words[1];
};

/*
 * Take the lock, waiting until DEADLINE for it (SHMB_AT_ONCE: not at all).
 *
 * Returns 0; SHMB_OWNER_DIED when it is had, and its last owner died with it: what it guards may be
 * half done; -ETIMEDOUT when the deadline came first; -EDEADLK when this thread has it already;
 * -ENOTRECOVERABLE when somebody gave it up without having repaired it; -ESTALE when it was used
 * before the broker began anew, as another instance with another roster: of its owners nobody can
 * tell any more who lives, so the object has to be removed; -EINTR when a signal handler ran;
 * -EOWNERDEAD in a forked child.
 *
 * Threads, processes: safe. Since 0.1.
 */
SHMB_EXPORT int shmb_lock_acquire(struct shmb_lock *lock, struct shmb_member *member,
				  uint64_t deadline);

/* The same without waiting: -EBUSY when another member, or another thread, has it. */
SHMB_EXPORT int shmb_lock_try(struct shmb_lock *lock, struct shmb_member *member);

/*
 * Give the lock back. After SHMB_OWNER_DIED and without shmb_lock_repaired() it becomes
 * unrecoverable.
 *
 * Returns 0; -EPERM when another thread of this process has it; -ENOLCK when this process does not
 * have it: it never had, or it was lost, because somebody wrote over it or the broker had to take
 * this process for dead. What was done under a lock that was lost may have met another's work.
 */
SHMB_EXPORT int shmb_lock_release(struct shmb_lock *lock, struct shmb_member *member);

/* What the lock guards is in order again. Returns 0; -EPERM and -ENOLCK as shmb_lock_release();
 * -EINVAL when there was nothing to repair. */
SHMB_EXPORT int shmb_lock_repaired(struct shmb_lock *lock, struct shmb_member *member);

/*
 * Release the lock, sleep until CONDITION is signalled or DEADLINE comes, and take the lock again,
 * waiting for it as long as that takes but no longer than the deadline and 1 s (1 s from the call,
 * where the deadline had passed). It may return though nobody signalled, and does when a member has
 * died that may have been about to: look at what is waited for, in a loop. Whoever changes that
 * does so with the lock, and signals then, with the lock or without.
 *
 * Returns as shmb_lock_acquire(), with the lock for 0 and SHMB_OWNER_DIED; with it also for
 * -ETIMEDOUT and -EINTR, which are about the condition; without it for -EBUSY, when it could not be
 * had again in time, for -EPERM, -ENOLCK, -ENOTRECOVERABLE and -EOWNERDEAD, and for -ESTALE and
 * -EDEADLK, which only a peer can bring about that writes into the lock. Between
 * SHMB_OWNER_DIED and shmb_lock_repaired() it makes the lock unrecoverable, as any release.
 */
SHMB_EXPORT int shmb_lock_wait(struct shmb_lock *lock, struct shmb_member *member,
			       struct shmb_condition *condition, uint64_t deadline);

/* Wake one, or all, of those that wait on CONDITION. No system call when nobody waits, but for one
 * after waits that ended by themselves. Threads, processes, signals: safe. */
SHMB_EXPORT void shmb_condition_signal(struct shmb_condition *condition);
SHMB_EXPORT void shmb_condition_broadcast(struct shmb_condition *condition);

SHMB_END_DECLS

#endif
