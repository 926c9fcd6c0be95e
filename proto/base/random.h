/*
 * Random bytes from the kernel, for identities and secrets.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

/* Fill BUFFER. Returns 0, or -errno when the kernel has none to give. */
int random_fill(void *buffer, size_t size);

#endif
