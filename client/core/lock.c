/*
 * Locks: proto/layout/lock_layout.h says what the words are and what a crash leaves in them.
 *
 * Who waits sleeps on the owner's word and on the epoch of the roster. It reads the epoch first and
 * looks then: so a death that it does not see changes the epoch under it, and it does not sleep.
 *
 * Who has slept takes the lock with LOCK_WAITERS, since others may sleep beside it whom nobody
 * would wake else, and when it gives up instead it wakes one of them. That costs a wake-up too many
 * now and then, and keeps no count that a crash could falsify.
 *
 * Before it sleeps it lingers, and then it keeps its eyes off the word as long as it can: each look
 * takes the cache line from the owner, who releases the later for it, and setting LOCK_WAITERS
 * costs the owner a system call.
 *
 * What is done under a lock lies between the acquire with which the owner's word was taken and the
 * release with which it is given up. Token and condition are relaxed: a thread sees its own token
 * only where it has stored it and not cleared it since, and the condition is the owner's.
 */
#include <shmbroker/lock.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/probe.h"
#include "core/error.h"
#include "core/futex.h"
#include "core/lock.h"
#include "core/member.h"
#include "core/process.h"
#include "core/thread.h"
#include "layout/lock_layout.h"

/* 250 ns, then twice as long each time: in all about what it costs to sleep. */
#define LINGER_TURNS 4
#define LINGER_NS    UINT64_C(250)

static_assert(sizeof(struct shmb_lock) == sizeof(struct lock_layout), "one is the other");
static_assert(LOCK_WAITERS == ROSTER_DEAD, "the bit that no member id has");

/* Somebody who wants a lock. */
struct claim {
	struct lock_layout *lock;
	const struct roster *roster;
	uint64_t me;
	uint64_t waiters; /* LOCK_WAITERS once it has slept */
	bool has_met;     /* somebody who had it, or got it first */
};

static struct lock_layout *layout_of(struct shmb_lock *lock)
{
	return (struct lock_layout *)lock;
}

static uint64_t id_of(const struct shmb_member *member)
{
	return atomic_load_explicit(&member->id, memory_order_relaxed);
}

/* Whether this process is MEMBER, which has the id *ret_me then. */
static inline bool is_here(const struct shmb_member *member, uint64_t *ret_me)
{
	bool is = process_is(member_process(member));

	*ret_me = id_of(member);
	return is;
}

/* What this thread, which has a number, puts beside a lock that it has taken as the member ME: no
 * other thread of any member has the same. */
static uint64_t token_of(uint64_t me)
{
	return thread_number ^ me;
}

static uint64_t owner_of(uint64_t word)
{
	return word & ~LOCK_WAITERS;
}

/* The acquire of whoever takes the lock pairs with the release of who gave it up. */
static bool change_owner(struct lock_layout *lock, uint64_t *expected, uint64_t desired)
{
	return atomic_compare_exchange_strong_explicit(&lock->owner, expected, desired,
						       memory_order_acq_rel, memory_order_relaxed);
}

static attr_rare int refuse_lost(void)
{
	return error_say(-ENOLCK, "this process does not have the lock: it never had, or it was "
				  "lost, because somebody wrote over it or the broker had to take "
				  "this process for dead");
}

static attr_rare int refuse_held(int r, uint64_t word)
{
	return error_set(r, "the lock is held by member %#" PRIx64, owner_of(word));
}

static attr_rare int pass_on(struct lock_layout *lock)
{
	(void)futex_wake(futex_low_half(&lock->owner), 1);
	return 0;
}

/* A waiter may have set LOCK_WAITERS meanwhile, once; any other change is somebody else's doing. */
static attr_rare int give_up_changed(struct lock_layout *lock, uint64_t me, uint64_t seen)
{
	if (seen != (me | LOCK_WAITERS) || !change_owner(lock, &seen, 0))
		return refuse_lost();
	return pass_on(lock);
}

/* WORD is what the owner's word was last, with or without LOCK_WAITERS. */
static inline int give_up(struct lock_layout *lock, uint64_t me, uint64_t word)
{
	uint64_t seen = word;

	atomic_store_explicit(&lock->token, 0, memory_order_relaxed);
	if (!change_owner(lock, &seen, 0))
		return give_up_changed(lock, me, seen);
	return word == me ? 0 : pass_on(lock);
}

/*
 * Whether the lock is for members of ROSTER: of another one nobody can tell who lives. It becomes
 * that of the first who wants it, before anybody has it, and never another.
 */
static bool is_for(struct lock_layout *lock, const struct roster *roster)
{
	uint64_t tag = atomic_load_explicit(&lock->roster, memory_order_relaxed);

	if (tag == 0 &&
	    atomic_compare_exchange_strong_explicit(&lock->roster, &tag, roster->tag,
						    memory_order_relaxed, memory_order_relaxed))
		return true;
	return tag == roster->tag;
}

