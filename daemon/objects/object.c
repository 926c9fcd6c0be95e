/*
 * The life of an object and of its entries in the ledger. Whatever changes who uses an object ends
 * in settle(), which frees it or hands it to its lifetime.
 */
#include "objects/object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/fd.h"
#include "objects/ghost.h"
#include "objects/lifetime.h"
#include "objects/member.h"
#include "objects/registry.h"

#define tell(object_, callback, ...)                                                               \
	do {                                                                                       \
		struct observer *observer_;                                                        \
		LL_FOREACH((object_)->registry->observers, observer_)                              \
		if (observer_->callback)                                                           \
			observer_->callback(observer_, __VA_ARGS__);                               \
	} while (0)

static void count(struct object *object, int sign)
{
	struct registry *registry = object->registry;
	uint8_t backing = object_backing(object);

	if (backing == WIRE_BACKING_FIFO)
		registry->fifos += (uint32_t)sign;
	else if (backing == WIRE_BACKING_SYSV)
		registry->segments_sysv += (uint32_t)sign;
	else
		registry->segments_memfd += (uint32_t)sign;
	registry->bytes += sign > 0 ? object->size : -object->size;
}

static void forget_owner(struct object *object)
{
	if (!object->owner)
		return;
	DL_DELETE2(object->owner->owned, object, owned_prev, owned_next);
	object->owner = NULL;
}

static void end_charges(struct object *object)
{
	for (unsigned i = 0; i < OBJECT_CHARGES; i++)
		charge_end(&object->charges[i]);
}

/* What OBJECT gives back of this charge when another takes its place. */
static uint64_t given_back(const struct object *object, enum object_charge charge)
{
	bool is_memory = charge == CHARGE_BYTES || charge == CHARGE_SLOT;

	if (!object->charges[charge].account)
		return 0;
	if (is_memory && (object->n_holds > 0 || segment_attachments(&object->segment) > 0))
		return 0;
	return object->charges[charge].amount;
}

/*
 * The limit for AMOUNT more of RESOURCE: beyond that of the owner by what is given back at the same
 * time. Whoever wants no more than that is over no limit; but a System V segment somebody may
 * attach at the last moment and keep, and then who is beyond a limit already gets no further.
 */
static uint64_t limit_of(const struct object_plan *plan, const struct registry *registry,
			 enum object_charge charge, enum resource resource, uint64_t amount)
{
	const struct object *old = plan->replaced;
	uint64_t limit = registry_limit(registry, plan->owner, resource);
	uint64_t back = old ? given_back(old, charge) : 0;
	bool is_sure = charge == CHARGE_OBJECT || charge == CHARGE_ACL ||
		       (old && object_backing(old) != WIRE_BACKING_SYSV);

	if ((is_sure && amount <= back) || !checked_add_u64(limit, back, &limit))
		return RESOURCE_INFINITY;
	return limit;
}

/* Remember by whose limit OWNER is judged, since he may not be there when it is to be judged again.
 */
static void note_owner(struct object *object, const struct credentials *owner)
{
	static const enum resource resources[OBJECT_CHARGES] = {
		[CHARGE_OBJECT] = RESOURCE_OBJECTS,
		[CHARGE_BYTES] = RESOURCE_BYTES,
		[CHARGE_SLOT] = RESOURCE_SYSV_SEGMENTS,
		[CHARGE_ACL] = RESOURCE_ACL_ENTRIES,
	};
	const struct policy *policy = object->registry->policy;

	for (unsigned i = 0; i < OBJECT_CHARGES; i++)
		object->owner_groups[i] =
			policy ? policy_limiting_group(policy, owner, resources[i])
			       : CREDENTIALS_NO_GROUP;
	credentials_sort_groups(object->owner_groups, OBJECT_CHARGES);
}

/* Charge the owner for all that the object will be. */
static int take_charges(struct object *object, const struct object_plan *plan,
			enum resource *ret_short)
{
	const struct {
		enum object_charge charge;
		enum resource resource;
		uint64_t amount;
	} costs[] = {
		{CHARGE_OBJECT, RESOURCE_OBJECTS, 1},
		{CHARGE_BYTES, RESOURCE_BYTES, plan->size},
		{CHARGE_SLOT, RESOURCE_SYSV_SEGMENTS, plan->backing == WIRE_BACKING_SYSV},
		{CHARGE_ACL, RESOURCE_ACL_ENTRIES, plan->permission.n_acl},
	};
	struct registry *registry = object->registry;

