/*
 * Cache: keys to values, for all the processes of a machine. It has a fixed size, and forgets what
 * it has no room for; what it says is never another key's value, nor half of one.
 *
 * Keys have 1 to 250 bytes, values 0 to 1 MiB, but no more than a sixteenth of the cache. Each
 * entry has a version, which no other of its cache ever has, 32 bits for the program, and an
 * optional time to live. That is counted as the machine's uptime is, the time that it slept
 * included (CLOCK_BOOTTIME): no change of the date and no time namespace changes it. It is precise
 * to some 10 ms, and for 100 ms after the machine has slept an entry may be had that is past it.
 *
 *                        | get, use, next  set, add, ..., flush  get_or_fill  info, stats
 *   get, use, next       |      yes               yes                yes          yes
 *   set, add, ..., flush |      yes               yes                yes          yes
 *   get_or_fill          |      yes               yes                yes          yes
 *
 *   yes: by any threads of any processes at the same time, through one handle or several.
 *
 * Progress. Getting waits for nobody: what another process is changing at the very moment is looked
 * at again, for up to about a millisecond, and then missed, unless the handle may write and the
 * lock of that shard is free. Changing takes the lock of one shard of the cache, up to its
 * deadline, and takes over from who died with it. Neither makes a system call where nobody waits.
 *
 * Who dies. A process that is killed in the midst of a change leaves the old value, the new one, or
 * none. Whoever changes something in that shard next goes through it once (some 20 to 40 ns for
 * each of its entries) and forgets what is not whole.
 *
 * What is forgotten. Entries that nobody has got for long, those past their time when their turn
 * comes, and where many keys meet in one place of the index the one that was got least. A handle
 * that maps the memory read-only cannot leave a mark at what it gets: that does not count as being
 * got. (docs/BENCHMARKS.md says what it costs.)
 *
 * Hostile peers. What a peer that may write puts into the memory gives a wrong value, a miss or an
 * error, never a fault here, and no call comes back later than its deadline and a second. Where
 * keys lie depends on a random seed of the cache, so that nobody who may not read it can choose
 * keys that meet; and keys that do meet push each other out, but make nothing slow.
 */
#ifndef SHMBROKER_CACHE_H
#define SHMBROKER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shmbroker/connection.h>
#include <shmbroker/deadline.h>
#include <shmbroker/segment.h>

SHMB_BEGIN_DECLS

struct shmb_cache;

/* The layout tag of the segments that are caches. */
#define SHMB_CACHE_LAYOUT "shmbroker.cache.1"

#define SHMB_CACHE_KEY_MAX       250u
#define SHMB_CACHE_VALUE_MAX     (1u << 20) /* and no more than a sixteenth of the cache */
#define SHMB_CACHE_SIZE_DEFAULT  (UINT64_C(64) << 20)
#define SHMB_CACHE_SIZE_MIN      (UINT64_C(1) << 16)
#define SHMB_CACHE_SIZE_MAX      (UINT64_C(1) << 40)
#define SHMB_CACHE_ENTRY_DEFAULT 128u
#define SHMB_CACHE_SHARDS_MAX    1024u
#define SHMB_CACHE_TTL_MAX       UINT64_C(315360000000) /* ms: ten years */

/* Zeroed is the default for every member. */
struct shmb_cache_options {
	struct shmb_segment_options segment; /* as for shmb_segment_open(), but size and layout,
						which follow from the rest and have to be 0 */
	uint64_t size;                       /* bytes of the whole; 0: the default */
	uint32_t entry_size; /* what a key and its value have together, on the average: with it the
				index is made. Smaller ones than three quarters of it do not use all
				of the memory. 0: the default */
	uint32_t shards;     /* parts that are written to independently, rounded up to a power of
				two; 0: 4 to 64, as the size allows */
};

/*
 * Open the cache NAME, or create it. With SHMB_READ in the segment's flags the memory is mapped
 * read-only, which is enough to get; OPTIONS may be NULL, which is that and nothing else. The cache
 * is the caller's, to be ended by shmb_cache_close(), and before that of no use any more after
 * shmb_disconnect().
 *
 * Size, entry_size and shards are those of who creates it: who finds one gets it as it is, and
 * shmb_cache_info() says how. Unless the segment's lifetime says otherwise it ends with the last
 * who has it open; SHMB_LIFETIME_KEEP, or USED with a linger_ms, lets it wait for the next program.
 *
 * Returns 0; what shmb_segment_open() says; -ESTALE when NAME is no cache, one of another layout,
 * or, unless it is to be read only, one from the time of another roster of the broker; -EINVAL for
 * options that mean nothing, such as a size that has no room for its shards; -EBADMSG when its
 * header makes no sense; -ENOMEM.
 *
 * Threads: safe. Since 0.1, as all here.
 */
SHMB_EXPORT int shmb_cache_open(struct shmb_connection *connection, const char *name,
				const struct shmb_cache_options *options,
				struct shmb_cache **ret_cache);

