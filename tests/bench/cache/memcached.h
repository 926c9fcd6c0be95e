/*
 * memcached (package memcached), by its text protocol through a Unix socket.
 */
#ifndef BENCH_CACHE_MEMCACHED_H
#define BENCH_CACHE_MEMCACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/server.h"

struct memcached;

/* One thread, so many MiB, on CORE. */
void memcached_start(struct server *server, unsigned mib, int core);

/* Waits until it listens. */
struct memcached *memcached_connect(const struct server *server);
void memcached_close(struct memcached *connection);

/* Get N keys in one request: with a bit for each that was found, in VALUES, a STRIDE apart, each of
 * exactly SIZES[i] bytes. Keys have 16 letters and are KEY_STRIDE apart. */
uint32_t memcached_get(struct memcached *connection, const char *keys, size_t key_stride,
		       unsigned n, unsigned char *values, size_t stride, const uint32_t *sizes);

/* Set and wait for the answer; or without one, and not even sent before memcached_flush() or the
 * next call that waits. SECONDS to live, 0 for ever. */
void memcached_set(struct memcached *connection, const char *key, const void *value, uint32_t size,
		   uint32_t seconds);
void memcached_set_later(struct memcached *connection, const char *key, const void *value,
			 uint32_t size, uint32_t seconds);
void memcached_delete_later(struct memcached *connection, const char *key);
void memcached_flush(struct memcached *connection);

/* A number of its statistics, as "curr_items". */
uint64_t memcached_count(struct memcached *connection, const char *name);

#endif
