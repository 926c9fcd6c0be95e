/*
 * Who has which slot of the roster (wire/roster.h), and what its words say.
 *
 * A slot that was freed goes to the end of a line, and is given to the next member only when some
 * more have been freed after it, so that ids of one slot do not follow fast upon each other. The
 * slots are first used in their order: from the first word that is 0 on, all are.
 */
#ifndef OBJECTS_ROSTER_H
#define OBJECTS_ROSTER_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/roster.h"

struct roster {
	struct wire_roster *shared;
	struct wire_roster *own; /* the same where nobody else has it: then it ends with this */
	uint32_t *line;          /* slots that are free, from `first` on, `n_line` of them */
	uint32_t first;
	uint32_t n_line;
	uint32_t n_slots;
	uint32_t n_used; /* slots that were ever used: those before it */
	struct event announcement;
};

/* In the zeroed memory at SHARED, a roster of N_SLOTS whose ids begin with GENERATION. */
void roster_format(struct wire_roster *shared, uint32_t n_slots, uint32_t generation);

/* Begin with SHARED, which is well formed; NULL for one that clients cannot have. Nobody has a
 * slot: those that live have to be taken up. Returns 0 or -ENOMEM. */
int roster_init(struct roster *roster, struct event_base *base, struct wire_roster *shared);

/* From then on nobody lives in it, and nothing is written. */
void roster_fini(struct roster *roster);

/* Begin again with what an earlier broker wrote, before anybody has a slot. Returns 0 or -ENOMEM.
 */
int roster_replace(struct roster *roster, struct wire_roster *shared);

/* A slot for one more member, who lives from now on. Returns 0 or -EUSERS when all are taken. */
int roster_enter(struct roster *roster, uint64_t *ret_id);

/* Whether the member ID lives. */
bool roster_lives(const struct roster *roster, uint64_t id);

/* The member ID has died; somebody may have WAITED for that. */
void roster_leave(struct roster *roster, uint64_t id, bool waited);

/* Call EACH for every id that lives. It may let that one leave. */
void roster_each(struct roster *roster, void (*each)(void *data, uint64_t id), void *data);

#endif
