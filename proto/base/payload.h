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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

#define PAYLOAD_SMALL  64u  /* bytes that are copied without a call, */
#define PAYLOAD_MIDDLE 128u /* and may be where that is worth its code */

/* The copy by words, which must not be split: where SHARED is not aligned, its ends go by bytes. */
void payload_read_words(void *private, const void *shared, size_t size);
void payload_write_words(void *shared, const void *private, size_t size);
void payload_zero_words(void *shared, size_t size);               /* both multiples of 8 */
void payload_move_words(void *to, const void *from, size_t size); /* all multiples of 8 */
int payload_compare_bytes(const void *shared, const void *private, size_t size);

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PAYLOAD_BY_WORDS
#endif
#elif defined(__SANITIZE_THREAD__)
#define PAYLOAD_BY_WORDS
#endif

typedef uint64_t payload_pair __attribute__((vector_size(16), aligned(1), may_alias));

/* The first and the last bytes, so many as a TYPE has; in the middle they may be the same. All are
 * loaded before any is stored, so that none waits for another. */
#define PAYLOAD_ENDS(type, to, from, size)                                                         \
	do {                                                                                       \
		type first_, last_;                                                                \
		memcpy(&first_, (from), sizeof(type));                                             \
		memcpy(&last_, (const char *)(from) + (size) - sizeof(type), sizeof(type));        \
		memcpy((to), &first_, sizeof(type));                                               \
		memcpy((char *)(to) + (size) - sizeof(type), &last_, sizeof(type));                \
	} while (0)

static attr_inlined void payload_copy_small(void *to, const void *from, size_t size)
{
	if (size > 32) {
		PAYLOAD_ENDS(payload_pair, to, from, size);
		PAYLOAD_ENDS(payload_pair, (char *)to + 16, (const char *)from + 16, size - 32);
	} else if (size >= 16) {
		PAYLOAD_ENDS(payload_pair, to, from, size);
	} else if (size >= 8) {
		PAYLOAD_ENDS(uint64_t, to, from, size);
	} else if (size >= 4) {
		PAYLOAD_ENDS(uint32_t, to, from, size);
	} else if (size >= 2) {
		PAYLOAD_ENDS(uint16_t, to, from, size);
	} else if (size == 1) {
		*(char *)to = *(const char *)from;
	}
}

/* The same of more than PAYLOAD_SMALL and at most PAYLOAD_MIDDLE. */
static attr_inlined void payload_copy_middle(void *to, const void *from, size_t size)
{
	const payload_pair *first = from;
	const payload_pair *last = (const void *)((const char *)from + size - PAYLOAD_SMALL);
	payload_pair *to_first = to, *to_last = (void *)((char *)to + size - PAYLOAD_SMALL);
	payload_pair a = first[0], b = first[1], c = first[2], d = first[3];
	payload_pair e = last[0], f = last[1], g = last[2], h = last[3];

	to_first[0] = a;
	to_first[1] = b;
	to_first[2] = c;
	to_first[3] = d;
	to_last[0] = e;
	to_last[1] = f;
	to_last[2] = g;
	to_last[3] = h;
}

/* SIZE, which was just loaded, as a number that a processor has before it has loaded it if that is
 * LIKELY: by a branch, which is foretold. So it knows where the bytes go to, and is not held up. */
static attr_inlined size_t payload_size(size_t size, size_t likely)
{
	if (size != likely)
		return size;
	__asm__ volatile("" : "+r"(likely));
	return likely;
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

/* The same of at most PAYLOAD_MIDDLE. */
static attr_inlined void payload_read_middle(void *private, const void *shared, size_t size)
{
#ifdef PAYLOAD_BY_WORDS
	payload_read_words(private, shared, size);
#else
	__asm__ volatile("" ::: "memory");
	if (size <= PAYLOAD_SMALL)
		payload_copy_small(private, shared, size);
	else
		payload_copy_middle(private, shared, size);
	__asm__ volatile("" ::: "memory");
#endif
}

/* Copy SIZE bytes out of shared memory. Without any PRIVATE may be NULL. */
static inline void payload_read(void *private, const void *shared, size_t size)
{
#ifdef PAYLOAD_BY_WORDS
	payload_read_words(private, shared, size);
#else
	__asm__ volatile("" ::: "memory");
	if (size > 0)
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

/* Copy SIZE bytes within it, a multiple of 8 as where they are and come to. Where they overlap, TO
 * is before FROM. */
static inline void payload_move(void *to, const void *from, size_t size)
{
#ifdef PAYLOAD_BY_WORDS
	payload_move_words(to, from, size);
#else
	__asm__ volatile("" ::: "memory");
	memmove(to, from, size);
	__asm__ volatile("" ::: "memory");
#endif
}

/* Whether SIZE bytes of it, at least 1, are the PRIVATE ones. */
static inline bool payload_is(const void *shared, const void *private, size_t size)
{
#ifdef PAYLOAD_BY_WORDS
	return payload_compare_bytes(shared, private, size) == 0;
#else
	bool is;

	__asm__ volatile("" ::: "memory");
	if (size > 16 || size < 8) {
		is = memcmp(shared, private, size) == 0;
	} else {
		uint64_t first[2], last[2];

		memcpy(&first[0], shared, 8);
		memcpy(&first[1], private, 8);
		memcpy(&last[0], (const char *)shared + size - 8, 8);
		memcpy(&last[1], (const char *)private + size - 8, 8);
		is = ((first[0] ^ first[1]) | (last[0] ^ last[1])) == 0;
	}
	__asm__ volatile("" ::: "memory");
	return is;
#endif
}

/* Put zeros there. */
static inline void payload_zero(void *shared, size_t size)
{
#ifdef PAYLOAD_BY_WORDS
	payload_zero_words(shared, size);
#else
	__asm__ volatile("" ::: "memory");
	memset(shared, 0, size);
	__asm__ volatile("" ::: "memory");
#endif
}

#endif
