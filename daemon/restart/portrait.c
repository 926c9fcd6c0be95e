/*
 * Field by field, there and back.
 */
#include "restart/portrait.h"

#include <sys/stat.h>

#include "base/text.h"
#include "objects/member.h"

_Static_assert(RECORD_GROUPS_MAX == OBJECT_CHARGES, "a group for each limit");

static uint64_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

static void take_permission(const struct object *object, struct record *record)
{
	const struct permission *permission = &object->permission;

	record->uid = permission->uid;
	record->gid = permission->gid;
	record->mode = permission->mode;
	record->acl.n = permission->n_acl;
	for (unsigned i = 0; i < permission->n_acl; i++)
		record->acl.entries[i] = permission->acl[i];
	record->grant_gid = object->grant.gid;
	record->grant_mode = object->grant.mode;
	record->owner_in_group = object->owner_in_group;
	for (unsigned i = 0; i < OBJECT_CHARGES; i++)
		if (object->owner_groups[i] != CREDENTIALS_NO_GROUP)
			record->owner_groups.gids[record->owner_groups.n++] =
				object->owner_groups[i];
}

static void take_owner(const struct object *object, struct record *record)
{
	if (!object->owner)
		return;
	record->owner = object->owner->id;
	record->owner_pid = (uint32_t)object->owner->credentials.pid;
	record->owner_mark = member_mark(object->owner);
}

static void take_segment(const struct segment *segment, struct record *record)
{
	record->backing = segment->backing;
	if (segment->backing == WIRE_BACKING_SYSV)
		record->key = (uint32_t)segment->sysv.key;
	else
		record->inode = inode_of(segment->memfd.fd);
}

void portrait_take(const struct object *object, const struct segment *segment,
		   struct record *ret_record)
{
	struct record *record = ret_record;

	*record = (struct record){
		.id = object->id,
		.generation = object->generation,
		.size = object->size,
		.stored = object->stored,
		.created_ms = object->created_ms,
		.author = object->author,
		.linger_ms = object->linger_ms,
		.kind = object->kind,
		.lifetime = object->lifetime,
		.ready = object->state == WIRE_STATE_READY,
		.wants_key = object->wants_key,
	};
	text_copy(record->name, sizeof(record->name), object->name);
	text_copy(record->layout, sizeof(record->layout), object->layout);
	take_permission(object, record);
	take_owner(object, record);
	if (object->kind == WIRE_KIND_FIFO) {
		record->backing = WIRE_BACKING_FIFO;
		record->inode = inode_of(object->fifo.keeper);
	} else {
		take_segment(segment, record);
	}
	if (object->doorbell.stored) {
		record->doorbell = object->doorbell.stored;
		record->doorbell_inode = inode_of(object->doorbell.page.memfd.fd);
	}
}

static void read_owner(const struct record *record, struct portrait *portrait)
{
	for (unsigned i = 0; i < record->owner_groups.n; i++)
		portrait->groups[i] = record->owner_groups.gids[i];
	portrait->owner = (struct credentials){
		.uid = record->uid,
		.gid = record->owner_in_group ? record->gid : CREDENTIALS_NO_GROUP,
		.n_groups = record->owner_groups.n,
		.groups = portrait->groups,
	};
}

void portrait_read(const struct record *record, struct portrait *ret_portrait)
{
	struct portrait *portrait = ret_portrait;

	read_owner(record, portrait);
	portrait->plan = (struct object_plan){
		.name = record->name,
		.layout = record->layout,
		.kind = record->kind,
		.backing = record->backing,
		.lifetime = record->lifetime,
		.linger_ms = record->linger_ms,
		.size = record->size,
		.generation = record->generation,
		.permission = {.uid = record->uid,
			       .gid = record->gid,
			       .mode = record->mode,
			       .n_acl = record->acl.n,
			       .acl = record->acl.entries},
		.grant = {.gid = record->grant_gid, .mode = record->grant_mode},
		.owner_in_group = record->owner_in_group,
		.wants_key = record->wants_key,
		.is_there = true,
		.owner = &portrait->owner,
	};
	portrait->found = (struct object_found){
		.id = record->id,
		.stored = record->stored,
		.created_ms = record->created_ms,
		.author = record->author,
		.is_ready = record->ready,
	};
}
