/*
 * The reaper gives back what it has freed. When a removed segment goes that is still attached
 * nothing tells; so the kernel is asked (lookout.h).
 */
#include "objects/ghost.h"

#include <stdlib.h>

#include "base/attr.h"
#include "log.h"
#include "objects/keeper.h"
#include "objects/registry.h"
#include "objects/segment.h"

#define LOOK_FIRST_MS   100u
#define LOOK_LONGEST_MS 5000u

struct ghost {
	struct ghost *prev, *next; /* of those that are still attached */
	struct registry *registry;
	struct reaping reaping;
	uint64_t note;
	struct charge bytes;
	struct charge slot;
};

static void look_soon(struct registry *registry)
{
	if (lookout_begin(&registry->ghosts_lookout) < 0)
		log_error("no memory for a timer: what removed System V segments cost is counted "
			  "until the next one is removed");
}

static struct ghost *ghost_new(struct registry *registry, const struct ghost_plan *plan)
{
	struct ghost *ghost = calloc(1, sizeof(*ghost));

	if (!ghost)
		return NULL;
	ghost->registry = registry;
	ghost->reaping.segment = *plan->segment;
	ghost->note = plan->note;
	charge_move(&ghost->bytes, plan->bytes);
	charge_move(&ghost->slot, plan->slot);
	return ghost;
}

/* It has what it costs for good. */
static void keep_charges(struct ghost *ghost)
{
	charge_hide(&ghost->bytes);
	charge_hide(&ghost->slot);
}

static void lay_to_rest(struct ghost *ghost)
{
	charge_end(&ghost->bytes);
	charge_end(&ghost->slot);
	free(ghost);
}

static void haunt(struct ghost *ghost)
{
	struct registry *registry = ghost->registry;

	DL_APPEND(registry->ghosts, ghost);
	look_soon(registry);
}

static void leave(struct ghost *ghost)
{
	DL_DELETE(ghost->registry->ghosts, ghost);
	lay_to_rest(ghost);
}

static enum lookout_found look(void *data)
{
	struct registry *registry = data;
	enum lookout_found found = LOOKOUT_SAME;
	struct ghost *ghost, *next;

	DL_FOREACH_SAFE(registry->ghosts, ghost, next)
	{
		if (segment_lives_on(&ghost->reaping.segment))
			continue;
		leave(ghost);
		found = LOOKOUT_CHANGED;
	}
	return registry->ghosts ? found : LOOKOUT_OVER;
}

void ghosts_init(struct registry *registry)
{
	lookout_init(&registry->ghosts_lookout, registry->base, LOOK_FIRST_MS, LOOK_LONGEST_MS,
		     look, registry);
}

void ghosts_fini(struct registry *registry)
{
	lookout_fini(&registry->ghosts_lookout);
	while (registry->ghosts)
		leave(registry->ghosts);
}

/* What the reaper could not remove is left to people: it is not looked at again. */
static void on_freed(struct reaping *reaping)
{
	struct ghost *ghost = container_of(reaping, struct ghost, reaping);

	if (ghost->note)
		keeper_forget(ghost->registry->keeper, ghost->note);
	if (reaping->error < 0)
		segment_say_left(reaping->segment.sysv.id, reaping->error);
	if (reaping->error == 0 && segment_lives_on(&reaping->segment))
		haunt(ghost);
	else
		lay_to_rest(ghost);
}

bool ghost_reap(struct registry *registry, const struct ghost_plan *plan)
{
	static const struct sysv_grant nobody;
	struct ghost *ghost = ghost_new(registry, plan);

	if (!ghost)
		return false;
	ghost->reaping.on_freed = on_freed;
	(void)segment_permit(plan->segment, &nobody);
	if (reaper_take(&registry->reaper, &ghost->reaping)) {
		keep_charges(ghost);
		return true;
	}
	charge_move(plan->bytes, &ghost->bytes);
	charge_move(plan->slot, &ghost->slot);
	free(ghost);
	return false;
}

void ghost_mourn(struct registry *registry, const struct ghost_plan *plan)
{
	struct ghost *ghost = NULL;

	if (plan->slot->account && segment_lives_on(plan->segment))
		ghost = ghost_new(registry, plan);
	if (!ghost)
		return; /* without memory it is refunded too early, rather than never */
	keep_charges(ghost);
	haunt(ghost);
}
