/*
 * A cache of shmbroker's as the benchmark opens it.
 */
#ifndef BENCH_CACHE_OURS_H
#define BENCH_CACHE_OURS_H

#include <shmbroker/cache.h>
#include <shmbroker/shmbroker.h>

#include "cache/traffic.h"
#include "support/server.h"

/* Entries are looked at for their time, which none of them reaches. */
static const struct shmb_cache_terms ours_terms = {.ttl_ms = 86400000};

_Noreturn void ours_give_up(const char *what);

struct shmb_connection *ours_connect(const struct server *broker);

/* A new name. */
void ours_name(char name[static 32]);

/* With SHMB_CREATE, or read-only. */
struct shmb_cache *ours_open(struct shmb_connection *connection, const char *name, uint64_t size,
			     uint32_t entry_size);
struct shmb_cache *ours_open_read_only(struct shmb_connection *connection, const char *name);

/* A crowd's queries, but for the keys: N values of at most ROOM bytes, a STRIDE apart. */
void ours_ask(struct shmb_cache_query *queries, unsigned n, unsigned char *values, size_t stride,
	      size_t room);

#endif
