/*
 * Which backing does what.
 */
#include "objects/segment.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "objects/segment_backing.h"

int segment_plan(struct segment *segment, uint8_t backing)
{
	*segment = (struct segment){.backing = backing};
	if (backing == WIRE_BACKING_SYSV)
		return segment_sysv_plan(segment);
	return backing == WIRE_BACKING_MEMFD ? 0 : -EINVAL;
}

int segment_make(struct segment *segment, uint64_t size, const struct sysv_grant *grant,
		 const char *name)
{
	int r = segment->backing == WIRE_BACKING_SYSV ? segment_sysv_make(segment, size, grant)
						      : segment_memfd_make(segment, size, name);

	if (r < 0)
		segment->backing = 0;
	return r;
}

int segment_find_sysv(struct segment *segment, uint32_t key, uint64_t size)
{
	*segment = (struct segment){.backing = WIRE_BACKING_SYSV, .sysv = {.key = (key_t)key}};
	return segment_sysv_find(segment, size);
}

int segment_find_memfd(struct segment *segment, int take_fd, uint64_t size)
{
	*segment = (struct segment){.backing = WIRE_BACKING_MEMFD,
				    .memfd = {.fd = take_fd, .read_fd = -1}};
	return segment_memfd_is_intact(segment, size) ? 0 : -EEXIST;
}

int segment_permit(const struct segment *segment, const struct sysv_grant *grant)
{
	return segment->backing == WIRE_BACKING_SYSV ? segment_sysv_permit(segment, grant) : 0;
}

int segment_end(struct segment *segment)
{
	int r = segment->backing == WIRE_BACKING_SYSV ? segment_sysv_remove(segment) : 0;

	segment_abandon(segment);
	return r;
}

void segment_say_left(int id, int error)
{
	log_error("System V segment %d cannot be removed: %s; remove it with ipcrm -m %d", id,
		  strerror(-error), id);
}

void segment_destroy(struct segment *segment)
{
	struct segment before = *segment;
	int r = segment_end(segment);

	if (r < 0)
		segment_say_left(before.sysv.id, r);
}

void segment_abandon(struct segment *segment)
{
	if (segment->backing == WIRE_BACKING_MEMFD)
		segment_memfd_close(segment);
	segment->backing = 0;
}

int segment_descriptor(struct segment *segment, unsigned access, int *ret_fd)
{
	if (segment->backing == WIRE_BACKING_MEMFD)
		return segment_memfd_descriptor(segment, access, ret_fd);
	*ret_fd = -1;
	return 0;
}

bool segment_is_intact(const struct segment *segment, uint64_t size)
{
	return segment->backing != WIRE_BACKING_SYSV || segment_sysv_is_intact(segment, size);
}

bool segment_lives_on(const struct segment *destroyed)
{
	return destroyed->backing == WIRE_BACKING_SYSV && segment_sysv_lives_on(destroyed);
}

bool segment_has_key(const struct segment *segment)
{
	return segment->backing == WIRE_BACKING_SYSV && segment_sysv_has_key(segment);
}

uint64_t segment_attachments(const struct segment *segment)
{
	return segment->backing == WIRE_BACKING_SYSV ? segment_sysv_attachments(segment) : 0;
}
