/*
 * A row of the crash engine's tables: an operation, and what has to hold when whoever does it dies.
 *
 * What is shared lies in the IMAGE, which the engine makes anew for each death. The calls run in
 * three processes; two of them are forked from the engine:
 *
 *   set_up    the engine   makes the image from zeroed memory
 *   prepare   the victim   what the operation needs and is not a part of it (may be NULL)
 *   act       the victim   the operation
 *   bury      the engine   tells the living that the victim is dead (may be NULL)
 *   go_on     a survivor   works with what is left, and looks whether it is in order
 *
 * act and go_on return NULL, or what is wrong in a few words. A victim that was never killed has to
 * return NULL too. go_on must come to an end by itself: a survivor that does not is one that hangs.
 */
#ifndef CRASH_OPERATION_H
#define CRASH_OPERATION_H

#include <stdbool.h>
#include <stddef.h>

struct operation {
	const char *name;
	size_t size; /* of the image */
	void (*set_up)(void *image);
	void (*prepare)(void *image);
	const char *(*act)(void *image);
	void (*bury)(void *image);
	/* IS_WHOLE: the victim died after the operation and not within it. */
	const char *(*go_on)(void *image, bool is_whole);

	/* The survivor is there before the victim begins, and sleeps: go_on is called then, and has
	 * to sleep on something in the image until the victim has done it, or is dead. */
	bool sleeps;

	/* What it does is seen by others through its system calls, and not in the image. */
	bool calls;

	/* Broken on purpose: how many kill points the engine has to find, at least and at most; and
	 * whether survivors hang there, which are given up sooner then. */
	size_t lost_at_least;
	size_t lost_at_most;
	bool hangs;
};

/* For act and go_on: leave with WHAT unless CONDITION holds. */
#define HOLDS(condition, what)                                                                     \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return what;                                                               \
	} while (0)

/* The tables; each ends with a row without a name. */
extern const struct operation self_operations[];
extern const struct operation lock_operations[];
extern const struct operation state_operations[];
extern const struct operation stream_operations[];
extern const struct operation queue_operations[];
extern const struct operation cache_operations[];
extern const struct operation brokered_operations[];

/* End what those have in common. */
void brokered_end(void);

#endif
