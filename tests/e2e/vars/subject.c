/*
 * The first source file. Each SUBJECT_... is a fault, or a change, that a build may have.
 */
#include "subject.h"

#include <stdatomic.h>
#include <stdbool.h>

static char neighbour[32] = "data";
static char zeroed_neighbour[32];
static bool counts_at_end;

#ifndef SUBJECT_EMPTY
SHMB_SHARED _Atomic long subject_counter = SUBJECT_COUNTER;
SHMB_SHARED_STATIC long zeroed;
SHMB_SHARED_STATIC struct shmb_lock lock;
SHMB_SHARED_STATIC long pair[2];
SHMB_SHARED_STATIC char text[64] = SUBJECT_TEXT;
#else
static _Atomic long subject_counter = SUBJECT_COUNTER;
static long zeroed;
static struct shmb_lock lock;
static long pair[2];
static char text[64] = SUBJECT_TEXT;
#endif

#ifdef SUBJECT_EXPORTED
__attribute__((SHMB_SHARED_SECTION, visibility("default"))) int subject_exported;
#endif

#ifdef SUBJECT_POINTER
SHMB_SHARED char *subject_pointer = neighbour;
#endif

#ifdef SUBJECT_GROWN
SHMB_SHARED int subject_grown;
#endif

static int attach(struct shmb_connection *connection, const char *name, const char *version,
		  const struct shmb_segment_options *options)
{
	return shmb_vars_attach(connection, name, version, options);
}

static void count(long n)
{
	for (; n > 0; n--)
		atomic_fetch_add_explicit(&subject_counter, 1, memory_order_relaxed);
}

static void count_at_end(void)
{
	counts_at_end = true;
}

__attribute__((destructor)) static void end(void)
{
	if (counts_at_end)
		count(1);
}

const struct subject *subject_get(void)
{
	static const struct subject subject = {
		.attach = attach,
		.detach = shmb_vars_detach,
		.info = shmb_vars_info,
		.count = count,
		.count_at_end = count_at_end,
		.counter = &subject_counter,
		.zeroed = &zeroed,
		.lock = &lock,
		.pair = pair,
		.text = text,
		.other = &subject_other,
		.neighbour = neighbour,
		.zeroed_neighbour = zeroed_neighbour,
	};

	return &subject;
}
