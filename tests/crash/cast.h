/*
 * Who takes part in what is about members: they are other ones at each set-up, of one roster, which
 * lies beside the images.
 */
#ifndef CRASH_CAST_H
#define CRASH_CAST_H

#include <stdint.h>

#include "support/fake_member.h"

struct cast {
	uint64_t victim;
	uint64_t survivor;
	uint64_t former; /* who had something before the victim */
};

extern struct fake_roster cast_roster;

/* In the engine: new members, who live; those of before do not any more. */
struct cast cast_renew(void);

/* The calling process as the member ID. */
struct shmb_member cast_as(uint64_t id);

void cast_bury(uint64_t id);

#endif
