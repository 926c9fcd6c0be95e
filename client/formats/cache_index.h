/*
 * The index of a shard, for who has its turn.
 */
#ifndef FORMATS_CACHE_INDEX_H
#define FORMATS_CACHE_INDEX_H

#include "formats/cache_find.h"
#include "formats/cache_shard.h"

/* Look for KEY. False when it is not there; what is there may be past its time, or a failure. */
bool cache_find_in_turn(const struct cache_turn *turn, const struct cache_key *key,
			struct cache_sight *ret_sight);

/* The slot that leads to the entry at PLACE, which has META and ROOM units to the end of its log;
 * NULL when none does. */
_Atomic uint64_t *cache_slot_to(const struct cache_turn *turn, uint32_t place, uint64_t meta,
				uint32_t room);

/* A slot for a new KEY. Another one may be forgotten for it. */
_Atomic uint64_t *cache_choose_slot(struct cache_turn *turn, const struct cache_key *key);

/* Put WORD, 0 or a ghost, into SLOT, and forget the entry that it led to. */
void cache_forget(struct cache_turn *turn, _Atomic uint64_t *slot, uint64_t word);

/* No slot leads to the entry at PLACE any more: its units hold nothing. */
void cache_free_entry(struct cache_turn *turn, uint32_t place);

/* The age of ghosts is counted in eras: one is what goes through the nursery while the main log
 * could be filled an eighth. */
unsigned cache_era(const struct cache_turn *turn);

/* Whether KEY has a ghost that is no older than what the main log could hold. */
bool cache_has_ghost(const struct cache_turn *turn, const struct cache_key *key);

#endif
