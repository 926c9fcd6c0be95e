/*
 * Payload: bytes in shared memory that a peer may change while they are copied.
 *
 * Such a copy may come out torn. Whether it did is the caller's to find out, by a version that he
 * loads before and after it; the fences that this needs are his as well.
 *
 * What is shipped copies by memcpy(3) between two barriers for the compiler, so that it can neither
 * move the copy nor make it twice; little is copied by a few moves instead, since around a call all
 * that is needed after it has to be put aside. To ThreadSanitizer that is the race that it looks
 * like: builds under it copy by relaxed atomic words, which have a quarter to a half of that speed.
 */
#ifndef BASE_PAYLOAD_H
#define BASE_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

#define PAYLOAD_SMALL 64u /* bytes that are copied without a call */

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

/* STEP is a constant: the first and the last so many bytes, which may be partly the same. */
static attr_inlined void payload_copy_ends(void *to, const void *from, size_t size, size_t step)
{
	memcpy(to, from, step);
	memcpy((char *)to + size - step, (const char *)from + size - step, step);
}

static attr_inlined void payload_copy_small(void *to, const void *from, size_t size)
{
	if (size > 32) {
		payload_copy_ends(to, from, size, 32);
	} else if (size >= 16) {
		payload_copy_ends(to, from, size, 16);
	} else if (size >= 8) {
		payload_copy_ends(to, from, size, 8);
	} else if (size >= 4) {
		payload_copy_ends(to, from, size, 4);
	} else if (size >= 2) {
		payload_copy_ends(to, from, size, 2);
	} else if (size == 1) {
		*(char *)to = *(const char *)from;
	}
}

/* Copy SIZE bytes, at most PAYLOAD_SMALL, out of shared memory. */
static attr_inlined void payload_read_small(void *private, const void *shared, size_t size)
{
#ifdef PAYLOAD_BY_WORDS
	payload_read_words(private, shared, size);
#else
	__asm__ volatile("" ::: "memory");
	payload_copy_small(private, shared, size);
	__asm__ volatile("" ::: "memory");
#endif
}

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
	if (size <= PAYLOAD_SMALL)
		payload_copy_small(shared, private, size);
	else
		memcpy(shared, private, size);
	__asm__ volatile("" ::: "memory");
#endif
}

#endif
