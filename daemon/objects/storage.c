/*
 * What is behind an object, and the order of the steps by which that is made, changed and ended:
 * the broker may be killed after each of them, and then the next one finds an object whole or not
 * at all, and nothing in the kernel that nobody knows of.
 */
#include "objects/storage.h"

#include <errno.h>
#include <stdio.h>

#include "base/checked.h"
#include "objects/custody.h"
#include "objects/doorbell.h"
#include "objects/ghost.h"
#include "objects/keeper.h"
#include "objects/object.h"
#include "objects/registry.h"

#define KEY_TRIES 8 /* it is unused when it is chosen: somebody has to be very quick */

void storage_count(const struct object *object, int sign)
{
	struct registry_count *count = object_count(object);

	count->objects += (uint32_t)sign;
	count->holders += (uint32_t)sign * object->n_holds;
	count->waiting += (uint32_t)sign * object->n_waiting;
	count->bytes += sign > 0 ? object->size : -object->size;
}

/*
 * Making. A System V segment is found by what is noted of it, so that comes first: a crash leaves a
 * note of nothing. A descriptor is found in custody, and what is there without a note is closed: so
 * for the others the note comes last before anybody can have them.
 */

/* Make SEGMENT for OBJECT under a key that nobody has, noted under ID: as the object itself, or as
 * what is beside it and is to go. */
static int make_sysv(const struct object *object, struct segment *segment, uint64_t id)
{
	struct keeper *keeper = object->registry->keeper;
	bool is_beside = id != object->id;
	int r;

	for (unsigned i = 0; i < KEY_TRIES; i++) {
		r = segment_plan(segment, WIRE_BACKING_SYSV);
		if (r == 0)
			r = is_beside ? keeper_note_end(keeper, id, object, segment)
				      : keeper_note(keeper, object);
		if (r < 0)
			break;
		r = segment_make(segment, object->size, &object->grant, object->name);
		if (r != -EEXIST)
			break;
	}
	if (r < 0) {
		segment->backing = 0;
		keeper_forget(keeper, id);
	}
	return r;
}

static int make_memfd(struct object *object)
{
	struct registry *registry = object->registry;
	int r = segment_plan(&object->segment, WIRE_BACKING_MEMFD);

	if (r == 0)
		r = segment_make(&object->segment, object->size, &object->grant, object->name);
	if (r < 0)
		return r;
	r = custody_give(registry, object->segment.memfd.fd, &object->stored);
	if (r == 0)
		r = keeper_note(registry->keeper, object);
	if (r < 0) {
		custody_end(registry, &object->stored);
		segment_destroy(&object->segment);
	}
	return r;
}

static int make_fifo(struct object *object)
{
	struct registry *registry = object->registry;
	int directory = registry->fifo_directory;
	int r = fifo_create(&object->fifo, directory, object->name, &object->permission,
			    &registry->broker);

	if (r < 0)
		return r;
	r = custody_give(registry, object->fifo.keeper, &object->stored);
	if (r == 0)
		r = keeper_note(registry->keeper, object);
	if (r == 0) {
		r = fifo_publish(directory, object->name);
		if (r < 0)
			keeper_forget(registry->keeper, object->id);
	}
	if (r < 0) {
		custody_end(registry, &object->stored);
		fifo_destroy(&object->fifo, directory, object->name);
	}
	return r;
}

int storage_make(struct object *object, uint8_t backing)
{
	if (object->kind == WIRE_KIND_FIFO)
		return make_fifo(object);
	if (backing == WIRE_BACKING_SYSV)
		return make_sysv(object, &object->segment, object->id);
	return make_memfd(object);
}

bool storage_lacked_room(int r)
{
	return r == -ENOSPC || r == -ENOMEM || r == -EINVAL;
}

/*
 * Ending. Of a System V segment the note goes last, and while it dies in another thread the note
 * says so: it must be found, and not come back. For the others the note goes first, and a crash
 * leaves something that is in custody or in the FIFO directory without one.
 */

/* OBJECT has no use for SEGMENT any more, whose note is under ID. What of it lives on in the kernel
 * still costs. */
static void end_sysv(struct object *object, struct segment *segment, uint64_t id)
{
	struct registry *registry = object->registry;
	const struct segment before = *segment;
	const struct ghost_plan plan = {
		.segment = &before,
		.note = id,
		.bytes = &object->charges[CHARGE_BYTES],
		.slot = &object->charges[CHARGE_SLOT],
	};

	if (reaper_is_due(&registry->reaper, segment, object->size) &&
	    keeper_note_end(registry->keeper, id, object, segment) == 0 &&
	    ghost_reap(registry, &plan)) {
		segment->backing = 0;
		return;
	}
	segment_destroy(segment);
	keeper_forget(registry->keeper, id);
	ghost_mourn(registry, &plan);
}

/* The same of a memfd. If the object pays on, for what it has instead or for who still has it, that
 * costs too until it is freed, however much the owner may have. */
static void end_memfd(struct object *object, struct segment *segment, bool pays_on)
{
	struct registry *registry = object->registry;
	struct charge *own = &object->charges[CHARGE_BYTES];
	struct charge more = {.account = NULL}, no_slot = {.account = NULL};
	const struct ghost_plan plan = {
		.segment = segment,
		.bytes = pays_on ? &more : own,
		.slot = &no_slot,
	};
	bool is_due = reaper_is_due(&registry->reaper, segment, object->size);

	if (is_due && pays_on && own->account)
		(void)charge_take(&more, &registry->quota, own->account->uid, RESOURCE_BYTES,
				  own->amount, RESOURCE_INFINITY);
	if (is_due && ghost_reap(registry, &plan))
		segment->backing = 0;
	else
		segment_destroy(segment);
	charge_end(&more);
}

