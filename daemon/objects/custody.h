/*
 * Descriptors that are to outlive the broker, each given into custody (keeper.h) under an id of its
 * own.
 */
#ifndef OBJECTS_CUSTODY_H
#define OBJECTS_CUSTODY_H

#include <stdint.h>

struct registry;

/* Give a copy of FD into custody, where there is one: else it ends with the broker, and
 * *ret_stored is 0. Returns 0, -EAGAIN or -EXFULL. */
int custody_give(struct registry *registry, int fd, uint64_t *ret_stored);

/* Take it back. *stored is 0 then, and may be before. */
void custody_end(struct registry *registry, uint64_t *stored);

#endif
