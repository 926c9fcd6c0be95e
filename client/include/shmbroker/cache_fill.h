/*
 * Filling a cache: one process computes what is missing, the others wait for it.
 *
 * Whoever misses a key first has the job; others that want it meanwhile sleep until it is there, or
 * take what was there before, when they allow that. When the one with the job dies, the next of
 * them has it. A failure can be kept for a while, so that not everybody tries in vain. What
 * somebody sets or deletes meanwhile is newer than what is computed, which then is not set any
 * more.
 *
 * All calls here need a handle that can change the cache; they may be made by any threads of any
 * processes at the same time. At most 32 keys of a shard are computed at a time; more wait.
 */
#ifndef SHMBROKER_CACHE_FILL_H
#define SHMBROKER_CACHE_FILL_H

#include <shmbroker/cache.h>

SHMB_BEGIN_DECLS

/*
 * Compute the value into BUFFER of ROOM bytes, its size into *ret_size and its terms into *terms,
 * which are the caller's default at first. Returns 0, or a negative -errno that the failure is to
 * be known by. It may call the cache, but not get_or_fill() of the same key (-EDEADLK).
 */
typedef int shmb_cache_fill_fn(void *buffer, size_t room, size_t *ret_size,
			       struct shmb_cache_terms *terms, void *data);

/* Zeroed is the default. */
struct shmb_cache_fill_options {
	struct shmb_cache_terms terms; /* of what is computed */
	uint64_t stale_ms;   /* while another computes, a value is good that is past its time by no
				more than this, and still there */
	uint32_t failure_ms; /* how long a failure is kept; 0: not at all */
};

/*
 * Get KEY as shmb_cache_get() does; when it is not there, let FILL compute it, keep it, and return
 * it. While another process or thread computes it this waits, until DEADLINE. What was computed is
 * returned also when it could not be kept, since it is too large, or somebody has changed the key
 * meanwhile, or the deadline has passed: then the version in *ret_entry is 0.
 *
 * Returns 0; SHMB_STALE when BUFFER has a value that is past its time; what FILL returned, here or
 * in another process no longer ago than its failure_ms; -ETIMEDOUT when another one still computes;
 * -EDEADLK when this thread does; -EINVAL when FILL returned what it may not, or a size of more
 * than ROOM; -EPERM through a read-only mapping; or as shmb_cache_get() and shmb_cache_set().
 */
SHMB_EXPORT int shmb_cache_get_or_fill(struct shmb_cache *cache, const void *key, size_t key_size,
				       void *buffer, size_t room, shmb_cache_fill_fn *fill,
				       void *data, const struct shmb_cache_fill_options *options,
				       uint64_t deadline, struct shmb_cache_entry *ret_entry);

/*
 * The same in two steps, for programs that compute elsewhere than in a callback: when KEY is not
 * there and nobody else computes it, this returns SHMB_FILL, and the caller has the job, which it
 * ends with one of the calls below, once, from the same thread or another of this process. The job
 * ends with the process too.
 */
struct shmb_cache_job {
	uint64_t words[4]; /* for these calls alone */
};

SHMB_EXPORT int shmb_cache_get_or_begin(struct shmb_cache *cache, const void *key, size_t key_size,
					void *buffer, size_t room,
					const struct shmb_cache_fill_options *options,
					uint64_t deadline, struct shmb_cache_job *ret_job,
					struct shmb_cache_entry *ret_entry);

/* End JOB with a value for KEY, which is that of its beginning. Returns as shmb_cache_set();
 * -ENOENT when the key was set or deleted meanwhile, or the job was not this process's any more,
 * and nothing is set; -EINVAL for another key than that of its beginning. But for the last the job
 * is over in any case. */
SHMB_EXPORT int shmb_cache_finish(struct shmb_cache *cache, const struct shmb_cache_job *job,
				  const void *key, size_t key_size, const void *value, size_t size,
				  const struct shmb_cache_terms *terms, uint64_t deadline,
				  uint64_t *ret_version);

/* End JOB without one: ERROR, a negative -errno, is what others get for FAILURE_MS, in the place of
 * what was there (0: the next of them has the job). Returns the same. */
SHMB_EXPORT int shmb_cache_fail(struct shmb_cache *cache, const struct shmb_cache_job *job,
				const void *key, size_t key_size, int error, uint32_t failure_ms,
				uint64_t deadline);

SHMB_END_DECLS

#endif
