/*
 * The life of an object: its charges, its place in the tables, its end. What is behind it is
 * storage.c's, who uses it is hold.c's.
 */
#include "objects/object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/probe.h"
#include "objects/hold.h"
#include "objects/keeper.h"
#include "objects/lifetime.h"
#include "objects/member.h"
#include "objects/registry.h"
#include "objects/storage.h"

static void take_owner(struct object *object, struct member *owner)
{
	object->owner = owner;
	DL_APPEND2(owner->owned, object, owned_prev, owned_next);
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

	if (plan->is_there || (is_sure && amount <= back) || !checked_add_u64(limit, back, &limit))
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
	storage_count(object, -1);
	object->state = WIRE_STATE_REMOVED;
	object->initialiser = NULL;
}

void object_settle(struct object *object)
{
	if (object->state == WIRE_STATE_REMOVED && object->n_holds == 0)
		object_free(object);
	else
		lifetime_update(object);
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

static void undo(struct object *object)
{
	forget_owner(object);
	end_charges(object);
	free((void *)object->permission.acl);
	free(object);
}

/* All of it but what is behind it. */
static int begin(struct registry *registry, const struct object_plan *plan, uint64_t id,
		 struct member *owner, struct object **ret_object, enum resource *ret_short)
{
	struct object *object = allocate(plan);
	int r;

	if (!object)
		return -ENOMEM;
	object->registry = registry;
	object->id = id;
	object->generation = plan->generation;
	object->size = plan->size;
	object->created_ms = clock_now_ms();
	object->linger_ms = plan->linger_ms;
	object->grant = plan->grant;
	object->owner_in_group = plan->owner_in_group;
	object->wants_key = plan->wants_key;
	object->kind = plan->kind;
	object->lifetime = plan->lifetime;
	object->state = plan->kind == WIRE_KIND_FIFO || plan->is_ready ? WIRE_STATE_READY
								       : WIRE_STATE_FRESH;
	lifetime_init(object);
	note_owner(object, plan->owner);
	r = take_charges(object, plan, ret_short);
	if (r == 0)
		r = copy_permission(&plan->permission, &object->permission);
	if (r == 0)
		r = enter_tables(object);
	if (r < 0) {
		undo(object);
		return r;
	}
	if (plan->lifetime == WIRE_LIFETIME_OWNER)
		take_owner(object, owner);
	*ret_object = object;
	return 0;
}

int object_new(struct registry *registry, const struct object_plan *plan, struct member *creator,
	       struct object **ret_object, enum resource *ret_short)
{
	struct object *object;
	int r = begin(registry, plan, registry_next_id(registry), creator, &object, ret_short);

	if (r < 0)
		return r;
	if (creator && !plan->replaced && object->state == WIRE_STATE_FRESH)
		object->author = creator->id;
	/* Last: what a new generation has taken from the one before could not be given back. */
	r = storage_make(object, plan->backing);
	if (r < 0) {
		leave_tables(object);
		undo(object);
		return r;
	}
	storage_count(object, +1);
	registry_tell(registry, created, object);
	PROBE4(create, PROBE_TEXT(object->name), object->id, object->size, object->kind);
	*ret_object = object;
	return 0;
}

int object_adopt(struct registry *registry, const struct object_plan *plan,
		 const struct object_found *found, struct member *owner, struct object **ret_object)
{
	struct object *object;
	int r = begin(registry, plan, found->id, owner, &object, NULL);

	if (r < 0)
		return r;
	object->stored = found->stored;
	object->created_ms = found->created_ms;
	object->doorbell = found->doorbell;
	if (object->kind == WIRE_KIND_FIFO) {
		object->fifo = found->fifo;
	} else {
		object->segment = found->segment;
		object->is_stained = !found->is_ready;
		object->author = found->author;
		object->state = found->is_ready ? WIRE_STATE_READY
				: found->author ? WIRE_STATE_INITIALISING
						: WIRE_STATE_FRESH;
	}
	storage_count(object, +1);
	lifetime_begin(object);
	*ret_object = object;
	return 0;
}

bool object_awaits(const struct object *object, const struct member *member)
{
	return object->state == WIRE_STATE_INITIALISING && !object->initialiser &&
	       object->author == member->id;
}

void object_give_up_waiting(struct object *object)
{
	if (object->state != WIRE_STATE_INITIALISING || object->initialiser)
		return;
	object->state = WIRE_STATE_FRESH;
	object->author = 0;
	(void)keeper_note(object->registry->keeper, object);
	registry_tell(object->registry, vacated, object);
}

void object_remove(struct object *object, enum wire_ending ending)
{
	take_name(object);
	storage_end(object, false);
	registry_tell(object->registry, removed, object, ending);
	object_settle(object);
}

/* PERMISSION, with a list of its own, and GRANT take the place of what OBJECT has, if that can be
 * written down. */
static int note_permission(struct object *object, const struct permission *permission,
			   const struct sysv_grant *grant, bool owner_in_group)
{
	struct permission permission_before = object->permission;
	struct sysv_grant grant_before = object->grant;
	bool in_group_before = object->owner_in_group;
	int r;

	object->permission = *permission;
	object->grant = *grant;
	object->owner_in_group = owner_in_group;
	r = keeper_note(object->registry->keeper, object);
	if (r < 0) {
		object->permission = permission_before;
		object->grant = grant_before;
		object->owner_in_group = in_group_before;
		return r;
	}
	free((void *)permission_before.acl);
	return 0;
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
		r = storage_permit(object, permission, grant);
	if (r == 0) {
		r = note_permission(object, &copy, grant,
				    credentials_in_group(owner, permission->gid));
		if (r < 0)
			(void)storage_permit(object, &object->permission, &object->grant);
	}
	if (r < 0) {
		(void)charge_change(charge, object->permission.n_acl, RESOURCE_INFINITY);
		free((void *)copy.acl);
		return r;
	}
	registry_tell(object->registry, permitted, object, change);
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
	storage_end(object, true);
	registry_tell(object->registry, removed, object, WIRE_ENDING_REPLACED);
	object_settle(object);
	lifetime_begin(next);
}

void object_abandon(struct object *object)
{
	take_name(object);
	storage_abandon(object);
	object_settle(object);
}

int object_ready(struct object *object)
{
	struct hold *initialiser = object->initialiser;
	int r;

	object->state = WIRE_STATE_READY;
	object->initialiser = NULL;
	r = keeper_note(object->registry->keeper, object);
	if (r < 0) {
		object->state = WIRE_STATE_INITIALISING;
		object->initialiser = initialiser;
		return r;
	}
	registry_tell(object->registry, ready, object);
	return 0;
}

void object_wait_begin(struct object *object)
{
	object->n_waiting++;
	if (object->state != WIRE_STATE_REMOVED)
		object_count(object)->waiting++;
	lifetime_update(object);
}

void object_wait_end(struct object *object)
{
	object->n_waiting--;
	if (object->state != WIRE_STATE_REMOVED)
		object_count(object)->waiting--;
	lifetime_update(object);
}

uint8_t object_backing(const struct object *object)
{
	return object->kind == WIRE_KIND_FIFO ? WIRE_BACKING_FIFO : object->segment.backing;
}

struct registry_count *object_count(const struct object *object)
{
	return &object->registry->counts[object_backing(object)];
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

int object_descriptor(struct object *object, unsigned access, int *ret_fd, bool *ret_owned)
{
	*ret_owned = object->kind == WIRE_KIND_FIFO;
	if (object->kind == WIRE_KIND_FIFO)
		return fifo_descriptor(&object->fifo, access, ret_fd);
	return segment_descriptor(&object->segment, access, ret_fd);
}
