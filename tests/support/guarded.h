/*
 * Memory whose first byte past the end faults, so that a read or write too far ends the test at
 * once, in every kind of build.
 */
#ifndef SUPPORT_GUARDED_H
#define SUPPORT_GUARDED_H

#include <stddef.h>
#include <stdint.h>

/* SIZE bytes of zeros, up to the end of the process. Never NULL. */
uint8_t *guarded_new(size_t size);

#endif
