/*
 * Numbers for people: no more precise than a look needs.
 */
#ifndef SHMCTL_READABLE_H
#define SHMCTL_READABLE_H

#include <stdint.h>

#include "base/units.h"

/* How long ago: the largest unit that leaves two of it, and no more precision than that.
 * Returns TEXT. */
char *readable_age(uint64_t ms, char text[static UNITS_TEXT_MAX]);

#endif
