/*
 * Ghosts: System V segments that were removed and are still attached somewhere. They have no name
 * any more, and cost memory and one of the kernel's few ids until the last user detaches; so their
 * charges stay until the kernel has forgotten them.
 */
#ifndef OBJECTS_GHOST_H
#define OBJECTS_GHOST_H

struct charge;
struct registry;
struct segment;

void ghosts_init(struct registry *registry);

/* Refund all, whether or not the kernel has forgotten them; for the end of the broker. */
void ghosts_fini(struct registry *registry);

/*
 * SEGMENT, of which this process is the maker, was destroyed. If it lives on in the kernel, BYTES
 * and SLOT are taken over until it does not; else they are left alone.
 */
void ghost_mourn(struct registry *registry, const struct segment *segment, struct charge *bytes,
		 struct charge *slot);

#endif
