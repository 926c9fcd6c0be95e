/*
 * The logs of a shard, for who has its turn: room in them, and what is forgotten for it.
 */
#ifndef FORMATS_CACHE_LOG_H
#define FORMATS_CACHE_LOG_H

#include "formats/cache_shard.h"

/*
 * Make room for UNITS, which a log can have, at the beginning of its gap, in *ret_place. Entries
 * may be moved and forgotten for it, in both logs. Returns 0; or -EBADMSG with a text, when the
 * shard made no sense, and then it is empty.
 */
int cache_make_room(struct cache_turn *turn, enum cache_log_name name, uint32_t units,
		    uint32_t *ret_place);

/* An entry of UNITS stands at the beginning of the gap: it is in the log now. */
void cache_append(struct cache_turn *turn, enum cache_log_name name, uint32_t units);

#endif
