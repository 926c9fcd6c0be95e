/*
 * Numbers and bytes for people: no more precise than a look needs, and nothing in them that a
 * terminal takes for a command.
 */
#ifndef SHMCTL_WORDS_READABLE_H
#define SHMCTL_WORDS_READABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

/* Each returns TEXT. */

/* How long ago: the largest unit that leaves two of it, and no more precision than that. */
char *readable_age(uint64_t ms, char text[static UNITS_TEXT_MAX]);

/* A size that was counted, and is no round one: with one digit behind the point. */
char *readable_size(uint64_t bytes, char text[static UNITS_TEXT_MAX]);

/* Room for SIZE bytes, each of which may take four characters. */
#define READABLE_BYTES_MAX(size) (4 * (size) + 1)

/* Any bytes in one line: what is not printable ASCII as \x1b, and a backslash as \\, so that no two
 * keys look the same. */
char *readable_bytes(const void *bytes, size_t size, char *text);

#endif
