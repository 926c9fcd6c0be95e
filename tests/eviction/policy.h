/*
 * What a policy of eviction is, and the cache that it rules. Nothing is stored here: a key has a
 * size, and the question is only which keys are there when they are asked for.
 *
 * All room is counted in bytes. Who asks for a key that is there has a hit; else it is a miss, and
 * the key is inserted, after as many others as its room takes were evicted. That is the same for
 * all policies and is done in policy.c, so that no policy has more room than another. A hit marks,
 * so that its policy can note it, unless it is that of a reader who cannot write.
 */
#ifndef EVICTION_POLICY_H
#define EVICTION_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entries.h"

struct request {
	uint32_t key;
	uint32_t size; /* the same each time, and not 0 */
	bool marks;
};

struct cache {
	const struct policy *policy;
	uint64_t capacity;
	uint64_t inserted; /* bytes, in all */
	uint64_t moved;    /* bytes that a log has to write once more, to keep them */
	struct entries entries;
};

/* What can be varied in S3-FIFO. */
struct s3fifo_parameters {
	unsigned small_percent; /* of the capacity, for what is new */
	unsigned threshold;     /* hits by which what is new comes into main */
	unsigned ghost_percent; /* of the entries that main holds, for keys that were evicted */
};

struct policy {
	const char *name;
	size_t size;   /* of its own struct, which begins with a struct cache */
	unsigned most; /* what the counter of an entry goes up to */
	struct s3fifo_parameters s3fifo;
	/* All of its struct is zero but what is common to all. */
	void (*start)(struct cache *cache);
	/* A hit that marks; NULL where nothing is noted. */
	void (*mark)(struct cache *cache, uint32_t key);
	/* Its entry is new, and there is room for it. */
	void (*insert)(struct cache *cache, uint32_t key);
	/* Something is held: evict some of it, or come nearer to that. */
	void (*evict)(struct cache *cache);
};

/* LRU and FIFO are for comparison. */
extern const struct policy policy_lru, policy_fifo;
/* With one bit, and with a counter that goes up to 3. */
extern const struct policy policy_clock, policy_clock3;
extern const struct policy policy_sieve;
/* As in the paper; and with what was asked for once already coming into main. */
extern const struct policy policy_s3fifo, policy_s3fifo1;

/* POLICY has to last as long as the cache. Ends the program when there is no memory. */
struct cache *cache_new(const struct policy *policy, uint64_t capacity);
void cache_free(struct cache *cache);

/*
 * Ask for a key. Returns whether it was there; if not, it is afterwards, unless it is larger than
 * the cache, which then stays as it is.
 */
bool cache_access(struct cache *cache, const struct request *request);

/* Whether KEY is there, without asking for it. */
bool cache_holds(const struct cache *cache, uint32_t key);

/* For policies: a hit is counted, up to the most of the policy. */
void cache_count(struct cache *cache, uint32_t key);

#endif