static attr_rare int settle_disorder(struct lock_layout *lock, uint64_t me, uint64_t condition)
{
	if (condition == LOCK_INCONSISTENT)
		return SHMB_OWNER_DIED;
	(void)give_up(lock, me, me);
	return error_say(-ENOTRECOVERABLE, "an owner of the lock died, and the next one released "
					   "it without having repaired what it guards");
}

/* The owner's word is ours. What is it that is had? */
static inline int settle(struct lock_layout *lock, uint64_t me)
{
	uint64_t condition = atomic_load_explicit(&lock->condition, memory_order_relaxed);

	atomic_store_explicit(&lock->token, token_of(me), memory_order_relaxed);
	return condition == LOCK_IN_ORDER ? 0 : settle_disorder(lock, me, condition);
}

static int take_over(struct lock_layout *lock, uint64_t me)
{
	if (atomic_load_explicit(&lock->condition, memory_order_relaxed) == LOCK_IN_ORDER)
		atomic_store_explicit(&lock->condition, LOCK_INCONSISTENT, memory_order_relaxed);
	return settle(lock, me);
}

/* Take the lock if it can be had. Returns as shmb_lock_acquire(); -EBUSY when another has it, and
 * -EAGAIN when it was just changed, with the word in *ret_word. */
static int attempt(const struct claim *claim, uint64_t *ret_word)
{
	struct lock_layout *lock = claim->lock;
	uint64_t word = atomic_load_explicit(&lock->owner, memory_order_relaxed);
	uint64_t owner = owner_of(word);
	int r = -EAGAIN;

	if (!is_for(lock, claim->roster))
		return error_say(-ESTALE, "the lock is of members of another roster, as the broker "
					  "had before it began anew: nobody can tell any more who "
					  "of them lives; remove the object that it is in");
	if (owner == 0) {
		if (change_owner(lock, &word, claim->me | word | claim->waiters))
			return settle(lock, claim->me);
	} else if (owner == claim->me) {
		if (atomic_load_explicit(&lock->token, memory_order_relaxed) == token_of(owner))
			return error_say(-EDEADLK, "this thread has the lock already");
		r = -EBUSY;
	} else if (roster_lives(claim->roster, owner)) {
		r = -EBUSY;
	} else if (change_owner(lock, &word, claim->me | LOCK_WAITERS)) {
		PROBE3(takeover, lock, owner, claim->me);
		return take_over(lock, claim->me);
	}
	*ret_word = word;
	return r;
}

static void linger(unsigned turn)
{
	uint64_t end = clock_now_ns() + (LINGER_NS << turn);

	while (clock_now_ns() < end)
		;
}

/* Sleep until the word or the epoch is another. Returns an outcome of futex_sleep(). */
static int sleep_for(struct claim *claim, uint64_t word, uint32_t epoch,
		     struct futex_patience *patience)
{
	struct lock_layout *lock = claim->lock;
	const struct futex_word words[] = {
		{futex_low_half(&lock->owner), (uint32_t)(word | LOCK_WAITERS)},
		{&claim->roster->shared->epoch, epoch},
	};

	if (!(word & LOCK_WAITERS) && !change_owner(lock, &word, word | LOCK_WAITERS))
		return FUTEX_STIRRED;
	claim->waiters = LOCK_WAITERS;
	return futex_sleep(words, 2, patience);
}

/* It may have been woken in the place of another. */
static int abandon(const struct claim *claim, int r, uint64_t word)
{
	if (claim->waiters)
		(void)pass_on(claim->lock);
	if (r == -EINTR)
		return error_say(r, "a signal handler interrupted the wait for the lock");
	return refuse_held(r, word);
}

static int wait_for(struct claim *claim, uint64_t deadline)
{
	struct futex_patience patience = futex_patience(deadline);
	unsigned turn = 0;
	uint64_t word;
	int r;

	for (;;) {
		/* Pairs with the release with which the broker counts it up. */
		uint32_t epoch =
			atomic_load_explicit(&claim->roster->shared->epoch, memory_order_acquire);

		r = attempt(claim, &word);
		if (r != -EBUSY && r != -EAGAIN)
			return r;
		claim->has_met = true;
		if (futex_is_over(&patience))
			return abandon(claim, -ETIMEDOUT, word);
		if (r == -EAGAIN)
			continue;
		if (turn < LINGER_TURNS) {
			linger(turn++);
			continue;
		}
		r = sleep_for(claim, word, epoch, &patience);
		if (r == -EINTR)
			return abandon(claim, r, word);
		turn = 0;
	}
}

/* Take a lock that nobody has, in a thread that has been here before, of the roster that it is for.
 */
static inline bool take_free(struct lock_layout *lock, const struct shmb_member *member,
			     uint64_t *ret_me)
{
	uint64_t word = 0;

	return is_here(member, ret_me) && thread_number &&
	       atomic_load_explicit(&lock->roster, memory_order_relaxed) == member->roster.tag &&
	       change_owner(lock, &word, *ret_me);
}

