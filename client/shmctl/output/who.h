/*
 * What "who" has to say: a part of output.h, by the same rules.
 */
#ifndef SHMCTL_OUTPUT_WHO_H
#define SHMCTL_OUTPUT_WHO_H

#include <stddef.h>
#include <stdio.h>

struct shmb_holder;

/* A holder, and where he belongs. Owns neither. */
struct whereabouts {
	const struct shmb_holder *holder;
	const char *unit; /* of systemd, that his process is in; "" for none, or when not known */
};

int output_who_human(FILE *out, const struct whereabouts *holders, size_t n);
int output_who_json(FILE *out, const struct whereabouts *holders, size_t n);

#endif
