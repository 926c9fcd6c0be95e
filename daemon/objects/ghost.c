/*
 * Nothing tells when a segment that was removed goes; so the kernel is asked, at growing intervals
 * while nothing changes, and only while there are any. About those that die the reaper tells: they
 * are in a list of their own, no longer than its queue.
 */
#include "objects/ghost.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "log.h"
#include "objects/keeper.h"
#include "objects/registry.h"
#include "objects/segment.h"

#define LOOK_FIRST_MS   100u
#define LOOK_LONGEST_MS 5000u

struct ghost {
	struct ghost *prev, *next;
	struct segment segment;
	uint64_t note; /* it is still to be removed; 0 when it was */
	struct charge bytes;
	struct charge slot;
};

static void look_in(struct registry *registry, uint32_t ms)
{
	struct timeval delay = clock_timeval(ms);

	registry->ghosts_look_ms = ms;
	if (event_add(&registry->ghosts_look, &delay) < 0)
		log_error("no memory for a timer: what removed System V segments cost is counted "
			  "until the next one is removed");
}

static void lay_to_rest(struct ghost **list, struct ghost *ghost)
{
	charge_end(&ghost->bytes);
	charge_end(&ghost->slot);
	DL_DELETE(*list, ghost);
	free(ghost);
}

static void on_look(evutil_socket_t fd, short what, void *data)
{
	struct registry *registry = data;
	uint32_t next_ms = registry->ghosts_look_ms * 2;
	struct ghost *ghost, *next;

	(void)fd;
	(void)what;
	DL_FOREACH_SAFE(registry->ghosts, ghost, next)
	{
		if (segment_lives_on(&ghost->segment))
			continue;
		lay_to_rest(&registry->ghosts, ghost);
		next_ms = LOOK_FIRST_MS;
	}
	if (registry->ghosts)
		look_in(registry, next_ms < LOOK_LONGEST_MS ? next_ms : LOOK_LONGEST_MS);
}

void ghosts_init(struct registry *registry)
{
	(void)event_assign(&registry->ghosts_look, registry->base, -1, 0, on_look, registry);
}

/* It has been removed. */
static void forget_note(struct registry *registry, struct ghost *ghost)
{
	if (ghost->note)
		keeper_forget(registry->keeper, ghost->note);
	ghost->note = 0;
}

void ghosts_fini(struct registry *registry)
{
	(void)event_del(&registry->ghosts_look);
	while (registry->ghosts)
		lay_to_rest(&registry->ghosts, registry->ghosts);
	while (registry->dying) {
		forget_note(registry, registry->dying);
		lay_to_rest(&registry->dying, registry->dying);
	}
}

void ghosts_look_at_dying(void *data)
{
	struct registry *registry = data;
	struct ghost *ghost, *next;

	DL_FOREACH_SAFE(registry->dying, ghost, next)
	{
		if (segment_has_key(&ghost->segment))
			continue; /* its turn has not come */
		forget_note(registry, ghost);
		if (!segment_lives_on(&ghost->segment)) {
			lay_to_rest(&registry->dying, ghost);
			continue;
		}
		DL_DELETE(registry->dying, ghost);
		DL_APPEND(registry->ghosts, ghost);
		look_in(registry, LOOK_FIRST_MS);
	}
}

void ghost_mourn(struct registry *registry, const struct segment *segment, uint64_t note,
		 struct charge *bytes, struct charge *slot)
{
	bool lives_on = segment_lives_on(segment);
	struct ghost *ghost = lives_on && slot->account ? calloc(1, sizeof(*ghost)) : NULL;

	if (!lives_on && note)
		keeper_forget(registry->keeper, note);
	if (!ghost)
		return; /* without memory it is refunded too early, rather than never */
	ghost->segment = *segment;
	ghost->note = note;
	charge_move(&ghost->bytes, bytes);
	charge_move(&ghost->slot, slot);
	if (note) {
		DL_APPEND(registry->dying, ghost);
		return;
	}
	DL_APPEND(registry->ghosts, ghost);
	look_in(registry, LOOK_FIRST_MS);
}
