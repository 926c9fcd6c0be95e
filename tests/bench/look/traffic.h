/*
 * What goes on beside: objects that come and go, and programs that are run again and again.
 */
#ifndef BENCH_LOOK_TRAFFIC_H
#define BENCH_LOOK_TRAFFIC_H

#include <stdint.h>
#include <sys/types.h>

#include "look/program.h"

/* Make and remove so many objects a second, until it is ended by worker_end(). */
pid_t traffic_start(const char *socket, unsigned per_second, int core);

/* A program, run again and again. */
struct repetition;

/* Begin to run it, each INTERVAL_MS after its last start or, where it takes longer or that is 0, as
 * soon as it has ended. The process that starts it is on our own core, or on both. */
struct repetition *repetition_start(const struct program_terms *terms, unsigned interval_ms);

/* Let the one that runs come to its end. Returns how many there were, and frees. */
unsigned repetition_end(struct repetition *repetition);

#endif
