/*
 * shmctl as a program of its own: started, read from, and waited for.
 */
#ifndef BENCH_LOOK_PROGRAM_H
#define BENCH_LOOK_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "support/bench.h"
#include "support/place.h"

#define PROGRAM_WORDS_MAX 4u

struct program {
	pid_t pid;
	int output; /* of a pipe, or the terminal that it has */
	char *text; /* what it has printed so far, as far as it was read */
	size_t size;
	size_t room;
};

/* What to start, and where. */
struct program_terms {
	const struct bench *bench;
	const struct place *place;
	const char *socket;                       /* of the broker */
	const char *words[PROGRAM_WORDS_MAX + 1]; /* of the command line, up to NULL */
	bool has_terminal;                        /* else standard output is a pipe */
	bool is_anywhere;                         /* on both cores, else on our own */
};

/* Start it; it dies with this process. A program that was waited for can be started again, and its
 * text begins anew. */
void program_start(struct program *program, const struct program_terms *terms);

/* Read what it prints until it ends, or until the DEADLINE of now_ns(); false when it has ended. */
bool program_read(struct program *program, uint64_t deadline);

/* Read until it ends, and wait for it. Ends the benchmark when it has failed, unless by SIGNAL. */
void program_wait(struct program *program, int signal);

/* All of this with a struct program_terms. */
void program_run(const void *terms);

/* How often TEXT stands in what it has printed; a line feed is a line. */
unsigned program_count(const struct program *program, const char *text);

void program_fini(struct program *program);

/* Time on the processor that all threads of a process have had, in nanoseconds. */
uint64_t program_cpu_ns(pid_t pid);

#endif
