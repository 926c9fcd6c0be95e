/*
 * Redis (packages redis-server and libhiredis-dev) through a Unix socket, with nothing on disk.
 */
#ifndef BENCH_CACHE_REDIS_H
#define BENCH_CACHE_REDIS_H

#include <hiredis/hiredis.h>
#include <stdint.h>

#include "support/server.h"

/* With so many bytes, beyond which it forgets what was used least lately; 0 for all that there is.
 */
void redis_start(struct server *server, uint64_t bytes, int core);

/* Waits until it listens. */
redisContext *redis_connect(const struct server *server);

/* The answer, or the end of the benchmark. */
redisReply *redis_must(redisContext *context, redisReply *reply);
redisReply *redis_answer(redisContext *context);

/* A SET of a key of 16 letters, whose answer is still to come. */
void redis_say_set(redisContext *context, const char *key, const void *value, size_t size);

#endif