/* Detach and free; NULL is ignored. Never blocks and never fails. */
SHMB_EXPORT void shmb_cache_close(struct shmb_cache *cache);

/* What there is to know of an entry beside its value. */
struct shmb_cache_entry {
	size_t size; /* of the value, in bytes */
	uint64_t version;
	uint64_t ttl_ms; /* what is left; 0: for ever */
	uint64_t age_ms; /* since it was set */
	uint32_t flags;
};

/*
 * Copy the value of KEY into BUFFER of ROOM bytes, NULL for 0. What else there is to know is in
 * *ret_entry (NULL: not wanted). It takes the least time when the value fills the buffer and
 * nothing else is asked for.
 *
 * Returns 0; SHMB_MISS when the cache does not have it; -EMSGSIZE, with *ret_entry and without a
 * value, when ROOM is too small; -EINVAL for a key of 0 or more than 250 bytes; -EOWNERDEAD in a
 * forked child, unless it goes on with it (SHMB_INHERIT, shmb_rejoin()), and -ENOTCONN after
 * shmb_disconnect(), as all calls here that can fail. What is in BUFFER after anything but 0 is no
 * value.
 */
SHMB_EXPORT int shmb_cache_get(const struct shmb_cache *cache, const void *key, size_t key_size,
			       void *buffer, size_t room, struct shmb_cache_entry *ret_entry);

/* One key of many. */
struct shmb_cache_query {
	const void *key;
	size_t key_size;
	void *buffer;
	size_t room;
	int result; /* as shmb_cache_get() would return */
	struct shmb_cache_entry entry;
};

/* Get N keys, which takes less time than one after the other: while one is waited for, the next
 * ones come from memory. Each answer is in its query. What is being changed is looked at again as
 * by shmb_cache_get(), but of 32 keys in turn that share one time for it; so one may be missed
 * sooner. Returns 0, or what went wrong with all. */
SHMB_EXPORT int shmb_cache_get_many(const struct shmb_cache *cache,
				    struct shmb_cache_query *queries, size_t n);

/* Make use of a value that stands at VALUE, aligned to nothing, and that others may change at any
 * moment: it must not be trusted, not as an index and not as a length. Nor may it be given to a
 * call of the cache: what is to be set is copied first. Returns what shmb_cache_use() is to return.
 */
typedef int shmb_cache_use_fn(const void *value, const struct shmb_cache_entry *entry, void *data);

/*
 * Call USE with the value of KEY where it lies in shared memory. When the value changed meanwhile,
 * what USE did does not count, and it is called again with what is there then: so it begins anew
 * each time, and what it has made of the last call is good when this returns what it returned. It
 * may call the cache, since no lock is held.
 *
 * Returns what USE returned last; SHMB_MISS, also after USE was called in vain; -EINVAL.
 */
SHMB_EXPORT int shmb_cache_use(const struct shmb_cache *cache, const void *key, size_t key_size,
			       shmb_cache_use_fn *use, void *data);

/* How an entry is to be kept. Zeroed is the default. */
struct shmb_cache_terms {
	uint64_t ttl_ms; /* time to live; 0: for ever, else at most SHMB_CACHE_TTL_MAX */
	uint32_t flags;  /* the program's own */
};

/*
 * Set KEY to SIZE bytes of VALUE, whatever it was, on TERMS (NULL: the default). The version is in
 * *ret_version (NULL: not wanted). It waits until DEADLINE for others that change the same shard.
 *
 * Returns 0; -EINVAL for a key of 0 or more than 250 bytes, or a time to live of more than
 * SHMB_CACHE_TTL_MAX; -EFBIG for a value of more than 1 MiB or a sixteenth of the cache; -EPERM
 * through a read-only mapping; -ETIMEDOUT, -EINTR and -ESTALE as shmb_lock_acquire(), and
 * -ENOTRECOVERABLE when a peer has written into the lock; -EBADMSG when what stands in the memory
 * makes no sense, and then the shard has been emptied, and the next call will do; -ENOLCK when the
 * lock was lost meanwhile.
 */
SHMB_EXPORT int shmb_cache_set(struct shmb_cache *cache, const void *key, size_t key_size,
			       const void *value, size_t size, const struct shmb_cache_terms *terms,
			       uint64_t deadline, uint64_t *ret_version);

/* The same if KEY is not there: else SHMB_EXISTS. */
SHMB_EXPORT int shmb_cache_add(struct shmb_cache *cache, const void *key, size_t key_size,
			       const void *value, size_t size, const struct shmb_cache_terms *terms,
			       uint64_t deadline, uint64_t *ret_version);

/* The same if KEY is there: else SHMB_MISS. */
SHMB_EXPORT int shmb_cache_replace(struct shmb_cache *cache, const void *key, size_t key_size,
				   const void *value, size_t size,
				   const struct shmb_cache_terms *terms, uint64_t deadline,
				   uint64_t *ret_version);

