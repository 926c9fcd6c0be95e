/*
 * Going through a shard, by who has its turn.
 */
#ifndef FORMATS_CACHE_REPAIR_H
#define FORMATS_CACHE_REPAIR_H

#include "formats/cache_shard.h"

/* Forget what a death has left half done, and count anew; a shard that cannot be gone through is
 * emptied. */
void cache_repair(struct cache_turn *turn);

/* Forget all. */
void cache_empty(struct cache_turn *turn);

/* What stands in the shard makes no sense: empty it. Returns -EBADMSG, with a text. */
int cache_refuse_nonsense(struct cache_turn *turn);

#endif
