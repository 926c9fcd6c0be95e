/*
 * Ghosts: System V segments that were removed and are still attached somewhere, or that the reaper
 * has not removed yet. They have no name any more, and cost memory and one of the kernel's few ids;
 * so their charges stay until the kernel has forgotten them.
 */
#ifndef OBJECTS_GHOST_H
#define OBJECTS_GHOST_H

#include <stdint.h>

struct charge;
struct registry;
struct segment;

void ghosts_init(struct registry *registry);

/* Refund all, whether or not the kernel has forgotten them; for the end of the broker. */
void ghosts_fini(struct registry *registry);

/*
 * SEGMENT was destroyed, or, with NOTE, given to the reaper: when it has been removed, what is
 * noted of it under that id is forgotten. If it lives on in the kernel, BYTES and SLOT are taken
 * over until it does not; else they are left alone.
 */
void ghost_mourn(struct registry *registry, const struct segment *segment, uint64_t note,
		 struct charge *bytes, struct charge *slot);

/* The reaper, of the registry that is DATA, has removed something. */
void ghosts_look_at_dying(void *data);

#endif
