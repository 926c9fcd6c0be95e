/*
 * The calls of memcached.h that get something. Of no use but through that.
 */
#ifndef SHMBROKER_MEMCACHED_GET_H
#define SHMBROKER_MEMCACHED_GET_H

#include <shmbroker/memcached_handle.h>

SHMB_BEGIN_DECLS

/* As shmb_cache_use() calls it, more than once when others change the value: copy it. */
static inline int shmb_memcached_take(const void *value, const struct shmb_cache_entry *entry,
				      void *data)
{
	memcached_result_st *result = (memcached_result_st *)data;
	char *copy = (char *)realloc(result->value, entry->size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, value, entry->size);
	copy[entry->size] = '\0';
	result->value = copy;
	result->length = entry->size;
	result->flags = entry->flags;
	result->cas = entry->version;
	return 0;
}

/* The same, to see that it is there. */
static inline int shmb_memcached_see(const void *value, const struct shmb_cache_entry *entry,
				     void *data)
{
	(void)value;
	(void)entry;
	(void)data;
	return 0;
}

/* Read KEY into RESULT, whose value is freed or NULL unless this returns 0. */
static inline int shmb_memcached_read(memcached_st *handle, const char *key, size_t key_length,
				      memcached_result_st *result)
{
	int r, turn = 0;

	do {
		r = shmb_memcached_open(handle);
		if (r == 0)
			r = shmb_cache_use(handle->cache, key, key_length, shmb_memcached_take,
					   result);
	} while (shmb_memcached_again(handle, r, &turn));
	if (r == 0) {
		result->key_length = key_length;
		memcpy(result->key, key, key_length);
		result->key[key_length] = '\0';
		return 0;
	}
	free(result->value);
	result->value = NULL;
	result->length = 0;
	return r;
}

/*
 * The value of KEY, its bytes in *value_length and its flags in *flags (each NULL: not wanted).
 * What was the matter is in *error (NULL: not wanted): MEMCACHED_SUCCESS; MEMCACHED_NOTFOUND;
 * MEMCACHED_BAD_KEY_PROVIDED for a key of 0 or more than 250 bytes; or, as of all calls here,
 * MEMCACHED_CONNECTION_FAILURE, MEMCACHED_MEMORY_ALLOCATION_FAILURE, MEMCACHED_FAILURE.
 */
static inline char *memcached_get(memcached_st *handle, const char *key, size_t key_length,
				  size_t *value_length, uint32_t *flags, memcached_return_t *error)
{
	memcached_result_st result;
	memcached_return_t outcome;

	memset(&result, 0, sizeof(result));
	outcome = shmb_memcached_end(handle, shmb_memcached_read(handle, key, key_length, &result),
				     MEMCACHED_NOTFOUND);
	if (value_length)
		*value_length = result.length;
	if (flags)
		*flags = result.flags;
	if (error)
		*error = outcome;
	if (result.length > 0)
		return result.value;
	free(result.value);
	return NULL;
}

/*
 * Ask for N keys, which are copied; what an earlier call asked for is forgotten. The values are had
 * one by one by memcached_fetch() or memcached_fetch_result(). Returns MEMCACHED_SUCCESS;
 * MEMCACHED_INVALID_ARGUMENTS for none; MEMCACHED_BAD_KEY_PROVIDED; or as memcached_get().
 */
static inline memcached_return_t memcached_mget(memcached_st *handle, const char *const *keys,
						const size_t *key_length, size_t n)
{
	free(handle->keys);
	handle->n_keys = handle->next_key = 0;
	handle->keys = n > 0 ? (char *)calloc(n, MEMCACHED_MAX_KEY) : NULL;
	if (n == 0)
		return shmb_memcached_refuse(handle, MEMCACHED_INVALID_ARGUMENTS);
	if (!handle->keys)
		return shmb_memcached_refuse(handle, MEMCACHED_MEMORY_ALLOCATION_FAILURE);
	for (size_t i = 0; i < n; i++) {
		char *key = handle->keys + i * MEMCACHED_MAX_KEY;

		if (key_length[i] == 0 || key_length[i] > SHMB_CACHE_KEY_MAX)
			return shmb_memcached_refuse(handle, MEMCACHED_BAD_KEY_PROVIDED);
		*(unsigned char *)key = (unsigned char)key_length[i];
		memcpy(key + 1, keys[i], key_length[i]);
	}
	handle->n_keys = n;
	return shmb_memcached_end(handle, shmb_memcached_open(handle), MEMCACHED_SUCCESS);
}

/*
 * The next of those asked for by memcached_mget() that is there, in RESULT, which is returned, or
 * for NULL in a new one. NULL at the end, with MEMCACHED_END, or MEMCACHED_NOTFOUND when nothing
 * was asked for; or when something went wrong, as memcached_get().
 */
static inline memcached_result_st *memcached_fetch_result(memcached_st *handle,
							  memcached_result_st *result,
							  memcached_return_t *error)
{
	memcached_result_st *into = result ? result : memcached_result_create(handle, NULL);
	memcached_return_t end = handle->keys ? MEMCACHED_END : MEMCACHED_NOTFOUND;
	int r = into ? SHMB_MISS : -ENOMEM;

	while (r == SHMB_MISS && handle->next_key < handle->n_keys) {
		const char *key = handle->keys + handle->next_key++ * MEMCACHED_MAX_KEY;

		r = shmb_memcached_read(handle, key + 1, *(const unsigned char *)key, into);
	}
	end = shmb_memcached_end(handle, r, end);
	if (error)
		*error = end;
	if (r == 0)
		return into;
	if (r == SHMB_MISS) {
		free(handle->keys);
		handle->keys = NULL;
	}
	if (into != result)
		memcached_result_free(into);
	return NULL;
}

/* The same, as memcached_get(); the key is put into KEY, which has room for MEMCACHED_MAX_KEY bytes
 * and gets no 0 at its end (NULL: not wanted). */
static inline char *memcached_fetch(memcached_st *handle, char *key, size_t *key_length,
				    size_t *value_length, uint32_t *flags,
				    memcached_return_t *error)
{
	memcached_result_st result;

	memset(&result, 0, sizeof(result));
	(void)memcached_fetch_result(handle, &result, error);
	if (key)
		memcpy(key, result.key, result.key_length);
	if (key_length)
		*key_length = result.key_length;
	if (value_length)
		*value_length = result.length;
	if (flags)
		*flags = result.flags;
	if (result.length > 0)
		return result.value;
	free(result.value);
	return NULL;
}

/* Whether KEY is there: MEMCACHED_SUCCESS, MEMCACHED_NOTFOUND, or as memcached_get(). */
static inline memcached_return_t memcached_exist(memcached_st *handle, const char *key,
						 size_t key_length)
{
	int r, turn = 0;

	do {
		r = shmb_memcached_open(handle);
		if (r == 0)
			r = shmb_cache_use(handle->cache, key, key_length, shmb_memcached_see,
					   NULL);
	} while (shmb_memcached_again(handle, r, &turn));
	return shmb_memcached_end(handle, r, MEMCACHED_NOTFOUND);
}

SHMB_END_DECLS

#endif
