/*
 * The broker's roster as this process sees it: mapped read-only, checked once, and then only asked
 * whether a member lives.
 */
#ifndef CORE_ROSTER_H
#define CORE_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire/roster.h"

/* Zeroed there is none. */
struct roster {
	const struct wire_roster *shared;
	size_t size;
	uint32_t n_slots; /* as was checked */
	uint64_t tag;     /* of its instance, never 0 */
};

static inline uint64_t roster_tag_of(const struct wire_roster *shared)
{
	uint64_t tag;

	memcpy(&tag, shared->instance, sizeof(tag));
	return tag | 1;
}

/* Map the file FD, which stays the caller's. Returns 0, or -errno with a text. */
int roster_map(int fd, struct roster *ret_roster);
void roster_unmap(struct roster *roster);

/* Whether the member ID lives. An id that no member ever had does not. */
static inline bool roster_lives(const struct roster *roster, uint64_t id)
{
	uint32_t slot = roster_slot(id);

	/* Pairs with the release with which the broker changes the word. */
	return slot < roster->n_slots && id != 0 && !(id & ROSTER_DEAD) &&
	       atomic_load_explicit(&roster->shared->words[slot], memory_order_acquire) == id;
}

#endif
