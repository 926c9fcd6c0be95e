/*
 * Where the bytes come from that a command puts into shared memory: a file, or standard input.
 */
#ifndef SHMCTL_COMMANDS_SOURCE_H
#define SHMCTL_COMMANDS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "session.h"

struct source {
	int fd;
	const char *name; /* for people */
	bool is_sized;    /* a regular file, whose size is known before */
	uint64_t size;    /* what is left of it */
};

/* The file that the operand number I names, or NULL for standard input or output. */
const char *source_operand(const struct arguments *arguments, int i);

/* FILE may be NULL. Returns STATUS_DONE or what has been complained of. */
int source_open(struct source *source, const char *file);
void source_close(struct source *source);

#endif