	for (size_t i = 0; i < ARRAY_SIZE(costs); i++) {
		int r;

		if (costs[i].amount == 0 && costs[i].charge != CHARGE_ACL)
			continue;
		r = charge_take(&object->charges[costs[i].charge], &registry->quota,
				plan->permission.uid, costs[i].resource, costs[i].amount,
				limit_of(plan, registry, costs[i].charge, costs[i].resource,
					 costs[i].amount));
		if (r == -EDQUOT && ret_short)
			*ret_short = costs[i].resource;
		if (r < 0)
			return r;
	}
	return 0;
}

static void object_free(struct object *object)
{
	struct registry *registry = object->registry;

	HASH_DELETE(by_id, registry->by_id, object);
	end_charges(object);
	free((void *)object->permission.acl);
	free(object);
}

/* A copy of PERMISSION with a list of its own. */
static int copy_permission(const struct permission *permission, struct permission *ret_copy)
{
	size_t size = permission->n_acl * sizeof(*permission->acl);
	struct permission copy = *permission;

	copy.acl = NULL;
	if (size > 0) {
		copy.acl = malloc(size);
		if (!copy.acl)
			return -ENOMEM;
		memcpy((void *)copy.acl, permission->acl, size);
	}
	*ret_copy = copy;
	return 0;
}

/*
 * Take the name, and with it everything that only a named object has. What is left of it is for its
 * holders, who pay for their holds: its owner could do nothing about them. The memory that they
 * keep stays his, as that of a deleted file which is open.
 */
static void take_name(struct object *object)
{
	struct registry *registry = object->registry;

	HASH_DELETE(by_name, registry->by_name, object);
	lifetime_fini(object);
	forget_owner(object);
	charge_end(&object->charges[CHARGE_OBJECT]);
	charge_end(&object->charges[CHARGE_ACL]);
	count(object, -1);
	object->state = WIRE_STATE_REMOVED;
	object->initialiser = NULL;
}

static void settle(struct object *object)
{
	if (object->state == WIRE_STATE_REMOVED && object->n_holds == 0)
		object_free(object);
	else
		lifetime_update(object);
}

static int make_backing(struct object *object, uint8_t backing)
{
	struct registry *registry = object->registry;

	if (object->kind == WIRE_KIND_FIFO)
		return fifo_create(&object->fifo, registry->fifo_directory, object->name,
				   &object->permission, &registry->broker);
	return segment_create(&object->segment, backing, object->size, &object->grant,
			      object->name);
}

/* What of a segment lives on in the kernel still costs. */
static void end_segment(struct object *object)
{
	struct registry *registry = object->registry;
	struct segment before = object->segment;
	bool is_dying = reaper_end(&registry->reaper, &object->segment, object->size);

	ghost_mourn(registry, &before, is_dying, &object->charges[CHARGE_BYTES],
		    &object->charges[CHARGE_SLOT]);
}

static void end_backing(struct object *object)
{
	if (object->kind == WIRE_KIND_FIFO)
		fifo_destroy(&object->fifo, object->registry->fifo_directory, object->name);
	else
		end_segment(object);
}

static struct object *allocate(const struct object_plan *plan)
{
	size_t name_size = strlen(plan->name) + 1;
	size_t layout_size = strlen(plan->layout) + 1;
	struct object *object = calloc(1, sizeof(*object) + name_size + layout_size);

	if (!object)
		return NULL;
	memcpy(object->name, plan->name, name_size);
	memcpy(object->name + name_size, plan->layout, layout_size);
	object->layout = object->name + name_size;
	return object;
}

static int enter_tables(struct object *object)
{
	struct registry *registry = object->registry;

	HASH_ADD(by_id, registry->by_id, id, sizeof(object->id), object);
	if (!object->by_id.tbl)
		return -ENOMEM;
	HASH_ADD_KEYPTR(by_name, registry->by_name, object->name, strlen(object->name), object);
	if (!object->by_name.tbl) {
		HASH_DELETE(by_id, registry->by_id, object);
		return -ENOMEM;
	}
	return 0;
}

static void leave_tables(struct object *object)
{
	struct registry *registry = object->registry;

	HASH_DELETE(by_name, registry->by_name, object);
	HASH_DELETE(by_id, registry->by_id, object);
}

int object_new(struct registry *registry, const struct object_plan *plan, struct member *creator,
	       struct object **ret_object, enum resource *ret_short)
{
	struct object *object = allocate(plan);
	int r;