static void end_segment(struct object *object)
{
	struct registry *registry = object->registry;

	doorbell_end(registry, &object->doorbell);
	if (object->segment.backing == WIRE_BACKING_SYSV) {
		end_sysv(object, &object->segment, object->id);
		return;
	}
	keeper_forget(registry->keeper, object->id);
	custody_end(registry, &object->stored);
	end_memfd(object, &object->segment, object->n_holds > 0);
}

static void end_fifo(struct object *object, bool is_replaced)
{
	struct registry *registry = object->registry;

	keeper_forget(registry->keeper, object->id);
	if (is_replaced)
		fifo_abandon(&object->fifo); /* its path is the next one's */
	else
		fifo_destroy(&object->fifo, registry->fifo_directory, object->name);
	custody_end(registry, &object->stored);
}

void storage_end(struct object *object, bool is_replaced)
{
	if (object->kind == WIRE_KIND_FIFO)
		end_fifo(object, is_replaced);
	else
		end_segment(object);
}

void storage_abandon(struct object *object)
{
	if (object->kind == WIRE_KIND_FIFO)
		fifo_abandon(&object->fifo);
	else
		segment_abandon(&object->segment);
	doorbell_abandon(&object->doorbell);
}

int storage_permit(const struct object *object, const struct permission *permission,
		   const struct sysv_grant *grant)
{
	if (object->kind == WIRE_KIND_FIFO)
		return fifo_permit(&object->fifo, permission, &object->registry->broker);
	return segment_permit(&object->segment, grant);
}

/*
 * One more of what OBJECT is charged for already in OWN. Where the old is about to be given back it
 * may go beyond the limit by that: but whoever attaches the old at the last moment keeps it, so the
 * new one is charged in any case, and who is beyond the limit already gets no further. OPENER is
 * for whom it is made.
 */
static int charge_anew(const struct object *object, const struct credentials *opener,
		       const struct charge *own, bool old_stays, struct charge *more,
		       enum resource *ret_short)
{
	struct registry *registry = object->registry;
	enum resource resource = (enum resource)own->resource;
	const struct credentials owner =
		opener->uid == object->permission.uid ? *opener : object_owner(object);
	uint64_t limit = registry_limit(registry, &owner, resource);
	int r;

	if (!old_stays && !checked_add_u64(limit, own->amount, &limit))
		limit = RESOURCE_INFINITY;
	r = charge_take(more, &registry->quota, owner.uid, resource, own->amount, limit);
	if (r == -EDQUOT)
		*ret_short = resource;
	return r;
}

/*
 * Renewing. The object has the old memory until the new is made and noted, and what is made before,
 * or left behind, has a note of its own that it is to go.
 */

/* FRESH and what the object has change places, if that can be noted. */
static int take_over(struct object *object, struct segment *fresh, uint64_t *stored)
{
	struct segment old = object->segment;
	uint64_t old_stored = object->stored;
	int r;

	object->segment = *fresh;
	object->stored = *stored;
	object->generation++;
	r = keeper_note(object->registry->keeper, object);
	if (r < 0) {
		object->segment = old;
		object->stored = old_stored;
		object->generation--;
		return r;
	}
	*fresh = old;
	*stored = old_stored;
	return 0;
}

static int renew_sysv(struct object *object)
{
	struct registry *registry = object->registry;
	uint64_t making = registry_next_id(registry), ending = registry_next_id(registry);
	uint64_t no_custody = 0;
	struct segment segment;
	int r = make_sysv(object, &segment, making);

	if (r < 0)
		return r;
	r = keeper_note_end(registry->keeper, ending, object, &object->segment);
	if (r == 0)
		r = take_over(object, &segment, &no_custody);
	if (r < 0)
		segment_destroy(&segment);
	else
		end_sysv(object, &segment, ending);
	if (r < 0)
		keeper_forget(registry->keeper, ending);
	keeper_forget(registry->keeper, making);
	return r;
}

static int renew_memfd(struct object *object)
{
	struct registry *registry = object->registry;
	struct segment segment;
	uint64_t stored;
	int r = segment_plan(&segment, WIRE_BACKING_MEMFD);

	if (r == 0)
		r = segment_make(&segment, object->size, &object->grant, object->name);
	if (r < 0)
		return r;
	r = custody_give(registry, segment.memfd.fd, &stored);
	if (r == 0)
		r = take_over(object, &segment, &stored);
	custody_end(registry, &stored);
	if (r < 0)
		segment_destroy(&segment);
	else
		end_memfd(object, &segment, true);
	return r;
}

int storage_renew(struct object *object, const struct credentials *opener, enum resource *ret_short)
{
	struct charge *own_slot = &object->charges[CHARGE_SLOT];
	struct charge *own_bytes = &object->charges[CHARGE_BYTES];
	struct charge bytes = {.account = NULL}, slot = {.account = NULL};
	bool is_sysv = object->segment.backing == WIRE_BACKING_SYSV;
	int r = 0;

	if (is_sysv) {
		bool old_stays = segment_attachments(&object->segment) > 0;

		r = charge_anew(object, opener, own_bytes, old_stays, &bytes, ret_short);
		if (r == 0)
			r = charge_anew(object, opener, own_slot, old_stays, &slot, ret_short);
	}
	if (r == 0)
		r = is_sysv ? renew_sysv(object) : renew_memfd(object);
	if (r == 0 && !own_bytes->account) { /* a ghost has what it had */
		charge_move(own_bytes, &bytes);
		charge_move(own_slot, &slot);
	}
	charge_end(&bytes);
	charge_end(&slot);
	return r;
}
