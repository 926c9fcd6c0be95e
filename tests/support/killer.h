/*
 * The crash engine: a process that lets another one make so many system calls, counted over all its
 * threads, and kills it at the entry of the next.
 */
#ifndef SUPPORT_KILLER_H
#define SUPPORT_KILLER_H

#include <stdbool.h>
#include <sys/types.h>

#include "support/child.h"

struct killer {
	struct child tracer;
	pid_t victim;
	bool has_struck;
};

/* From when this returns on, PID may make N more system calls. */
void killer_arm(struct killer *killer, pid_t pid, unsigned n);

/* Whether it has struck; else it has not been heard of for so long. */
bool killer_strikes_within(struct killer *killer, int ms);

/* Let PID go, if it lives. Returns whether it was killed. */
bool killer_disarm(struct killer *killer);

#endif