	if (!object)
		return -ENOMEM;
	object->registry = registry;
	object->id = registry_next_id(registry);
	object->generation = plan->generation;
	object->size = plan->size;
	object->created_ms = clock_now_ms();
	object->linger_ms = plan->linger_ms;
	object->grant = plan->grant;
	object->owner_in_group = plan->owner_in_group;
	object->wants_key = plan->wants_key;
	object->kind = plan->kind;
	object->lifetime = plan->lifetime;
	object->state = plan->kind == WIRE_KIND_FIFO ? WIRE_STATE_READY : WIRE_STATE_FRESH;
	lifetime_init(object);
	note_owner(object, plan->owner);
	r = take_charges(object, plan, ret_short);
	if (r == 0)
		r = copy_permission(&plan->permission, &object->permission);
	if (r == 0)
		r = enter_tables(object);
	/* Last: what a new generation has taken from the one before could not be given back. */
	if (r == 0) {
		r = make_backing(object, plan->backing);
		if (r < 0)
			leave_tables(object);
	}
	if (r < 0) {
		end_charges(object);
		free((void *)object->permission.acl);
		free(object);
		return r;
	}
	if (plan->lifetime == WIRE_LIFETIME_OWNER) {
		object->owner = creator;
		DL_APPEND2(creator->owned, object, owned_prev, owned_next);
	}
	count(object, +1);
	tell(object, created, object);
	*ret_object = object;
	return 0;
}

void object_remove(struct object *object, enum wire_ending ending)
{
	take_name(object);
	end_backing(object);
	tell(object, removed, object, ending);
	settle(object);
}

static int permit_backing(const struct object *object, const struct permission *permission,
			  const struct sysv_grant *grant)
{
	if (object->kind == WIRE_KIND_FIFO)
		return fifo_permit(&object->fifo, permission, &object->registry->broker);
	return segment_permit(&object->segment, grant);
}

int object_permit(struct object *object, const struct permission *permission,
		  const struct sysv_grant *grant, const struct permission_change *change,
		  const struct credentials *owner)
{
	struct charge *charge = &object->charges[CHARGE_ACL];
	uint64_t limit = registry_limit(object->registry, owner, RESOURCE_ACL_ENTRIES);
	struct permission copy;
	int r = copy_permission(permission, &copy);

	if (r < 0)
		return r;
	r = charge_change(charge, permission->n_acl, limit);
	if (r == 0)
		r = permit_backing(object, permission, grant);
	if (r < 0) {
		(void)charge_change(charge, object->permission.n_acl, RESOURCE_INFINITY);
		free((void *)copy.acl);
		return r;
	}
	free((void *)object->permission.acl);
	object->permission = copy;
	object->grant = *grant;
	object->owner_in_group = credentials_in_group(owner, permission->gid);
	tell(object, permitted, object, change);
	return 0;
}

struct credentials object_owner(const struct object *object)
{
	return (struct credentials){
		.uid = object->permission.uid,
		.gid = object->owner_in_group ? object->permission.gid : CREDENTIALS_NO_GROUP,
		.n_groups = OBJECT_CHARGES,
		.groups = (gid_t *)object->owner_groups,
	};
}

uint32_t object_holders_beyond(const struct object *object)
{
	const struct hold *hold;
	uint32_t n = 0;

	DL_FOREACH2(object->holds, hold, object_next)
	n += (hold->access & ~access_granted(&object->permission, &hold->member->credentials)) != 0;
	return n;
}

void object_replace(struct object *object, struct object *next)
{
	take_name(object);
	if (object->kind == WIRE_KIND_FIFO)
		fifo_abandon(&object->fifo); /* its path is the next one's */
	else
		end_segment(object);
	tell(object, removed, object, WIRE_ENDING_REPLACED);
	settle(object);
	lifetime_begin(next);
}

void object_abandon(struct object *object)
{
	take_name(object);
	if (object->kind == WIRE_KIND_FIFO)
		fifo_abandon(&object->fifo);
	else
		segment_abandon(&object->segment);
	settle(object);
}

uint8_t object_backing(const struct object *object)
{
	return object->kind == WIRE_KIND_FIFO ? WIRE_BACKING_FIFO : object->segment.backing;
}

bool object_is_intact(const struct object *object)
{
	return object->kind != WIRE_KIND_SEGMENT ||
	       segment_is_intact(&object->segment, object->size);
}

void object_path(const struct object *object, char path[static WIRE_PATH_MAX + 1])
{
	char file[WIRE_NAME_MAX + 1];

	path[0] = '\0';
	if (object->kind != WIRE_KIND_FIFO)
		return;
	wire_name_to_file(object->name, file);
	snprintf(path, WIRE_PATH_MAX + 1, "%s/%s", object->registry->settings.fifo_directory, file);
}

static int hold_new(struct object *object, struct member *member, unsigned access,
		    struct hold **ret_hold)
{
	struct registry *registry = object->registry;
	struct charge *held = &member->held;
	struct hold *hold = calloc(1, sizeof(*hold));
	int r = -ENOMEM;

