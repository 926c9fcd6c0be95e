/*
 * A state without a broker: memory that forked children share, and handles on it as opening makes
 * them, for reading through a mapping that is read-only, or for writing as a member of a roster of
 * the test's own.
 */
#ifndef UNIT_STATE_MEMORY_H
#define UNIT_STATE_MEMORY_H

#include "formats/state.h"
#include "support/fake_member.h"
#include "twin_memory.h"

struct state_memory {
	struct twin_memory twin;
	struct fake_roster roster;
	struct doorbell_page *bell;
	struct state_header *header;       /* writable */
	const struct state_header *locked; /* the same, read-only */
	size_t size;
	struct state_view view; /* for looking behind the scenes */
};

/* Fails the test when there is no memory. */
void state_memory_start(struct state_memory *memory, const struct state_shape *shape);
void state_memory_stop(struct state_memory *memory);

/* A handle of the calling process, which reads. */
struct shmb_state *state_memory_reader(struct state_memory *memory);

/* One that writes too, as a new member. Returns NULL, as opening would fail, when there is a single
 * writer already. */
struct shmb_state *state_memory_writer(struct state_memory *memory);

/* A handle is closed; the member of a writer lives on until it is buried. */
void state_memory_close(struct shmb_state *state);

/* The writer's process is gone, as far as the roster knows. The handle is of no use any more. */
void state_memory_bury(struct state_memory *memory, struct shmb_state *state);

#endif
