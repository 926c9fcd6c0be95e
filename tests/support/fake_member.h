/*
 * A roster and members without a broker, for whoever needs members and nothing else of one. The
 * roster is shared with forked children; any of them can let members live and die. The members see
 * it read-only, as they see the broker's.
 */
#ifndef SUPPORT_FAKE_MEMBER_H
#define SUPPORT_FAKE_MEMBER_H

#include <stdint.h>

#include "core/member.h"

struct fake_roster {
	struct roster view;         /* as members have it */
	struct wire_roster *shared; /* as the broker has it */
	_Atomic uint32_t *next;     /* slot; shared too */
};

/* End the program when there is no memory. */
void fake_roster_start(struct fake_roster *roster, uint32_t n_slots);
void fake_roster_stop(struct fake_roster *roster);

/* A new member, who lives, in a slot that nobody living has. Returns its id. */
uint64_t fake_roster_admit(struct fake_roster *roster);

/* ID lives no more, and whoever may wait for that is woken. */
void fake_roster_bury(struct fake_roster *roster, uint64_t id);

/* The two steps of it; announcing returns how many slept on the epoch. */
void fake_roster_mark_dead(struct fake_roster *roster, uint64_t id);
int fake_roster_announce(struct fake_roster *roster);

/* The calling process as the member ID, until its end or a fork. */
struct shmb_member fake_member(const struct fake_roster *roster, uint64_t id);

/* The same as a new member. */
struct shmb_member fake_member_new(struct fake_roster *roster);

#endif
