/*
 * What the engine is tried on by itself: operations that are right, and the same kinds broken in
 * one point, which it has to find.
 */
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "operation.h"

#define BLOCK 64

#if defined(__x86_64__)
#define STEPS_A_BYTE 1
#else
#define STEPS_A_BYTE 16 /* at most */
#endif

/* Two blocks, of which the one at INDEX holds; a lock; a word to sleep on. */
struct self_image {
	_Atomic uint32_t index;
	_Atomic uint32_t lock;
	_Atomic uint32_t word;
	_Atomic uint32_t is_buried;
	unsigned char blocks[2][BLOCK];
};

static void set_up(void *data)
{
	struct self_image *image = data;

	memset(image->blocks[0], 'a', BLOCK);
}

static void bury(void *data)
{
	struct self_image *image = data;

	atomic_store(&image->is_buried, 1);
}

/* As a string instruction, where there is one, which can be stopped after each byte. */
static void fill(unsigned char *block, unsigned char byte)
{
#if defined(__x86_64__)
	size_t n = BLOCK;

	__asm__ volatile("rep stosb" : "+D"(block), "+c"(n) : "a"(byte) : "memory");
#else
	for (size_t i = 0; i < BLOCK; i++)
		((volatile unsigned char *)block)[i] = byte;
#endif
}

static bool is_even(const unsigned char *block)
{
	for (size_t i = 1; i < BLOCK; i++)
		if (block[i] != block[0])
			return false;
	return true;
}

/* With a system call and the vDSO on the way. */
static const char *fill_and_flip(void *data)
{
	struct self_image *image = data;
	struct timespec now;

	fill(image->blocks[1], 'b');
	(void)syscall(SYS_getppid);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	atomic_store(&image->index, 1);
	return NULL;
}

static const char *flip_and_fill(void *data)
{
	struct self_image *image = data;

	atomic_store(&image->index, 1);
	fill(image->blocks[1], 'b');
	return NULL;
}

static const char *see_whole_block(void *data, bool is_whole)
{
	struct self_image *image = data;
	uint32_t index = atomic_load(&image->index);

	HOLDS(index < 2, "the index is out of its range");
	HOLDS(is_even(image->blocks[index]), "a block is torn");
	HOLDS(!is_whole || image->blocks[index][0] == 'b', "what was done is not there");
	return NULL;
}

static const char *lock_and_unlock(void *data)
{
	struct self_image *image = data;

	atomic_store(&image->lock, 1);
	atomic_store(&image->lock, 0);
	return NULL;
}

static const char *wait_for_lock(void *data, bool is_whole)
{
	struct self_image *image = data;

	(void)is_whole;
	while (atomic_load(&image->lock) != 0)
		;
	return NULL;
}

static const char *wait_for_lock_of_the_living(void *data, bool is_whole)
{
	struct self_image *image = data;

	(void)is_whole;
	while (atomic_load(&image->lock) != 0 && !atomic_load(&image->is_buried))
		;
	return NULL;
}

static const char *mislead(void *data)
{
	struct self_image *image = data;

	atomic_store(&image->index, UINT32_MAX);
	atomic_store(&image->index, 1);
	return NULL;
}

static const char *believe_index(void *data, bool is_whole)
{
	struct self_image *image = data;

	(void)is_whole;
	(void)*(volatile unsigned char *)image->blocks[atomic_load(&image->index)];
	return NULL;
}

static void futex(struct self_image *image, int operation, uint32_t value,
		  const struct timespec *timeout)
{
	(void)syscall(SYS_futex, &image->word, operation, value, timeout, NULL, 0);
}

static const char *set_and_wake(void *data)
{
	struct self_image *image = data;

	atomic_store(&image->word, 1);
	futex(image, FUTEX_WAKE, 1, NULL);
	return NULL;
}

static const char *sleep_till_woken(void *data, bool is_whole)
{
	struct self_image *image = data;

	(void)is_whole;
	while (atomic_load(&image->word) == 0)
		futex(image, FUTEX_WAIT, 0, NULL);
	return NULL;
}

static const char *sleep_and_look_again(void *data, bool is_whole)
{
	const struct timespec bound = {.tv_nsec = 10 * 1000 * 1000};
	struct self_image *image = data;

	(void)is_whole;
	while (atomic_load(&image->word) == 0 && !atomic_load(&image->is_buried))
		futex(image, FUTEX_WAIT, 0, &bound);
	return NULL;
}

#define ROW(what, doing, going_on)                                                                 \
	.name = "self: " what, .size = sizeof(struct self_image), .set_up = set_up, .bury = bury,  \
	.act = doing, .go_on = going_on

const struct operation self_operations[] = {
	{ROW("a block filled and then shown", fill_and_flip, see_whole_block)},
	{ROW("a block shown and then filled", flip_and_fill, see_whole_block),
	 .lost_at_least = BLOCK - 1, .lost_at_most = (BLOCK - 1) * STEPS_A_BYTE},
	{ROW("a lock that the dead give up", lock_and_unlock, wait_for_lock_of_the_living)},
	{ROW("a lock that the dead keep", lock_and_unlock, wait_for_lock), .lost_at_least = 1,
	 .lost_at_most = 10, .hangs = true},
	{ROW("an index that is believed", mislead, believe_index), .lost_at_least = 1,
	 .lost_at_most = 10},
	{ROW("a sleeper that looks again", set_and_wake, sleep_and_look_again), .sleeps = true},
	{ROW("a sleeper that does not", set_and_wake, sleep_till_woken), .sleeps = true,
	 .lost_at_least = 3, .lost_at_most = 200, .hangs = true},
	{.name = NULL},
};
