/*
 * Ghosts: memory that no object has any more, and that is not gone yet. Either the reaper has not
 * come to it, or it is a System V segment that was removed and is still attached somewhere. It has
 * no name any more, and costs memory, and perhaps one of the kernel's few ids; so its charges stay
 * until the kernel has forgotten it.
 */
#ifndef OBJECTS_GHOST_H
#define OBJECTS_GHOST_H

#include <stdbool.h>
#include <stdint.h>

struct charge;
struct registry;
struct segment;

void ghosts_init(struct registry *registry);

/* Refund all, whether or not the kernel has forgotten them; for the end of the broker, when the
 * reaper has ended. */
void ghosts_fini(struct registry *registry);

/* What ends. */
struct ghost_plan {
	const struct segment *segment;
	uint64_t note;        /* System V: it is forgotten when the segment has been removed */
	struct charge *bytes; /* both are taken over; they may pay for nothing */
	struct charge *slot;
};

/* Let the reaper end it; until then only the broker's user can attach it. Returns false when that
 * cannot be had; then nothing is taken over. */
bool ghost_reap(struct registry *registry, const struct ghost_plan *plan);

/* It was ended. If it lives on in the kernel, its charges are taken over until it does not; else
 * they are left alone. */
void ghost_mourn(struct registry *registry, const struct ghost_plan *plan);

#endif
