/*
 * What memcached_fetch_result() fetches: a value, its key, its flags and its version. Of no use but
 * through memcached.h.
 *
 * Threads: one at a time for each result.
 */
#ifndef SHMBROKER_MEMCACHED_RESULT_H
#define SHMBROKER_MEMCACHED_RESULT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <shmbroker/cache.h>

SHMB_BEGIN_DECLS

#define MEMCACHED_MAX_KEY (SHMB_CACHE_KEY_MAX + 1)

/* A value with all that belongs to it. Its members are for the functions here alone. */
typedef struct memcached_result_st {
	char *value;
	size_t length;
	size_t key_length;
	uint64_t cas;
	uint32_t flags;
	void *memory; /* that is freed with it; NULL: it is the caller's */
	char key[MEMCACHED_MAX_KEY];
} memcached_result_st;

struct memcached_st;

/*
 * Results. They are the caller's, in RESULT or, for NULL, in new memory, to be ended by
 * memcached_result_free(). What the others return lasts as long as the result has that value; a
 * value that was taken is the caller's, to be ended by free(3).
 */
static inline memcached_result_st *memcached_result_create(const struct memcached_st *handle,
							   memcached_result_st *result)
{
	memcached_result_st *made = result ? result : (memcached_result_st *)malloc(sizeof(*made));

	(void)handle;
	if (!made)
		return NULL;
	memset(made, 0, sizeof(*made));
	made->memory = result ? NULL : made;
	return made;
}

static inline void memcached_result_free(memcached_result_st *result)
{
	if (!result)
		return;
	free(result->value);
	result->value = NULL;
	free(result->memory);
}

static inline const char *memcached_result_key_value(const memcached_result_st *result)
{
	return result->key_length > 0 ? result->key : NULL;
}

static inline size_t memcached_result_key_length(const memcached_result_st *result)
{
	return result->key_length;
}

static inline const char *memcached_result_value(const memcached_result_st *result)
{
	return result->value;
}

static inline size_t memcached_result_length(const memcached_result_st *result)
{
	return result->length;
}

static inline uint32_t memcached_result_flags(const memcached_result_st *result)
{
	return result->flags;
}

static inline uint64_t memcached_result_cas(const memcached_result_st *result)
{
	return result->cas;
}

static inline char *memcached_result_take_value(memcached_result_st *result)
{
	char *value = result->value;

	result->value = NULL;
	result->length = 0;
	return value;
}

SHMB_END_DECLS

#endif
