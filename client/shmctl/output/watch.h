/*
 * What "watch" has to say: a part of output.h, by the same rules.
 */
#ifndef SHMCTL_OUTPUT_WATCH_H
#define SHMCTL_OUTPUT_WATCH_H

#include <stdio.h>

struct happening;

/* Print one, in a line. */
int output_watch_human(FILE *out, const struct happening *happening);
int output_watch_json(FILE *out, const struct happening *happening);

#endif
