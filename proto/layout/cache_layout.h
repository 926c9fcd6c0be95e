/*
 * The cache format: keys to values.
 *
 *   offset  size  what                                                     who writes it
 *        0    40  head: magic "SMBCACHE", version, ABI, size 1280,         initialiser
 *                 flags 0, instance
 *       40     8  size: bytes of the whole                                 initialiser
 *       48     8  seed of the hash                                         initialiser
 *       56     4  n_shards: a power of two                                 initialiser
 *       60     4  n_buckets: of each shard                                 initialiser
 *      256  16 x 64  counts: hits and misses, for a part of the threads    who may write
 *     1280        n_shards shards of (size - 1280) / n_shards bytes, down to a multiple of 128
 *
 *   in a shard
 *        0    32  lock of the writers                                      who has it, or wants it
 *       32     8  version: the last that was given                         who has the lock, as
 *       40     8  swept: units that have gone through the nursery          all that follows
 *       48     8  looked: slots that were looked at for what is past its
 *                 time
 *       56     8  begun: a bit for each job that may be under way
 *       64  2 x 16  logs: the nursery, and the main one
 *                 0  8  gap
 *                 8  8  waste: units that hold nothing any more
 *      128   128  tallies, as in struct cache_tallies;                     but the last, of
 *                 the last counts turns that met another writer            who wants the lock
 *      256  32 x 32  jobs: values that somebody computes
 *                 0  8  hash of the key
 *                 8  8  owner: the member that computes, 0 for nobody
 *                16  8  token of its thread
 *                24  4  word, a futex: its low bit that somebody sleeps; counted up at an end
 *                28  4  serial: of the job, counted up
 *     1280        n_buckets buckets of 16 slots, of 8 bytes each, in two lines
 *                 the nursery: a tenth of the rest
 *                 the main log: what is left
 *
 * Units. Everything in logs is of whole units of 8 bytes, and places are counted in units from the
 * beginning of the shard.
 *
 * Logs. A log is full of entries, one after the other, but for one gap: entries are before the gap,
 * up to the unit `begin`, and after it, from the unit `end` on. The gap's word is `begin`, and in
 * its high half how many units there are from `end` to the end of the log; so a zeroed one is
 * empty. New entries go to the beginning of the gap. To make room the entry at its end is looked
 * at: it is forgotten, or copied to the gap's beginning and so kept; and the gap goes through the
 * log, round and round. What has no room any more before the end of the log goes to its beginning,
 * and what is left there is filled. So the oldest entry is the one after the gap, and nothing is
 * ever scattered.
 *
 *   an entry
 *        0     8  meta: units, sizes of key and value, kind, high byte of the flags
 *        8     8  version, 0 while it is changed: when it was set, in milliseconds of the
 *                 machine's uptime, times 2^22, a serial, and in the low ten bits the shard
 *       16     8  term: when its time is over, in milliseconds of the same (40 bits; 0:
 *                 never), and the low three bytes of the flags
 *       24        key, value, and what is left to whole units
 *
 * Units are the same all the life of an entry, and of what is left of it, so that a log can be gone
 * through from entry to entry whoever has died where.
 *
 * Slots. A key has two buckets in its shard, by its hash, and is in one slot of either. A slot
 * holds
 *
 *   bits 0-7    mark: how often it was got since it was last looked at, to 3; readers set it, by
 *               that byte alone
 *   bits 8-31   tag, of the hash; not 0
 *   bits 32-62  place of the entry
 *   bit 63      busy: the entry is being moved over itself
 *
 * or 0, or a ghost: a tag without a place, of what the nursery has forgotten, and in the mark's
 * place when that was. A ghost says that a key that is set again belongs into the main log.
 *
 * Readers. A reader loads a slot with its tag, the version, compares the key, copies the value, and
 * loads the slot and then the version again. It has a value if both are the same and the version is
 * not 0. A slot is changed before the units that it led to are written to, and never leads to the
 * same entry in the same place again: versions never come again, and an entry that is moved, which
 * keeps its version, only ever comes nearer to the beginning of its log, or from the nursery into
 * the main log. So what was read was whole and of that key. In that order, since the slot may be
 * the same again when the key was set once more, and an entry has its version before a slot leads
 * to it. A key that is there all the while stays in its slot. (tests/model/cache.pml)
 *
 * Who has the lock
 *
 *   sets anew    1. writes a whole entry into the gap      nothing has changed
 *                2. begin += its units                     an entry that no slot leads to
 *                3. the slot, release                      it is set
 *                4. marks what was there before as free    (else the next sweep finds it so)
 *   sets in      1. the version = 0                        the entry is to be forgotten
 *   place        2. fence; meta, term, value
 *                3. the version, release                   it is set
 *   forgets      1. the slot, release                      it is forgotten
 *                2. marks the entry as free
 *   keeps        1. copies it to the gap's beginning       nothing has changed
 *                2. begin += its units                     an entry that no slot leads to
 *                3. the slot, release                      it is there
 *                4. end += its units                       nothing is left of the old one
 *   keeps, where 1. busy into the slot, release            the entry is to be forgotten
 *   they overlap 2. end += its units
 *                3. moves it, begin += its units           the entry is to be forgotten
 *                4. the slot, release                      it is there
 *   touches      1. the term
 *
 * What a crash leaves behind stands at the right. Whoever takes over the lock goes through the logs
 * once: a busy slot, and one that leads to an entry of version 0 or into the gap, is emptied; an
 * entry that no slot leads to is free; and all is counted anew. When a log cannot be gone through,
 * which no crash leaves behind, all slots of the shard are emptied, and then its logs.
 *
 * Jobs. Who has the lock gives a job to itself: hash, serial, token, and last the owner. The owner
 * ends it without the lock: the owner's word first, then the futex; nobody else touches the job of
 * a member who lives, but to clear the hash when the key was changed meanwhile, so that what is
 * computed is not set any more. Of one who died it is given on.
 *
 * Hostile bytes. What is in the header is fetched once, into a struct cache_view, and refused
 * unless it fits the mapping; after that the geometry is never read again. A place, and the sizes
 * in a meta, are fetched once and compared with it before use.
 */