static attr_rare int try_slowly(struct lock_layout *lock, const struct shmb_member *member)
{
	struct claim claim = {.lock = lock, .roster = &member->roster};
	uint64_t word;
	int r = process_check(member_process(member));

	if (r < 0)
		return r;
	claim.me = id_of(member);
	(void)thread_here(); /* token_of() is about the number that it has now */
	r = attempt(&claim, &word);
	return r == -EBUSY || r == -EAGAIN ? refuse_held(-EBUSY, word) : r;
}

static attr_rare int acquire_slowly(struct lock_layout *lock, const struct shmb_member *member,
				    uint64_t deadline, bool *ret_met)
{
	struct claim claim = {.lock = lock, .roster = &member->roster};
	int r = process_check(member_process(member));

	if (r < 0)
		return r;
	claim.me = id_of(member);
	(void)thread_here(); /* as above */
	r = wait_for(&claim, deadline);
	*ret_met = claim.has_met;
	return r;
}

int lock_acquire(struct shmb_lock *lock, struct shmb_member *member, uint64_t deadline,
		 bool *ret_met)
{
	uint64_t me;

	*ret_met = false;
	if (!take_free(layout_of(lock), member, &me))
		return acquire_slowly(layout_of(lock), member, deadline, ret_met);
	return settle(layout_of(lock), me);
}

int shmb_lock_acquire(struct shmb_lock *lock, struct shmb_member *member, uint64_t deadline)
{
	bool met;

	return lock_acquire(lock, member, deadline, &met);
}

int shmb_lock_try(struct shmb_lock *lock, struct shmb_member *member)
{
	uint64_t me;

	if (!take_free(layout_of(lock), member, &me))
		return try_slowly(layout_of(lock), member);
	return settle(layout_of(lock), me);
}

/* Whether this thread has it, nobody waits, and there is nothing to say of what it guards. */
static inline bool is_plainly_held(const struct lock_layout *lock, const struct shmb_member *member,
				   uint64_t *ret_me)
{
	return is_here(member, ret_me) &&
	       atomic_load_explicit(&lock->owner, memory_order_relaxed) == *ret_me &&
	       atomic_load_explicit(&lock->token, memory_order_relaxed) == token_of(*ret_me) &&
	       atomic_load_explicit(&lock->condition, memory_order_relaxed) == LOCK_IN_ORDER;
}

/* Returns 0, with the owner's word in *ret_word, when this thread has it. */
static int check_held(const struct lock_layout *lock, const struct shmb_member *member,
		      uint64_t *ret_word)
{
	uint64_t word;
	int r = process_check(member_process(member));

	if (r < 0)
		return r;
	word = atomic_load_explicit(&lock->owner, memory_order_relaxed);
	if (owner_of(word) != id_of(member))
		return refuse_lost();
	if (atomic_load_explicit(&lock->token, memory_order_relaxed) != token_of(owner_of(word)))
		return error_say(-EPERM, "another thread of this process has the lock");
	*ret_word = word;
	return 0;
}

static attr_rare int release_slowly(struct lock_layout *lock, const struct shmb_member *member)
{
	uint64_t word;
	int r = check_held(lock, member, &word);

	if (r < 0)
		return r;
	if (atomic_load_explicit(&lock->condition, memory_order_relaxed) != LOCK_IN_ORDER)
		atomic_store_explicit(&lock->condition, LOCK_UNRECOVERABLE, memory_order_relaxed);
	return give_up(lock, owner_of(word), word);
}

int shmb_lock_release(struct shmb_lock *lock, struct shmb_member *member)
{
	uint64_t me;

	if (!is_plainly_held(layout_of(lock), member, &me))
		return release_slowly(layout_of(lock), member);
	return give_up(layout_of(lock), me, me);
}

int shmb_lock_repaired(struct shmb_lock *shared, struct shmb_member *member)
{
	struct lock_layout *lock = layout_of(shared);
	uint64_t word;
	int r = check_held(lock, member, &word);

	if (r < 0)
		return r;
	if (atomic_load_explicit(&lock->condition, memory_order_relaxed) == LOCK_IN_ORDER)
		return error_say(-EINVAL, "there was nothing to repair");
	atomic_store_explicit(&lock->condition, LOCK_IN_ORDER, memory_order_relaxed);
	return 0;
}

int lock_put_back(struct shmb_lock *shared, struct shmb_member *member)
{
	struct lock_layout *lock = layout_of(shared);
	uint64_t word = atomic_load_explicit(&lock->owner, memory_order_relaxed);

	if (owner_of(word) != id_of(member))
		return refuse_lost();
	atomic_store_explicit(&lock->condition, LOCK_IN_ORDER, memory_order_relaxed);
	return give_up(lock, owner_of(word), word);
}
