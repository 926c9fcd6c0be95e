/*
 * A job is ended without a turn, so that it ends in any case. That must not pass unseen by who is
 * about to sleep for it: he sets the word's low bit and then looks at the owner, and who ends the
 * job clears the owner and then changes the word. Both change the word, so one of them sees the
 * other.
 */
#include "formats/cache_jobs.h"

#include "core/futex.h"
#include "core/thread.h"

#define SLEEPER UINT32_C(1)

static_assert(CACHE_JOBS <= 64, "a bit each");

static uint64_t id_of(const struct shmb_cache *cache)
{
	return atomic_load_explicit(&cache->member->id, memory_order_relaxed);
}

/* Who has the job, if that lives; else 0. */
static uint64_t owner_of(const struct shmb_cache *cache, const struct cache_job *job)
{
	/* Pairs with the release when it was ended, or comes after the end of a process. */
	uint64_t owner = atomic_load_explicit(&job->owner, memory_order_acquire);

	return owner != 0 && roster_lives(&cache->member->roster, owner) ? owner : 0;
}

static void change_word(struct cache_job *job)
{
	uint32_t word = atomic_load_explicit(&job->word, memory_order_relaxed);

	/* Pairs with the one that sets SLEEPER. */
	while (!atomic_compare_exchange_weak_explicit(&job->word, &word, (word + 2) & ~SLEEPER,
						      memory_order_acq_rel, memory_order_relaxed))
		;
	if (word & SLEEPER)
		(void)futex_wake(&job->word, FUTEX_ALL);
}

static bool was_orphaned(const struct cache_job *job, const struct cache_key *key)
{
	return atomic_load_explicit(&job->owner, memory_order_relaxed) != 0 &&
	       atomic_load_explicit(&job->hash, memory_order_relaxed) == key->hash;
}

/* Take JOB, which nobody has who lives. */
static enum cache_bid take(struct cache_turn *turn, struct cache_job *job,
			   const struct cache_key *key, struct cache_ticket *ret_ticket)
{
	uint32_t serial = atomic_load_explicit(&job->serial, memory_order_relaxed) + 1;
	uint64_t owner = id_of(turn->cache);

	cache_tally(&turn->shard->tallies.fills, 1);
	cache_tally(&turn->shard->tallies.fill_deaths, was_orphaned(job, key));
	atomic_store_explicit(&job->hash, key->hash, memory_order_relaxed);
	atomic_store_explicit(&job->serial, serial, memory_order_relaxed);
	atomic_store_explicit(&job->token, thread_here(), memory_order_relaxed);
	/* Pairs with the acquire in owner_of(). */
	atomic_store_explicit(&job->owner, owner, memory_order_release);
	*ret_ticket = (struct cache_ticket){
		.shard_number = turn->shard_number,
		.index = (uint32_t)(job - turn->shard->jobs),
		.serial = serial,
		.hash = key->hash,
		.owner = owner,
	};
	return CACHE_HAS_JOB;
}

/* What to sleep on for JOB; false when it was ended meanwhile. */
static bool prepare_sleep(const struct shmb_cache *cache, struct cache_job *job,
			  const _Atomic uint32_t **ret_word, uint32_t *ret_value)
{
	/* Pairs with change_word(). */
	uint32_t word = atomic_fetch_or_explicit(&job->word, SLEEPER, memory_order_acq_rel);

	*ret_word = &job->word;
	*ret_value = word | SLEEPER;
	return owner_of(cache, job) != 0;
}

/* The job of KEY, or else one that nobody has; NULL when all are somebody's. */
static struct cache_job *find(struct cache_turn *turn, const struct cache_key *key,
			      uint64_t *ret_owner)
{
	struct cache_job *found = NULL;
	uint64_t begun = 0;

	*ret_owner = 0;
	for (unsigned i = 0; i < CACHE_JOBS; i++) {
		struct cache_job *job = &turn->shard->jobs[i];
		uint64_t owner = owner_of(turn->cache, job);
		bool is_key = atomic_load_explicit(&job->hash, memory_order_relaxed) == key->hash;

		begun |= (uint64_t)(owner != 0) << i;
		if (owner != 0 && is_key) {
			*ret_owner = owner;
			return job;
		}
		/* Of one who died with it, it is that one's to be passed on. */
		if (owner == 0 && (!found || is_key))
			found = job;
	}
	if (found)
		begun |= UINT64_C(1) << (found - turn->shard->jobs);
	atomic_store_explicit(&turn->shard->begun, begun, memory_order_relaxed);
	return found;
}

enum cache_bid cache_bid(struct cache_turn *turn, const struct cache_key *key,
			 struct cache_ticket *ret_ticket, const _Atomic uint32_t **ret_word,
			 uint32_t *ret_value)
{
	uint64_t owner;
	struct cache_job *job = find(turn, key, &owner);

	if (owner == id_of(turn->cache) && owner != 0 &&
	    atomic_load_explicit(&job->token, memory_order_relaxed) == thread_here())
		return CACHE_HAS_IT_ALREADY;
	if (!job)
		job = &turn->shard->jobs[key->hash % CACHE_JOBS];
	else if (owner == 0)
		return take(turn, job, key, ret_ticket);
	return prepare_sleep(turn->cache, job, ret_word, ret_value) ? CACHE_MUST_WAIT
								    : CACHE_HAS_CHANGED;
}

static struct cache_job *job_of(const struct shmb_cache *cache, const struct cache_ticket *ticket)
{
	struct cache_shard *shard = cache_shard(&cache->view, ticket->shard_number);

	return &shard->jobs[ticket->index % CACHE_JOBS];
}

static bool is_ours(const struct shmb_cache *cache, const struct cache_job *job,
		    const struct cache_ticket *ticket)
{
	return ticket->owner == id_of(cache) &&
	       atomic_load_explicit(&job->owner, memory_order_relaxed) == ticket->owner &&
	       atomic_load_explicit(&job->serial, memory_order_relaxed) == ticket->serial;
}

bool cache_job_counts(const struct shmb_cache *cache, const struct cache_ticket *ticket)
{
	const struct cache_job *job = job_of(cache, ticket);

	return is_ours(cache, job, ticket) &&
	       atomic_load_explicit(&job->hash, memory_order_relaxed) == ticket->hash;
}

void cache_end_job(const struct shmb_cache *cache, const struct cache_ticket *ticket)
{
	struct cache_job *job = job_of(cache, ticket);

	if (!is_ours(cache, job, ticket))
		return;
	/* Pairs with the acquire in owner_of(). */
	atomic_store_explicit(&job->owner, 0, memory_order_release);
	change_word(job);
}

static void void_job(struct cache_job *job)
{
	atomic_store_explicit(&job->hash, 0, memory_order_relaxed);
	change_word(job);
}

void cache_void_job(struct cache_turn *turn, const struct cache_key *key)
{
	uint64_t begun = atomic_load_explicit(&turn->shard->begun, memory_order_relaxed);

	for (; begun != 0; begun &= begun - 1) {
		struct cache_job *job = &turn->shard->jobs[__builtin_ctzll(begun) % CACHE_JOBS];

		if (atomic_load_explicit(&job->hash, memory_order_relaxed) == key->hash)
			void_job(job);
	}
}

void cache_void_all_jobs(struct cache_turn *turn)
{
	for (unsigned i = 0; i < CACHE_JOBS; i++)
		void_job(&turn->shard->jobs[i]);
}