#ifndef LAYOUT_CACHE_LAYOUT_H
#define LAYOUT_CACHE_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "layout/head.h"

#define CACHE_MAGIC            UINT64_C(0x4548434143424d53) /* "SMBCACHE" */
#define CACHE_VERSION          1u
#define CACHE_SIZE_LEAST       (UINT64_C(1) << 14)
#define CACHE_SIZE_MOST        (UINT64_C(1) << 40)
#define CACHE_SHARDS_MOST      1024u
#define CACHE_SHARD_MOST       (UINT64_C(1) << 34) /* bytes: what a place can say */
#define CACHE_KEY_MOST         250u
#define CACHE_VALUE_MOST       (1u << 20)
#define CACHE_LINE_SLOTS       8u
#define CACHE_BUCKET_SLOTS     16u
#define CACHE_BUCKET_ALIGNMENT 128u
#define CACHE_BUCKETS_LEAST    4u
#define CACHE_JOBS             32u
#define CACHE_STRIPES          16u
#define CACHE_UNIT             8u

/* The units that BYTES take. */
static inline uint32_t cache_units_of(uint64_t bytes)
{
	return (uint32_t)((bytes + CACHE_UNIT - 1) / CACHE_UNIT);
}

/* What threads have seen, added up now and then. */
struct cache_counts {
	_Atomic uint64_t hits;
	_Atomic uint64_t misses;
	uint8_t reserved_16[48];
};

struct cache_header {
	struct layout_head head;
	uint64_t size;
	uint64_t seed;
	uint32_t n_shards;
	uint32_t n_buckets;
	uint8_t reserved_64[192];
	struct cache_counts counts[CACHE_STRIPES];
};

struct cache_log {
	_Atomic uint64_t gap;
	_Atomic uint64_t waste;
};

/* What is in a shard, and what has become of what was. */
struct cache_tallies {
	_Atomic uint64_t entries;
	_Atomic uint64_t bytes; /* of their keys and values */
	_Atomic uint64_t sets;
	_Atomic uint64_t deletes;
	_Atomic uint64_t evicted_room;
	_Atomic uint64_t evicted_index;
	_Atomic uint64_t evicted_expired;
	_Atomic uint64_t flushed;
	_Atomic uint64_t fills;
	_Atomic uint64_t fill_waits;
	_Atomic uint64_t fill_deaths;
	_Atomic uint64_t fill_failures;
	_Atomic uint64_t repairs;
	_Atomic uint64_t forgotten;
	_Atomic uint64_t emptied;
	_Atomic uint64_t lock_waits; /* turns that met another writer; added to without the lock */
};

