/*
 * What is behind an object: a segment of one backing or the other, or a FIFO.
 */
#include "objects/storage.h"

#include <errno.h>
#include <stdio.h>

#include "base/checked.h"
#include "objects/ghost.h"
#include "objects/object.h"
#include "objects/registry.h"

void storage_count(const struct object *object, int sign)
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

int storage_make(struct object *object, uint8_t backing)
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

void storage_end(struct object *object)
{
	if (object->kind == WIRE_KIND_FIFO)
		fifo_destroy(&object->fifo, object->registry->fifo_directory, object->name);
	else
		end_segment(object);
}

/* The path of a FIFO is the next one's already. */
void storage_end_replaced(struct object *object)
{
	if (object->kind == WIRE_KIND_FIFO)
		fifo_abandon(&object->fifo);
	else
		end_segment(object);
}

void storage_abandon(struct object *object)
{
	if (object->kind == WIRE_KIND_FIFO)
		fifo_abandon(&object->fifo);
	else
		segment_abandon(&object->segment);
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

/* Fresh memory for the next initialiser: the last one may still write into the old. */
int storage_renew(struct object *object, const struct credentials *opener, enum resource *ret_short)
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

int object_descriptor(struct object *object, unsigned access, int *ret_fd, bool *ret_owned)
{
	*ret_owned = object->kind == WIRE_KIND_FIFO;
	if (object->kind == WIRE_KIND_FIFO)
		return fifo_descriptor(&object->fifo, access, ret_fd);
	return segment_descriptor(&object->segment, access, ret_fd);
}
