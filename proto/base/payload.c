/*
 * The private side may lie anywhere, so its words go through memcpy(3), which compilers make a
 * single move of.
 */
#include "base/payload.h"

#include <stdatomic.h>
#include <stdint.h>

#define WORD sizeof(uint64_t)

static size_t to_alignment(const void *shared, size_t size)
{
	size_t n = (WORD - (uintptr_t)shared % WORD) % WORD;

	return n < size ? n : size;
}

static void read_bytes(unsigned char *private, const unsigned char *shared, size_t size)
{
	for (size_t i = 0; i < size; i++)
	private[i] = atomic_load_explicit((const _Atomic unsigned char *)&shared[i],
					  memory_order_relaxed);
}

static void write_bytes(unsigned char *shared, const unsigned char *private, size_t size)
{
	for (size_t i = 0; i < size; i++)
		atomic_store_explicit((_Atomic unsigned char *)&shared[i], private[i],
				      memory_order_relaxed);
}

void payload_read_words(void *private, const void *shared, size_t size)
{
	const unsigned char *from = shared;
	unsigned char *to = private;
	size_t done = to_alignment(shared, size);

	read_bytes(to, from, done);
	for (; size - done >= WORD; done += WORD) {
		uint64_t word = atomic_load_explicit((const _Atomic uint64_t *)(from + done),
						     memory_order_relaxed);

		memcpy(to + done, &word, WORD);
	}
	read_bytes(to + done, from + done, size - done);
}

void payload_write_words(void *shared, const void *private, size_t size)
{
	const unsigned char *from = private;
	unsigned char *to = shared;
	size_t done = to_alignment(shared, size);

	write_bytes(to, from, done);
	for (; size - done >= WORD; done += WORD) {
		uint64_t word;

		memcpy(&word, from + done, WORD);
		atomic_store_explicit((_Atomic uint64_t *)(to + done), word, memory_order_relaxed);
	}
	write_bytes(to + done, from + done, size - done);
}

void payload_zero_words(void *shared, size_t size)
{
	_Atomic uint64_t *words = shared;

	for (size_t i = 0; i < size / sizeof(*words); i++)
		atomic_store_explicit(&words[i], 0, memory_order_relaxed);
}

void payload_move_words(void *to, const void *from, size_t size)
{
	const _Atomic uint64_t *source = from;
	_Atomic uint64_t *target = to;

	for (size_t i = 0; i < size / sizeof(*source); i++)
		atomic_store_explicit(&target[i],
				      atomic_load_explicit(&source[i], memory_order_relaxed),
				      memory_order_relaxed);
}

int payload_compare_bytes(const void *shared, const void *private, size_t size)
{
	const _Atomic unsigned char *one = shared;
	const unsigned char *other = private;

	for (size_t i = 0; i < size; i++) {
		int difference = atomic_load_explicit(&one[i], memory_order_relaxed) - other[i];

		if (difference != 0)
			return difference;
	}
	return 0;
}