struct cache_job {
	_Atomic uint64_t hash;
	_Atomic uint64_t owner;
	_Atomic uint64_t token;
	_Atomic uint32_t word;
	_Atomic uint32_t serial;
};

enum cache_log_name { CACHE_NURSERY, CACHE_MAIN, CACHE_LOGS };

struct cache_shard {
	_Alignas(CACHE_BUCKET_ALIGNMENT) uint64_t lock[4];
	_Atomic uint64_t version;
	_Atomic uint64_t swept;
	_Atomic uint64_t looked;
	_Atomic uint64_t begun;
	struct cache_log logs[CACHE_LOGS];
	uint8_t reserved_96[32];
	struct cache_tallies tallies;
	struct cache_job jobs[CACHE_JOBS];
};

struct cache_bucket {
	_Alignas(CACHE_BUCKET_ALIGNMENT) _Atomic uint64_t slots[CACHE_BUCKET_SLOTS];
};

struct cache_entry {
	_Atomic uint64_t meta;
	_Atomic uint64_t version;
	_Atomic uint64_t term;
	unsigned char key[]; /* and behind it the value */
};

static_assert(offsetof(struct cache_header, size) == 40, "as the map above says");
static_assert(offsetof(struct cache_header, seed) == 48, "as the map above says");
static_assert(offsetof(struct cache_header, n_shards) == 56, "as the map above says");
static_assert(offsetof(struct cache_header, n_buckets) == 60, "as the map above says");
static_assert(offsetof(struct cache_header, counts) == 256, "as the map above says");
static_assert(sizeof(struct cache_header) == 1280, "as the map above says");
static_assert(sizeof(struct cache_counts) == LAYOUT_LINE, "each in a line of its own");
static_assert(offsetof(struct cache_shard, version) == 32, "as the map above says");
static_assert(offsetof(struct cache_shard, swept) == 40, "as the map above says");
static_assert(offsetof(struct cache_shard, looked) == 48, "as the map above says");
static_assert(offsetof(struct cache_shard, begun) == 56, "as the map above says");
static_assert(offsetof(struct cache_shard, logs) == 64, "as the map above says");
static_assert(offsetof(struct cache_shard, tallies) == 128, "as the map above says");
static_assert(offsetof(struct cache_shard, jobs) == 256, "as the map above says");
static_assert(sizeof(struct cache_shard) == 1280, "as the map above says");
static_assert(offsetof(struct cache_job, word) == 24, "as the map above says");
static_assert(offsetof(struct cache_job, serial) == 28, "as the map above says");
static_assert(sizeof(struct cache_job) == 32, "as the map above says");
static_assert(sizeof(struct cache_bucket) == CACHE_BUCKET_ALIGNMENT, "as the map above says");
static_assert(sizeof(struct cache_entry) == 24, "as the map above says");

/* What a cache is to be, or is. */
struct cache_shape {
	uint64_t size;      /* CACHE_SIZE_LEAST to CACHE_SIZE_MOST */
	uint32_t n_shards;  /* a power of two up to CACHE_SHARDS_MOST */
	uint32_t n_buckets; /* of a shard */
	uint64_t seed;
};

/* The largest value of a cache of SIZE bytes. */
uint32_t cache_value_most(uint64_t size);

/* Set the buckets of SHAPE for entries whose key and value have ENTRY_SIZE bytes on the average. */
void cache_plan_index(struct cache_shape *shape, uint32_t entry_size);

/* Lay out a cache in its SIZE zeroed bytes at MEMORY, which is aligned to a line. Returns 0, or
 * -EINVAL when it is no shape or has no room there. */
int cache_format(void *memory, uint64_t size, const struct cache_shape *shape,
		 const uint8_t instance[static LAYOUT_INSTANCE_SIZE]);

/* What is wrong with SHAPE, as the end of a sentence; NULL when it is one. */
const char *cache_shape_fault(const struct cache_shape *shape);

#endif
