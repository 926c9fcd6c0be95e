/*
 * A peer of caches: unordered_map of boost in shared memory of boost.interprocess, with one mutex
 * around it, as C has it. Keys have 16 bytes, values one of two sizes.
 */
#ifndef BENCH_CACHE_BOOST_MAP_H
#define BENCH_CACHE_BOOST_MAP_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#else
#include <stdbool.h>
#endif

#define BOOST_MAP_KEY    16
#define BOOST_MAP_LITTLE 100
#define BOOST_MAP_LARGE  1024

/* With a name that is gone when this returns: processes that are forked from here on have it. NULL
 * when it cannot be made. */
void *boost_map_make(const char *name, size_t keys, size_t size);
void boost_map_end(void *map);

bool boost_map_get(void *map, const void *key, void *value, size_t size);
/* False when there is no memory left. */
bool boost_map_set(void *map, const void *key, const void *value, size_t size);

#ifdef __cplusplus
}
#endif

#endif