	if (hold)
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
	DL_APPEND2(object->holds, hold, object_prev, object_next);
	DL_APPEND2(member->holds, hold, member_prev, member_next);
	object->n_holds++;
	object->n_readers += (access & WIRE_ACCESS_READ) != 0;
	object->n_writers += (access & WIRE_ACCESS_WRITE) != 0;
	lifetime_update(object);
	*ret_hold = hold;
	return 0;
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

/* Fresh memory for the next initialiser: the last one may still write into the old. */
static int renew(struct object *object, const struct credentials *opener, enum resource *ret_short)
{
	struct charge *own_slot = &object->charges[CHARGE_SLOT];
	struct charge *own_bytes = &object->charges[CHARGE_BYTES];
	struct charge bytes = {.account = NULL}, slot = {.account = NULL};
	struct segment fresh = {.backing = 0};
	int r = 0;

	if (object->segment.backing == WIRE_BACKING_SYSV) {
		bool old_stays = segment_attachments(&object->segment) > 0;

		r = charge_anew(object, opener, own_bytes, old_stays, &bytes, ret_short);
		if (r == 0)
			r = charge_anew(object, opener, own_slot, old_stays, &slot, ret_short);
	}
	if (r == 0)
		r = segment_create(&fresh, object->segment.backing, object->size, &object->grant,
				   object->name);
	if (r == 0) {
		end_segment(object);
		object->segment = fresh;
		object->generation++;
		object->is_stained = false;
		if (!own_bytes->account) { /* a ghost has what it had */
			charge_move(own_bytes, &bytes);
			charge_move(own_slot, &slot);
		}
	}
	charge_end(&bytes);
	charge_end(&slot);
	return r;
}

int object_hold(struct object *object, struct member *member, unsigned access,
		struct hold **ret_hold, enum resource *ret_short)
{
	bool initialises = object->state == WIRE_STATE_FRESH && (access & WIRE_ACCESS_WRITE);
	struct hold *hold;
	int r;

	*ret_short = RESOURCE_HOLDS;
	if (initialises && object->is_stained) {
		r = renew(object, &member->credentials, ret_short);
		if (r < 0)
			return r;
	}
	r = hold_new(object, member, access, &hold);
	if (r < 0)
		return r;
	if (initialises) {
		object->state = WIRE_STATE_INITIALISING;
		object->is_stained = true;
		object->initialiser = hold;
		hold->initialised = true;
	}
	tell(object, held, hold);
	*ret_hold = hold;
	return 0;
}

int object_hold_again(struct object *object, struct member *member, unsigned access,
		      uint64_t generation, struct hold **ret_hold)
{
	int r = hold_new(object, member, access, ret_hold);

	if (r == 0)
		(*ret_hold)->generation = generation;
	return r;
}

void hold_end(struct hold *hold)
{
	struct object *object = hold->object;
	bool vacates = object->initialiser == hold;

	tell(object, released, hold);
	HASH_DELETE(handle, object->registry->holds, hold);
	DL_DELETE2(object->holds, hold, object_prev, object_next);
	DL_DELETE2(hold->member->holds, hold, member_prev, member_next);
	(void)charge_change(&hold->member->held, hold->member->held.amount - 1, 0);
	object->n_holds--;
	object->n_readers -= (hold->access & WIRE_ACCESS_READ) != 0;
	object->n_writers -= (hold->access & WIRE_ACCESS_WRITE) != 0;
	free(hold);
	if (vacates) {
		object->state = WIRE_STATE_FRESH;
		object->initialiser = NULL;
		tell(object, vacated, object);
	}
	settle(object);
}

struct hold *hold_find(const struct registry *registry, const struct member *member, uint64_t id)
{
	struct hold *hold;

	HASH_FIND(handle, registry->holds, &id, sizeof(id), hold);
	return hold && hold->member == member ? hold : NULL;
}

void object_ready(struct object *object)
{
	object->state = WIRE_STATE_READY;
	object->initialiser = NULL;
	tell(object, ready, object);
}

void object_wait_begin(struct object *object)
{
	object->n_waiting++;
	lifetime_update(object);
}

void object_wait_end(struct object *object)
{
	object->n_waiting--;
	lifetime_update(object);
}

int object_descriptor(struct object *object, unsigned access, int *ret_fd, bool *ret_owned)
{
	*ret_owned = object->kind == WIRE_KIND_FIFO;
	if (object->kind == WIRE_KIND_FIFO)
		return fifo_descriptor(&object->fifo, access, ret_fd);
	return segment_descriptor(&object->segment, access, ret_fd);
}
