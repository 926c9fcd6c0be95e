/*
 * A thread that sleeps on a word and does not look again by itself: what wakes it is a wake-up.
 */
#ifndef UNIT_HEAVY_SLEEPER_H
#define UNIT_HEAVY_SLEEPER_H

#include <check.h>
#include <pthread.h>
#include <unistd.h>

#include "core/futex.h"
#include "support/eventually.h"
#include "support/proc.h"

struct heavy_sleeper {
	pthread_t thread;
	_Atomic pid_t tid;
	struct futex_word word;
	_Atomic bool is_awake;
	int result;
};

static inline void *heavy_sleeper_run(void *data)
{
	struct heavy_sleeper *sleeper = data;
	struct futex_patience patience = {SHMB_NO_DEADLINE, PATIENCE_MS * UINT64_C(1000000)};

	sleeper->tid = gettid();
	sleeper->result = futex_sleep(&sleeper->word, 1, &patience);
	sleeper->is_awake = true;
	return NULL;
}

/* Asleep on the low half of WORD, as it is, when this returns. */
static inline void heavy_sleeper_start(struct heavy_sleeper *sleeper, const uint64_t *word)
{
	*sleeper = (struct heavy_sleeper){
		.word = {futex_low_half((const _Atomic uint64_t *)word), (uint32_t)*word}};
	ck_assert_int_eq(pthread_create(&sleeper->thread, NULL, heavy_sleeper_run, sleeper), 0);
	eventually(sleeper->tid && proc_state(sleeper->tid) == 'S');
}

static inline void heavy_sleeper_end(struct heavy_sleeper *sleeper)
{
	ck_assert_int_eq(pthread_join(sleeper->thread, NULL), 0);
	ck_assert_int_eq(sleeper->result, FUTEX_STIRRED);
}

#endif
