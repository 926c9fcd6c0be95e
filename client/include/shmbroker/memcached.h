/*
 * The plain interface of libmemcached, on a cache: a program in C or C++ that includes this in the
 * place of <libmemcached/memcached.h> and is linked with shmbroker in the place of memcached has
 * its gets and sets in shared memory, without a server and without a system call for each. All of
 * it is in headers.
 *
 * The cache is the one called $SHMBROKER_MEMCACHED, or "memcached", of the broker that
 * shmb_connect() finds. Whoever comes first creates it, with 64 MiB, for programs of the same user,
 * and it stays until it is removed; to have it otherwise, create it before by shmb_cache_open(). It
 * is opened by the first call that needs it: when that fails the call returns
 * MEMCACHED_CONNECTION_FAILURE, and calls in the next two seconds do so at once. In a forked child
 * it is opened anew.
 *
 * What is as there. A value that memcached_get() returns is the caller's, to be ended by free(3);
 * it has a 0 after its last byte; and of a value without bytes it is NULL, with MEMCACHED_SUCCESS.
 * Expirations are seconds, or above 30 days a date since 1970; 0 is never, what is past is at once.
 * A date is made a duration when the call is made: later changes of the clock change nothing.
 *
 * What is not. Servers, their hosts and ports mean nothing, and none has to be added. Keys are any
 * 1 to 250 bytes. What is past its time is gone within some 10 ms, and not at the next second. A
 * value has at most 1 MiB, or a sixteenth of a smaller cache. An increment beyond 2^64 - 1 is
 * MEMCACHED_CLIENT_ERROR and does not begin at 0 again, and a decremented number has no spaces
 * after it. The version for memcached_cas() is always had. Nothing is deleted or flushed at a later
 * time. Waits for others that change the same part of the cache end after a second, with
 * MEMCACHED_TIMEOUT. What is not here is not there: append and prepend, the calls with _by_key or
 * _with_initial, prefixes, callbacks, pools, and all of behaviour but
 * MEMCACHED_BEHAVIOR_SUPPORT_CAS are errors of the compiler.
 *
 * Threads. One at a time for each memcached_st and each result; any number of threads and processes
 * with one of their own. Who dies in the midst of a call leaves what cache.h says. Since 0.1.
 */
#ifndef SHMBROKER_MEMCACHED_H
#define SHMBROKER_MEMCACHED_H

#ifdef LIBMEMCACHED_VERSION_STRING
#error "shmbroker/memcached.h takes the place of libmemcached/memcached.h: include one of them"
#endif

#include <shmbroker/memcached_get.h>
#include <shmbroker/memcached_handle.h>
#include <shmbroker/memcached_result.h>
#include <shmbroker/memcached_return.h>
#include <shmbroker/memcached_set.h>

SHMB_BEGIN_DECLS

typedef enum memcached_behavior_t { MEMCACHED_BEHAVIOR_SUPPORT_CAS } memcached_behavior_t;

/* Make a handle, in HANDLE or, for NULL, in new memory; NULL when there is none. It is the
 * caller's, to be ended by memcached_free(). Nothing is opened yet. */
static inline memcached_st *memcached_create(memcached_st *handle)
{
	memcached_st *made = handle ? handle : (memcached_st *)malloc(sizeof(*made));

	if (!made)
		return NULL;
	memset(made, 0, sizeof(*made));
	made->memory = handle ? NULL : made;
	return made;
}

/* Close the cache and the connection; the next call opens them anew. Never fails. */
static inline void memcached_quit(memcached_st *handle)
{
	shmb_memcached_close(handle);
	handle->failed_at = 0;
}

/* End HANDLE; NULL is ignored. Never fails. Values and results that were had stay. */
static inline void memcached_free(memcached_st *handle)
{
	if (!handle)
		return;
	shmb_memcached_close(handle);
	free(handle->keys);
	handle->keys = NULL;
	free(handle->memory);
}

/* For programs that name a server: it means nothing. Always MEMCACHED_SUCCESS. */
static inline memcached_return_t memcached_server_add(memcached_st *handle, const char *host,
						      uint16_t port)
{
	(void)host;
	(void)port;
	return shmb_memcached_end(handle, 0, MEMCACHED_SUCCESS);
}

/* Versions are always had, whatever DATA. Always MEMCACHED_SUCCESS. */
static inline memcached_return_t memcached_behavior_set(memcached_st *handle,
							memcached_behavior_t behavior,
							uint64_t data)
{
	(void)behavior;
	(void)data;
	return shmb_memcached_end(handle, 0, MEMCACHED_SUCCESS);
}

/* A few words on RESULT, which last for ever. HANDLE means nothing and may be NULL. */
static inline const char *memcached_strerror(const memcached_st *handle, memcached_return_t result)
{
	(void)handle;
	return shmb_memcached_text(result);
}

/* What the last call of HANDLE returned, and of a failure the errno. */
static inline memcached_return_t memcached_last_error(const memcached_st *handle)
{
	return handle->last;
}

static inline int memcached_last_error_errno(const memcached_st *handle)
{
	return memcached_failed(handle->last) ? -handle->error : 0;
}

/* A sentence on the last call of HANDLE; NULL when it went well. It lasts until the next call. */
static inline const char *memcached_last_error_message(const memcached_st *handle)
{
	if (!memcached_failed(handle->last))
		return NULL;
	return handle->error < 0 ? handle->message : shmb_memcached_text(handle->last);
}

SHMB_END_DECLS

#endif
