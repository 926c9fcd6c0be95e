/*
 * The calls of memcached.h that change something. Of no use but through that.
 */
#ifndef SHMBROKER_MEMCACHED_SET_H
#define SHMBROKER_MEMCACHED_SET_H

#include <shmbroker/memcached_handle.h>

SHMB_BEGIN_DECLS

/* One of those of cache.h that store something. */
typedef int shmb_memcached_store_fn(struct shmb_cache *cache, const void *key, size_t key_size,
				    const void *value, size_t size,
				    const struct shmb_cache_terms *terms, uint64_t deadline,
				    uint64_t *ret_version);

static inline memcached_return_t shmb_memcached_store(memcached_st *handle,
						      shmb_memcached_store_fn *store,
						      const char *key, size_t key_length,
						      const char *value, size_t value_length,
						      time_t expiration, uint32_t flags)
{
	const struct shmb_cache_terms terms = {shmb_memcached_ttl(expiration), flags};
	int r, turn = 0;

	do {
		r = shmb_memcached_open(handle);
		if (r == 0)
			r = store(handle->cache, key, key_length, value, value_length, &terms,
				  shmb_memcached_deadline(), NULL);
	} while (shmb_memcached_again(handle, r, &turn));
	return shmb_memcached_end(handle, r, MEMCACHED_NOTSTORED);
}

/*
 * Set KEY to VALUE, whatever it was. Returns MEMCACHED_SUCCESS; MEMCACHED_BAD_KEY_PROVIDED;
 * MEMCACHED_E2BIG; MEMCACHED_TIMEOUT, as all that change something; or as memcached_get().
 */
static inline memcached_return_t memcached_set(memcached_st *handle, const char *key,
					       size_t key_length, const char *value,
					       size_t value_length, time_t expiration,
					       uint32_t flags)
{
	return shmb_memcached_store(handle, shmb_cache_set, key, key_length, value, value_length,
				    expiration, flags);
}

/* The same if KEY is not there: else MEMCACHED_NOTSTORED. */
static inline memcached_return_t memcached_add(memcached_st *handle, const char *key,
					       size_t key_length, const char *value,
					       size_t value_length, time_t expiration,
					       uint32_t flags)
{
	return shmb_memcached_store(handle, shmb_cache_add, key, key_length, value, value_length,
				    expiration, flags);
}

/* The same if KEY is there: else MEMCACHED_NOTSTORED. */
static inline memcached_return_t memcached_replace(memcached_st *handle, const char *key,
						   size_t key_length, const char *value,
						   size_t value_length, time_t expiration,
						   uint32_t flags)
{
	return shmb_memcached_store(handle, shmb_cache_replace, key, key_length, value,
				    value_length, expiration, flags);
}

/* The same if KEY is as it was when it was fetched with CAS: else MEMCACHED_DATA_EXISTS, or
 * MEMCACHED_NOTFOUND. */
static inline memcached_return_t memcached_cas(memcached_st *handle, const char *key,
					       size_t key_length, const char *value,
					       size_t value_length, time_t expiration,
					       uint32_t flags, uint64_t cas)
{
	const struct shmb_cache_terms terms = {shmb_memcached_ttl(expiration), flags};
	int r, turn = 0;

	do {
		r = shmb_memcached_open(handle);
		if (r == 0)
			r = shmb_cache_compare_and_set(handle->cache, key, key_length, cas, value,
						       value_length, &terms,
						       shmb_memcached_deadline(), NULL);
	} while (shmb_memcached_again(handle, r, &turn));
	return shmb_memcached_end(handle, r, MEMCACHED_NOTFOUND);
}

/* Forget KEY; EXPIRATION has to be 0. Returns MEMCACHED_SUCCESS, MEMCACHED_NOTFOUND,
 * MEMCACHED_INVALID_ARGUMENTS, or as memcached_set(). */
static inline memcached_return_t memcached_delete(memcached_st *handle, const char *key,
						  size_t key_length, time_t expiration)
{
	int r, turn = 0;

	if (expiration != 0)
		return shmb_memcached_refuse(handle, MEMCACHED_INVALID_ARGUMENTS);
	do {
		r = shmb_memcached_open(handle);
		if (r == 0)
			r = shmb_cache_delete(handle->cache, key, key_length,
					      shmb_memcached_deadline());
	} while (shmb_memcached_again(handle, r, &turn));
	return shmb_memcached_end(handle, r, MEMCACHED_NOTFOUND);
}

/* Let KEY expire at EXPIRATION. Returns MEMCACHED_SUCCESS, MEMCACHED_NOTFOUND, or as
 * memcached_set(). */
static inline memcached_return_t memcached_touch(memcached_st *handle, const char *key,
						 size_t key_length, time_t expiration)
{
	int r, turn = 0;

	do {
		r = shmb_memcached_open(handle);
		if (r == 0)
			r = shmb_cache_touch(handle->cache, key, key_length,
					     shmb_memcached_ttl(expiration),
					     shmb_memcached_deadline());
	} while (shmb_memcached_again(handle, r, &turn));
	return shmb_memcached_end(handle, r, MEMCACHED_NOTFOUND);
}

static inline memcached_return_t shmb_memcached_count(memcached_st *handle, const char *key,
						      size_t key_length, int64_t delta,
						      uint64_t *value)
{
	int r, turn = 0;

	do {
		r = shmb_memcached_open(handle);
		if (r == 0)
			r = shmb_cache_increment(handle->cache, key, key_length, delta,
						 shmb_memcached_deadline(), value);
	} while (shmb_memcached_again(handle, r, &turn));
	return shmb_memcached_end(handle, r, MEMCACHED_NOTFOUND);
}

/*
 * Add OFFSET to the number that KEY has, a text of decimal digits, and put the sum into *value
 * (NULL: not wanted). Returns MEMCACHED_SUCCESS; MEMCACHED_NOTFOUND; MEMCACHED_CLIENT_ERROR when it
 * is no number, or the sum would be more than 2^64 - 1; or as memcached_set().
 */
static inline memcached_return_t memcached_increment(memcached_st *handle, const char *key,
						     size_t key_length, uint32_t offset,
						     uint64_t *value)
{
	return shmb_memcached_count(handle, key, key_length, (int64_t)offset, value);
}

/* Subtract it likewise; below 0 it stays at 0. */
static inline memcached_return_t memcached_decrement(memcached_st *handle, const char *key,
						     size_t key_length, uint32_t offset,
						     uint64_t *value)
{
	return shmb_memcached_count(handle, key, key_length, -(int64_t)offset, value);
}

/* Forget all; EXPIRATION has to be 0. Returns MEMCACHED_SUCCESS, MEMCACHED_INVALID_ARGUMENTS, or as
 * memcached_set(): then some may be as they were. */
static inline memcached_return_t memcached_flush(memcached_st *handle, time_t expiration)
{
	int r, turn = 0;

	if (expiration != 0)
		return shmb_memcached_refuse(handle, MEMCACHED_INVALID_ARGUMENTS);
	do {
		r = shmb_memcached_open(handle);
		if (r == 0)
			r = shmb_cache_flush(handle->cache, shmb_memcached_deadline());
	} while (shmb_memcached_again(handle, r, &turn));
	return shmb_memcached_end(handle, r, MEMCACHED_SUCCESS);
}

SHMB_END_DECLS

#endif
