/*
 * The words of a cache that say more than one thing, as cache_layout.h has them: slots, the meta
 * and the term of an entry, versions, gaps.
 */
#ifndef LAYOUT_CACHE_WORDS_H
#define LAYOUT_CACHE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* A slot. */
#define CACHE_MARK_MASK UINT64_C(0xff)
#define CACHE_MARK_MOST 3u
#define CACHE_TAG_MASK  UINT64_C(0xffffff00)
#define CACHE_BUSY      (UINT64_C(1) << 63)

/* TAG as it stands in a slot. */
static inline uint64_t cache_slot(uint64_t tag, uint32_t place)
{
	return tag | (uint64_t)place << 32;
}

static inline uint64_t cache_slot_tag(uint64_t slot)
{
	return slot & CACHE_TAG_MASK;
}

static inline uint32_t cache_slot_place(uint64_t slot)
{
	return (uint32_t)(slot >> 32) & 0x7fffffff;
}

static inline unsigned cache_slot_mark(uint64_t slot)
{
	return (unsigned)(slot & CACHE_MARK_MASK);
}

/* The mark of what was got, or set, once more than MARK says. */
static inline unsigned cache_mark_more(unsigned mark)
{
	return mark < CACHE_MARK_MOST ? mark + 1 : CACHE_MARK_MOST;
}

/* What the nursery has forgotten in ERA. */
static inline uint64_t cache_ghost(uint64_t tag, unsigned era)
{
	return tag | (era & CACHE_MARK_MASK);
}

static inline bool cache_is_ghost(uint64_t slot)
{
	return slot != 0 && cache_slot_place(slot) == 0 && !(slot & CACHE_BUSY);
}

/* A meta. */
enum cache_kind {
	CACHE_FREE = 0, /* nothing, or nothing any more */
	CACHE_VALUE = 1,
	CACHE_FAILURE = 2, /* its value is the error of who was to compute it, 4 bytes */
};

static inline uint64_t cache_meta(enum cache_kind kind, uint32_t units, uint32_t key_size,
				  uint32_t value_size, uint32_t flags)
{
	return units | (uint64_t)key_size << 18 | (uint64_t)value_size << 26 |
	       (uint64_t)kind << 47 | (uint64_t)(flags >> 24) << 56;
}

static inline uint32_t cache_meta_units(uint64_t meta)
{
	return (uint32_t)(meta & 0x3ffff);
}

static inline uint32_t cache_meta_key_size(uint64_t meta)
{
	return (uint32_t)(meta >> 18 & 0xff);
}

static inline uint32_t cache_meta_value_size(uint64_t meta)
{
	return (uint32_t)(meta >> 26 & 0x1fffff);
}

static inline enum cache_kind cache_meta_kind(uint64_t meta)
{
	return (enum cache_kind)(meta >> 47 & 3);
}

/* Whether META is that of a value with a key of KEY_SIZE bytes. */
static inline bool cache_meta_is_value(uint64_t meta, uint32_t key_size)
{
	const uint64_t mask = UINT64_C(0xff) << 18 | UINT64_C(3) << 47;

	return ((meta ^ cache_meta(CACHE_VALUE, 0, key_size, 0, 0)) & mask) == 0;
}

/* The same units without anything in them. */
static inline uint64_t cache_meta_freed(uint64_t meta)
{
	return cache_meta(CACHE_FREE, cache_meta_units(meta), 0, 0, 0);
}

/* A term: when it is over, 0 for never, and the rest of the flags. */
#define CACHE_EXPIRY_MOST ((UINT64_C(1) << 40) - 1)

static inline uint64_t cache_term(uint64_t expiry, uint32_t flags)
{
	return expiry << 24 | (flags & 0xffffff);
}

static inline uint64_t cache_term_expiry(uint64_t term)
{
	return term >> 24;
}

static inline uint32_t cache_flags(uint64_t meta, uint64_t term)
{
	return (uint32_t)(meta >> 56) << 24 | (uint32_t)(term & 0xffffff);
}

/* A version. */
#define CACHE_VERSION_SERIAL 22

#define CACHE_VERSION_SHARDS UINT64_C(1024) /* each has its own ones */

/* The one after LAST of a shard, at NOW in milliseconds; never 0. */
static inline uint64_t cache_next_version(uint64_t last, uint64_t now, uint32_t shard_number)
{
	uint64_t first = now << CACHE_VERSION_SERIAL | shard_number;
	uint64_t next = last < first ? first : last + CACHE_VERSION_SHARDS;

	return next ? next : CACHE_VERSION_SHARDS;
}

static inline uint64_t cache_version_time(uint64_t version)
{
	return version >> CACHE_VERSION_SERIAL;
}

/* A gap, of a log of UNITS. */
static inline uint64_t cache_gap(uint32_t begin, uint32_t end, uint32_t units)
{
	return begin | (uint64_t)(units - end) << 32;
}

static inline uint32_t cache_gap_begin(uint64_t gap)
{
	return (uint32_t)gap;
}

static inline uint32_t cache_gap_end(uint64_t gap, uint32_t units)
{
	return units - (uint32_t)(gap >> 32);
}

#endif
