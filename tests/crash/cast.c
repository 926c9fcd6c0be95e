/*
 * The roster is made at the first set-up, in the engine, so that all others have it from their
 * beginning.
 */
#include "cast.h"

#define SLOTS 64

struct fake_roster cast_roster;

struct cast cast_renew(void)
{
	static struct cast last;

	if (!cast_roster.shared)
		fake_roster_start(&cast_roster, SLOTS);
	if (last.victim) {
		cast_bury(last.victim);
		cast_bury(last.survivor);
		cast_bury(last.former);
	}
	last = (struct cast){fake_roster_admit(&cast_roster), fake_roster_admit(&cast_roster),
			     fake_roster_admit(&cast_roster)};
	return last;
}

struct shmb_member cast_as(uint64_t id)
{
	return fake_member(&cast_roster, id);
}

void cast_bury(uint64_t id)
{
	fake_roster_bury(&cast_roster, id);
}