/* The same if KEY is there in the version EXPECTED: else SHMB_MISS, or SHMB_CHANGED and the version
 * that is there in *ret_version. */
SHMB_EXPORT int shmb_cache_compare_and_set(struct shmb_cache *cache, const void *key,
					   size_t key_size, uint64_t expected, const void *value,
					   size_t size, const struct shmb_cache_terms *terms,
					   uint64_t deadline, uint64_t *ret_version);

/* Forget KEY. Returns 0, SHMB_MISS when it was not there, or as shmb_cache_set(). */
SHMB_EXPORT int shmb_cache_delete(struct shmb_cache *cache, const void *key, size_t key_size,
				  uint64_t deadline);

/* Let KEY live TTL_MS from now (0: for ever); its version stays. Returns 0, SHMB_MISS, or as
 * shmb_cache_set(). */
SHMB_EXPORT int shmb_cache_touch(struct shmb_cache *cache, const void *key, size_t key_size,
				 uint64_t ttl_ms, uint64_t deadline);

/*
 * Add DELTA to the number that KEY has, a text of 1 to 20 decimal digits for 0 to 2^64 - 1, as one
 * step. Below 0 it stays at 0. The new number is in *ret_number (NULL: not wanted); terms and
 * flags stay.
 *
 * Returns 0; SHMB_MISS; -EDOM when the value is no such text; -ERANGE when the sum would be more
 * than 2^64 - 1; or as shmb_cache_set(). Nothing has changed then.
 */
SHMB_EXPORT int shmb_cache_increment(struct shmb_cache *cache, const void *key, size_t key_size,
				     int64_t delta, uint64_t deadline, uint64_t *ret_number);

/* Forget all. Shards are emptied one after the other, each waited for until DEADLINE. Returns 0, or
 * as shmb_cache_set(): then some may be as they were, as when the process is killed meanwhile. */
SHMB_EXPORT int shmb_cache_flush(struct shmb_cache *cache, uint64_t deadline);

/*
 * The next key, into KEY, which has room for SHMB_CACHE_KEY_MAX bytes: start with *cursor 0.
 * Entries that are set, moved or forgotten meanwhile may come or not; each other comes once. The
 * order means nothing.
 *
 * Returns 0, SHMB_END at the end, -EINVAL for a cursor that none of these calls gave.
 */
SHMB_EXPORT int shmb_cache_next(const struct shmb_cache *cache, uint64_t *cursor, void *key,
				size_t *ret_key_size, struct shmb_cache_entry *ret_entry);

/* Facts that do not change. */
struct shmb_cache_facts {
	uint64_t size;       /* bytes of the whole */
	uint64_t index_size; /* of which the index takes */
	uint64_t value_size; /* of the largest value */
	uint32_t shards;
	bool writes; /* this handle can change it */
	struct shmb_segment_facts segment;
};

SHMB_EXPORT void shmb_cache_info(const struct shmb_cache *cache, struct shmb_cache_facts *ret_info);

/*
 * What has happened since the cache was made, and what is in it. Counted by those who may write:
 * what a handle with a read-only mapping gets is counted nowhere. Hits and misses are added up now
 * and then by each handle, so that some of the last hundreds may be missing, and those of a process
 * that was killed.
 */
struct shmb_cache_stats {
	uint64_t entries;
	uint64_t bytes;     /* of keys and values that are there */
	uint64_t waste;     /* bytes of what was deleted or replaced, and not reused yet */
	uint64_t oldest_ms; /* since the oldest entry was set; 0 unless that was asked for */
	uint64_t hits;
	uint64_t misses;
	uint64_t sets;            /* that stored something, of any kind */
	uint64_t deletes;         /* that found something */
	uint64_t evicted_room;    /* forgotten for the room that it took */
	uint64_t evicted_index;   /* because too many keys met in one place of the index */
	uint64_t evicted_expired; /* past its time, when its turn came */
	uint64_t flushed;
	uint64_t fills;         /* computations that a get_or_fill began, */
	uint64_t fill_waits;    /* waits for one of another process or thread, */
	uint64_t fill_deaths;   /* passed on since who computed had died, */
	uint64_t fill_failures; /* and that failed */
	uint64_t repairs;       /* of a shard whose writer had died */
	uint64_t forgotten;     /* entries that were not whole then */
	uint64_t emptied;       /* shards that made no sense */
	uint64_t lock_waits;    /* changes that met another in their shard, and waited or gave up */
};

/* WALKS: also the age of the oldest entry, for which all of the index is gone through, and the
 * memory of what was never written to is allocated. Returns 0 or as shmb_cache_get(). */
SHMB_EXPORT int shmb_cache_stats(const struct shmb_cache *cache, bool walks,
				 struct shmb_cache_stats *ret_stats);

SHMB_END_DECLS

#endif
