/*
 * A cache without a broker, in memory that forked children share, and handles on it as opening
 * makes them: through a mapping that is read-only, or as a member of a roster of the test's own.
 */
#ifndef UNIT_CACHE_MEMORY_H
#define UNIT_CACHE_MEMORY_H

#include "formats/cache.h"
#include "support/fake_member.h"
#include "twin_memory.h"

struct cache_memory {
	struct twin_memory twin;
	struct fake_roster roster;
	struct cache_view view; /* for looking behind the scenes */
};

/* A cache of SIZE bytes in SHARDS, for entries of ENTRY_SIZE. Fails the test when there is no
 * memory. */
void cache_memory_start(struct cache_memory *memory, uint64_t size, uint32_t shards,
			uint32_t entry_size);
void cache_memory_stop(struct cache_memory *memory);

/* A handle of the calling process, as a new member, or one that may only read. */
struct shmb_cache *cache_memory_join(struct cache_memory *memory);
struct shmb_cache *cache_memory_look(struct cache_memory *memory);

/* A handle is closed; its member lives on until it is buried. */
void cache_memory_close(struct shmb_cache *cache);

/* The process of CACHE is gone, as far as the roster knows. */
void cache_memory_bury(struct cache_memory *memory, const struct shmb_cache *cache);

/* Fails the test if not all of it fits together. */
void cache_memory_check(const struct cache_memory *memory);

/* Time goes on by MS, for handles of this process. */
void cache_memory_pass(struct shmb_cache *cache, uint64_t ms);

#endif
