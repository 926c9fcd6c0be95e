/*
 * The doorbell of a segment: a page beside it that everybody may write to who may open it, also
 * those who may only read. With it who sleeps on the segment's memory can say so to who changes it.
 * It is made when somebody asks for it first, and lives as long as the name: like the memory, whose
 * contents it says nothing of.
 */
#ifndef OBJECTS_DOORBELL_H
#define OBJECTS_DOORBELL_H

#include <stdint.h>

#include "objects/segment.h"

struct object;
struct registry;

struct doorbell {
	struct segment page; /* a memfd, whatever the object's backing; none until asked for */
	uint64_t stored;     /* it is in custody under this id; 0: it is not */
};

/* Its size in bytes. */
uint64_t doorbell_size(void);

/*
 * The descriptor of OBJECT's, borrowed; made if there is none. Returns 0; -EIO when it cannot be
 * written down, -EAGAIN or -EXFULL when it cannot be given into custody, or another -errno.
 */
int doorbell_descriptor(struct object *object, int *ret_fd);

/* OBJECT has ended. Who has it keeps it. */
void doorbell_end(struct registry *registry, struct doorbell *doorbell);

/* Leave it to the one who has it in custody. */
void doorbell_abandon(struct doorbell *doorbell);

#endif
