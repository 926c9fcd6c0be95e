/*
 * What the calls of memcached.h return, by the names, the numbers and the order that they have in
 * libmemcached. Those that the calls here never return are there for programs that name them. Of no
 * use but through memcached.h.
 */
#ifndef SHMBROKER_MEMCACHED_RETURN_H
#define SHMBROKER_MEMCACHED_RETURN_H

#include <stdbool.h>

#include <shmbroker/export.h>

SHMB_BEGIN_DECLS

/* Name, and what memcached_strerror() says of it. */
#define SHMB_MEMCACHED_RETURNS(X)                                                                  \
	X(MEMCACHED_SUCCESS, "SUCCESS")                                                            \
	X(MEMCACHED_FAILURE, "FAILURE")                                                            \
	X(MEMCACHED_HOST_LOOKUP_FAILURE, "HOST LOOKUP FAILURE")                                    \
	X(MEMCACHED_CONNECTION_FAILURE, "CONNECTION FAILURE")                                      \
	X(MEMCACHED_CONNECTION_BIND_FAILURE, "CONNECTION BIND FAILURE")                            \
	X(MEMCACHED_WRITE_FAILURE, "WRITE FAILURE")                                                \
	X(MEMCACHED_READ_FAILURE, "READ FAILURE")                                                  \
	X(MEMCACHED_UNKNOWN_READ_FAILURE, "UNKNOWN READ FAILURE")                                  \
	X(MEMCACHED_PROTOCOL_ERROR, "PROTOCOL ERROR")                                              \
	X(MEMCACHED_CLIENT_ERROR, "CLIENT ERROR")                                                  \
	X(MEMCACHED_SERVER_ERROR, "SERVER ERROR")                                                  \
	X(MEMCACHED_ERROR, "ERROR")                                                                \
	X(MEMCACHED_DATA_EXISTS, "DATA EXISTS")                                                    \
	X(MEMCACHED_DATA_DOES_NOT_EXIST, "DATA DOES NOT EXIST")                                    \
	X(MEMCACHED_NOTSTORED, "NOT STORED")                                                       \
	X(MEMCACHED_STORED, "STORED")                                                              \
	X(MEMCACHED_NOTFOUND, "NOT FOUND")                                                         \
	X(MEMCACHED_MEMORY_ALLOCATION_FAILURE, "MEMORY ALLOCATION FAILURE")                        \
	X(MEMCACHED_PARTIAL_READ, "PARTIAL READ")                                                  \
	X(MEMCACHED_SOME_ERRORS, "SOME ERRORS")                                                    \
	X(MEMCACHED_NO_SERVERS, "NO SERVERS")                                                      \
	X(MEMCACHED_END, "END")                                                                    \
	X(MEMCACHED_DELETED, "DELETED")                                                            \
	X(MEMCACHED_VALUE, "VALUE")                                                                \
	X(MEMCACHED_STAT, "STAT")                                                                  \
	X(MEMCACHED_ITEM, "ITEM")                                                                  \
	X(MEMCACHED_ERRNO, "SYSTEM ERROR")                                                         \
	X(MEMCACHED_FAIL_UNIX_SOCKET, "FAIL UNIX SOCKET")                                          \
	X(MEMCACHED_NOT_SUPPORTED, "NOT SUPPORTED")                                                \
	X(MEMCACHED_NO_KEY_PROVIDED, "NO KEY PROVIDED")                                            \
	X(MEMCACHED_FETCH_NOTFINISHED, "FETCH NOT FINISHED")                                       \
	X(MEMCACHED_TIMEOUT, "TIMEOUT")                                                            \
	X(MEMCACHED_BUFFERED, "BUFFERED")                                                          \
	X(MEMCACHED_BAD_KEY_PROVIDED, "BAD KEY PROVIDED")                                          \
	X(MEMCACHED_INVALID_HOST_PROTOCOL, "INVALID HOST PROTOCOL")                                \
	X(MEMCACHED_SERVER_MARKED_DEAD, "SERVER MARKED DEAD")                                      \
	X(MEMCACHED_UNKNOWN_STAT_KEY, "UNKNOWN STAT KEY")                                          \
	X(MEMCACHED_E2BIG, "ITEM TOO BIG")                                                         \
	X(MEMCACHED_INVALID_ARGUMENTS, "INVALID ARGUMENTS")                                        \
	X(MEMCACHED_KEY_TOO_BIG, "KEY TOO BIG")                                                    \
	X(MEMCACHED_AUTH_PROBLEM, "AUTH PROBLEM")                                                  \
	X(MEMCACHED_AUTH_FAILURE, "AUTH FAILURE")                                                  \
	X(MEMCACHED_AUTH_CONTINUE, "AUTH CONTINUE")                                                \
	X(MEMCACHED_PARSE_ERROR, "PARSE ERROR")                                                    \
	X(MEMCACHED_PARSE_USER_ERROR, "PARSE USER ERROR")                                          \
	X(MEMCACHED_DEPRECATED, "DEPRECATED")                                                      \
	X(MEMCACHED_IN_PROGRESS, "IN PROGRESS")                                                    \
	X(MEMCACHED_SERVER_TEMPORARILY_DISABLED, "SERVER TEMPORARILY DISABLED")                    \
	X(MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE, "SERVER MEMORY ALLOCATION FAILURE")

#define SHMB_MEMCACHED_NAME(name, text) name,
typedef enum memcached_return_t {
	SHMB_MEMCACHED_RETURNS(SHMB_MEMCACHED_NAME) MEMCACHED_MAXIMUM_RETURN
} memcached_return_t;
#undef SHMB_MEMCACHED_NAME

/* Whether RESULT is one of those that say that all went well. Threads: safe, as all here. */
static inline bool memcached_success(memcached_return_t result)
{
	return result == MEMCACHED_SUCCESS || result == MEMCACHED_STORED ||
	       result == MEMCACHED_END || result == MEMCACHED_DELETED ||
	       result == MEMCACHED_VALUE || result == MEMCACHED_STAT || result == MEMCACHED_ITEM ||
	       result == MEMCACHED_BUFFERED;
}

static inline bool memcached_failed(memcached_return_t result)
{
	return !memcached_success(result) && result != MEMCACHED_AUTH_CONTINUE;
}

/* A few words that say what RESULT is; they last for ever. */
static inline const char *shmb_memcached_text(memcached_return_t result)
{
#define SHMB_MEMCACHED_TEXT(name, text) text,
	static const char *const texts[] = {SHMB_MEMCACHED_RETURNS(SHMB_MEMCACHED_TEXT)};
#undef SHMB_MEMCACHED_TEXT

	return (unsigned)result < MEMCACHED_MAXIMUM_RETURN ? texts[result] : "INVALID RETURN";
}

SHMB_END_DECLS

#endif
