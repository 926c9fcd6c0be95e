/*
 * How the calls of memcached.h come to the cache, and how its answers become their results. Nothing
 * here is for programs.
 *
 * A handle opens its cache when it needs it. What it was opened with may be gone, since this is a
 * forked child by now, or the broker is another one: then the call opens it anew, and is made
 * again, once.
 */
#ifndef SHMBROKER_MEMCACHED_HANDLE_H
#define SHMBROKER_MEMCACHED_HANDLE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <shmbroker/cache.h>
#include <shmbroker/error.h>
#include <shmbroker/memcached_result.h>
#include <shmbroker/memcached_return.h>

SHMB_BEGIN_DECLS

#define SHMB_MEMCACHED_PATIENCE_MS 1000u /* for others that change the same shard */
#define SHMB_MEMCACHED_RETRY_S     2     /* after opening has failed */
#define SHMB_MEMCACHED_MONTH_S     (60 * 60 * 24 * 30)

/* A handle. Its members are for the functions here alone. */
typedef struct memcached_st {
	struct shmb_connection *broker;
	struct shmb_cache *cache; /* NULL: not opened yet */
	char *keys;               /* of memcached_mget(): MEMCACHED_MAX_KEY bytes each, with the */
	size_t n_keys;            /* size in the first */
	size_t next_key;
	time_t failed_at; /* when opening has failed; 0: it has not */
	int error;
	memcached_return_t last;
	void *memory; /* that is freed with it; NULL: it is the caller's */
	char message[512];
} memcached_st;

static inline void shmb_memcached_note(memcached_st *handle, const char *text)
{
	(void)snprintf(handle->message, sizeof(handle->message), "%s", text);
}

static inline void shmb_memcached_close(memcached_st *handle)
{
	shmb_cache_close(handle->cache);
	shmb_disconnect(handle->broker);
	handle->cache = NULL;
	handle->broker = NULL;
}

static inline int shmb_memcached_open(memcached_st *handle)
{
	const char *name = getenv("SHMBROKER_MEMCACHED");
	struct shmb_cache_options options;
	int r;

	if (handle->cache)
		return 0;
	if (handle->failed_at != 0 && time(NULL) - handle->failed_at < SHMB_MEMCACHED_RETRY_S)
		return handle->error;
	memset(&options, 0, sizeof(options));
	options.segment.flags = SHMB_CREATE;
	options.segment.lifetime = SHMB_LIFETIME_KEEP;
	r = shmb_connect(NULL, &handle->broker);
	if (r == 0)
		r = shmb_cache_open(handle->broker, name && *name ? name : "memcached", &options,
				    &handle->cache);
	handle->failed_at = r < 0 ? time(NULL) : 0;
	if (r < 0) {
		shmb_memcached_note(handle, shmb_last_error());
		shmb_memcached_close(handle);
	}
	return handle->error = r;
}

/* Whether the call that returned R, the first or the second time, is to be made again. */
static inline bool shmb_memcached_again(memcached_st *handle, int r, int *turn)
{
	if ((r != -EOWNERDEAD && r != -ENOTCONN && r != -ESTALE) || !handle->cache || ++*turn > 1)
		return false;
	shmb_memcached_close(handle);
	return true;
}

static inline memcached_return_t shmb_memcached_failure(const memcached_st *handle, int r)
{
	if (!handle->cache)
		return MEMCACHED_CONNECTION_FAILURE;
	switch (r) {
	case -EINVAL:
		return MEMCACHED_BAD_KEY_PROVIDED;
	case -EFBIG:
		return MEMCACHED_E2BIG;
	case -ENOMEM:
		return MEMCACHED_MEMORY_ALLOCATION_FAILURE;
	case -ETIMEDOUT:
		return MEMCACHED_TIMEOUT;
	case -EDOM:
	case -ERANGE:
		return MEMCACHED_CLIENT_ERROR;
	default:
		return MEMCACHED_FAILURE;
	}
}

/* What a call returns that came to R; MISS: what it is that a key is not there. */
static inline memcached_return_t shmb_memcached_end(memcached_st *handle, int r,
						    memcached_return_t miss)
{
	if (r < 0) {
		handle->last = shmb_memcached_failure(handle, r);
		handle->error = r;
		if (handle->cache)
			shmb_memcached_note(handle,
					    r == -ENOMEM ? strerror(ENOMEM) : shmb_last_error());
		return handle->last;
	}
	handle->last = r == SHMB_MISS      ? miss
		       : r == SHMB_EXISTS  ? MEMCACHED_NOTSTORED
		       : r == SHMB_CHANGED ? MEMCACHED_DATA_EXISTS
					   : MEMCACHED_SUCCESS;
	return handle->last;
}

/* A call that was refused before it came to the cache. */
static inline memcached_return_t shmb_memcached_refuse(memcached_st *handle,
						       memcached_return_t result)
{
	handle->error = -EINVAL;
	shmb_memcached_note(handle, shmb_memcached_text(result));
	return handle->last = result;
}

static inline uint64_t shmb_memcached_deadline(void)
{
	return shmb_deadline_in_ms(SHMB_MEMCACHED_PATIENCE_MS);
}

/* The time to live, in ms, of what expires so. */
static inline uint64_t shmb_memcached_ttl(time_t expiration)
{
	if (expiration == 0)
		return 0;
	if (expiration > SHMB_MEMCACHED_MONTH_S)
		expiration -= time(NULL);
	if (expiration <= 0)
		return 1;
	return (uint64_t)expiration < SHMB_CACHE_TTL_MAX / 1000 ? (uint64_t)expiration * 1000
								: SHMB_CACHE_TTL_MAX;
}

SHMB_END_DECLS

#endif
