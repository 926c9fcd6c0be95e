/*
 * The survivor: a process that goes on with what a victim has left.
 */
#ifndef CRASH_SURVIVOR_H
#define CRASH_SURVIVOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "operation.h"

/* Let one go on. */
pid_t survivor_start(const struct operation *operation, void *image, bool is_whole);

/* Wait until it sleeps. False when it has ended, or never does. */
bool survivor_await_sleep(pid_t pid);

/* Wait for its end. Returns NULL when all is in order, or what is not, until the next call. */
const char *survivor_verdict(const struct operation *operation, pid_t pid);

#endif
