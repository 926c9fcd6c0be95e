/*
 * The jobs of a shard: who computes which key. All but ending one is done in the shard's turn.
 */
#ifndef FORMATS_CACHE_JOBS_H
#define FORMATS_CACHE_JOBS_H

#include "formats/cache_find.h"
#include "formats/cache_shard.h"

/* A job of this process, so that it is known again. */
struct cache_ticket {
	uint32_t shard_number;
	uint32_t index;
	uint32_t serial;
	uint64_t hash;
	uint64_t owner;
};

/* What has become of the wish for a job. */
enum cache_bid {
	CACHE_HAS_JOB,
	CACHE_HAS_IT_ALREADY, /* this thread has begun it before, and not ended it */
	CACHE_MUST_WAIT,      /* another one has it, or as many keys are computed as can be */
	CACHE_HAS_CHANGED,    /* since it was looked for: look again */
};

/*
 * Get the job of computing KEY, if nobody has it who lives. Otherwise, *ret_word is what to sleep
 * on while it has *ret_value; an end after this call changes it and wakes.
 */
enum cache_bid cache_bid(struct cache_turn *turn, const struct cache_key *key,
			 struct cache_ticket *ret_ticket, const _Atomic uint32_t **ret_word,
			 uint32_t *ret_value);

/* Whether the job is this process's, and its key was not changed since it has begun. */
bool cache_job_counts(const struct shmb_cache *cache, const struct cache_ticket *ticket);

/* End a job of this process; nothing when it is none. Without a turn. */
void cache_end_job(const struct shmb_cache *cache, const struct cache_ticket *ticket);

/* KEY is changed by somebody else than who computes it: what is computed does not count any more.
 */
void cache_void_job(struct cache_turn *turn, const struct cache_key *key);
void cache_void_all_jobs(struct cache_turn *turn);

#endif
