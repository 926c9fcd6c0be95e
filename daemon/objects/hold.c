/*
 * Entries of the ledger. Whatever changes who uses an object ends in object_settle().
 */
#include "objects/hold.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "objects/keeper.h"
#include "objects/lifetime.h"
#include "objects/member.h"
#include "objects/object.h"
#include "objects/registry.h"
#include "objects/storage.h"

/* Returns 0, -ENOMEM or -EDQUOT. */
static int hold_new(struct object *object, struct member *member, unsigned access,
		    struct hold **ret_hold)
{
	struct registry *registry = object->registry;
	struct charge *held = &member->held;
	struct hold *hold = calloc(1, sizeof(*hold));
	int r = hold ? 0 : -ENOMEM;

	if (r == 0)
		r = charge_change(held, held->amount + 1,
				  registry_limit(registry, &member->credentials, RESOURCE_HOLDS));
	if (r < 0) {
		free(hold);
		return r;
	}
	hold->object = object;
	hold->member = member;
	hold->id = registry_next_id(registry);
	hold->generation = object->generation;
	hold->since_ms = clock_now_ms();
	hold->access = (uint8_t)access;
	HASH_ADD(handle, registry->holds, id, sizeof(hold->id), hold);
	if (!hold->handle.tbl) {
		free(hold);
		(void)charge_change(held, held->amount - 1, 0);
		return -ENOMEM;
	}
	if (object->holds)
		object->holds->made_object = false;
	DL_APPEND2(object->holds, hold, object_prev, object_next);
	DL_APPEND2(member->holds, hold, member_prev, member_next);
	object->n_holds++;
	if (object->state != WIRE_STATE_REMOVED)
		object_count(object)->holders++;
	object->n_readers += (access & WIRE_ACCESS_READ) != 0;
	object->n_writers += (access & WIRE_ACCESS_WRITE) != 0;
	lifetime_update(object);
	*ret_hold = hold;
	return 0;
}

/* Zeroed memory for MEMBER, and a note that he has it. */
static int prepare_for(struct object *object, const struct member *member, enum resource *ret_short)
{
	bool is_noted = object->author == member->id;
	int r;

	object->author = member->id;
	if (!object->is_stained)
		return is_noted ? 0 : keeper_note(object->registry->keeper, object);
	r = storage_renew(object, &member->credentials, ret_short);
	if (r == 0)
		object->is_stained = false;
	return r;
}

static void begin_to_initialise(struct hold *hold)
{
	struct object *object = hold->object;

	object->state = WIRE_STATE_INITIALISING;
	object->is_stained = true;
	object->initialiser = hold;
	object->author = hold->member->id;
	hold->initialised = true;
}

int object_hold(struct object *object, struct member *member, unsigned access,
		struct hold **ret_hold, enum resource *ret_short)
{
	bool initialises = (object->state == WIRE_STATE_FRESH || object_awaits(object, member)) &&
			   (access & WIRE_ACCESS_WRITE);
	struct hold *hold;
	int r;

	*ret_short = RESOURCE_HOLDS;
	r = initialises ? prepare_for(object, member, ret_short) : 0;
	if (r == 0)
		r = hold_new(object, member, access, &hold);
	if (r < 0)
		return r;
	if (initialises)
		begin_to_initialise(hold);
	registry_tell(object->registry, held, hold);
	*ret_hold = hold;
	return 0;
}

int object_hold_again(struct object *object, struct member *member, unsigned access,
		      uint64_t generation, struct hold **ret_hold)
{
	bool initialises = object_awaits(object, member) && (access & WIRE_ACCESS_WRITE);
	int r = hold_new(object, member, access, ret_hold);

	if (r < 0)
		return r;
	(*ret_hold)->generation = generation;
	(*ret_hold)->initialised = object->author == member->id;
	if (initialises)
		begin_to_initialise(*ret_hold);
	return 0;
}

/* Its initialiser leaves without having said ready. */
static void vacate(struct object *object)
{
	object->state = WIRE_STATE_FRESH;
	object->initialiser = NULL;
	object->author = 0;
	(void)keeper_note(object->registry->keeper, object); /* else it is waited for in vain */
	registry_tell(object->registry, vacated, object);
}

void hold_end(struct hold *hold)
{
	struct object *object = hold->object;
	bool vacates = object->initialiser == hold;

	registry_tell(object->registry, released, hold);
	HASH_DELETE(handle, object->registry->holds, hold);
	DL_DELETE2(object->holds, hold, object_prev, object_next);
	DL_DELETE2(hold->member->holds, hold, member_prev, member_next);
	(void)charge_change(&hold->member->held, hold->member->held.amount - 1, 0);
	object->n_holds--;
	if (object->state != WIRE_STATE_REMOVED)
		object_count(object)->holders--;
	object->n_readers -= (hold->access & WIRE_ACCESS_READ) != 0;
	object->n_writers -= (hold->access & WIRE_ACCESS_WRITE) != 0;
	free(hold);
	if (vacates)
		vacate(object);
	object_settle(object);
}

struct hold *hold_find(const struct registry *registry, const struct member *member, uint64_t id)
{
	struct hold *hold;

	HASH_FIND(handle, registry->holds, &id, sizeof(id), hold);
	return hold && hold->member == member ? hold : NULL;
}
