/*
 * Payload: bytes in shared memory that a peer may change while they are copied.
 *
 * Such a copy may come out torn. Whether it did is the caller's to find out, by a version that he
 * loads before and after it; the fences that this needs are his as well.
 *
 * What is shipped copies by memcpy(3) between two barriers for the compiler, so that it can neither
 * move the copy nor make it twice. To ThreadSanitizer that is the race that it looks like: builds
 * under it copy by relaxed atomic words, which have a quarter to a half of that speed.
 */
#ifndef BASE_PAYLOAD_H
#define BASE_PAYLOAD_H

#include <stddef.h>
#include <string.h>

/* The copy by words, which must not be split: where SHARED is not aligned, its ends go by bytes. */
void payload_read_words(void *private, const void *shared, size_t size);
void payload_write_words(void *shared, const void *private, size_t size);

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PAYLOAD_BY_WORDS
#endif
#elif defined(__SANITIZE_THREAD__)
#define PAYLOAD_BY_WORDS
#endif

/* Copy SIZE bytes out of shared memory. */
static inline void payload_read(void *private, const void *shared, size_t size)
{
#ifdef PAYLOAD_BY_WORDS
	payload_read_words(private, shared, size);
#else
	__asm__ volatile("" ::: "memory");
	memcpy(private, shared, size);
	__asm__ volatile("" ::: "memory");
#endif
}

/* Copy SIZE bytes into it. */
static inline void payload_write(void *shared, const void *private, size_t size)
{
#ifdef PAYLOAD_BY_WORDS
	payload_write_words(shared, private, size);
#else
	__asm__ volatile("" ::: "memory");
	memcpy(shared, private, size);
	__asm__ volatile("" ::: "memory");
#endif
}

#endif
