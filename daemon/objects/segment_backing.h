/*
 * The two backings, behind segment.h alone.
 */
#ifndef OBJECTS_SEGMENT_BACKING_H
#define OBJECTS_SEGMENT_BACKING_H

#include "objects/segment.h"

int segment_sysv_plan(struct segment *segment);
int segment_sysv_make(struct segment *segment, uint64_t size, const struct sysv_grant *grant);
int segment_sysv_find(struct segment *segment, uint64_t size);
int segment_sysv_permit(const struct segment *segment, const struct sysv_grant *grant);
bool segment_sysv_is_intact(const struct segment *segment, uint64_t size);
bool segment_sysv_has_key(const struct segment *segment);
bool segment_sysv_lives_on(const struct segment *destroyed);
int segment_sysv_remove(const struct segment *segment);
uint64_t segment_sysv_attachments(const struct segment *segment);

int segment_memfd_make(struct segment *segment, uint64_t size, const char *name);
bool segment_memfd_is_intact(const struct segment *segment, uint64_t size);
void segment_memfd_close(struct segment *segment);
int segment_memfd_descriptor(struct segment *segment, unsigned access, int *ret_fd);

#endif
