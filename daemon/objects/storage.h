/*
 * What is behind an object: a segment or a FIFO.
 */
#ifndef OBJECTS_STORAGE_H
#define OBJECTS_STORAGE_H

#include <stdbool.h>

#include "rules/access.h"
#include "rules/resources.h"

struct credentials;
struct object;

/* Make it, of a segment with this BACKING. Returns 0, or what segment_make() and fifo_create() say,
 * -EIO when it cannot be written down; -EAGAIN and -EXFULL when its descriptor cannot be given into
 * custody. */
int storage_make(struct object *object, uint8_t backing);

/* Whether R is what the limits of System V (SHMMNI, SHMALL, SHMMAX) and of memory look like. */
bool storage_lacked_room(int r);

/* Grant what PERMISSION says, of which GRANT is for System V. Returns 0 or -errno. */
int storage_permit(const struct object *object, const struct permission *permission,
		   const struct sysv_grant *grant);

/*
 * Fresh memory in the place of the old, into which the last initialiser may still write, and the
 * next generation. OPENER is for whom it is made. Returns 0, or as storage_make(); with -EDQUOT
 * what the owner has no more of is in *ret_short.
 */
int storage_renew(struct object *object, const struct credentials *opener,
		  enum resource *ret_short);

/* End it: whoever has it keeps it. What of a segment lives on in the kernel still costs. If it
 * IS_REPLACED, there is an object of the same name already. */
void storage_end(struct object *object, bool is_replaced);

/* Leave it to the kernel. */
void storage_abandon(struct object *object);

/* Add it to the figures of the registry, or with -1 take it off. */
void storage_count(const struct object *object, int sign);

#endif
