/*
 * Whether all of a cache fits together, for tests that are done with it or have killed somebody in
 * it.
 */
#ifndef SUPPORT_CACHE_AUDIT_H
#define SUPPORT_CACHE_AUDIT_H

#include "layout/cache_view.h"

/* Go through all shards, which nobody may change meanwhile: both logs can be gone through, what
 * they hold is what the tallies say, each entry is led to by one slot with its tag, and no slot
 * leads elsewhere. Returns NULL, or what is wrong. */
const char *cache_audit(const struct cache_view *view);

#endif
