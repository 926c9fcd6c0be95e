/*
 * What is behind an object: a segment or a FIFO.
 */
#ifndef OBJECTS_STORAGE_H
#define OBJECTS_STORAGE_H

#include "rules/access.h"
#include "rules/resources.h"

struct credentials;
struct object;

/* Make it, of a segment with this BACKING. Returns 0, or what segment_create() and fifo_create()
 * say. */
int storage_make(struct object *object, uint8_t backing);

/* Grant what PERMISSION says, of which GRANT is for System V. Returns 0 or -errno. */
int storage_permit(const struct object *object, const struct permission *permission,
		   const struct sysv_grant *grant);

/*
 * Fresh memory in the place of the old, into which the last initialiser may still write, and the
 * next generation. OPENER is for whom it is made. Returns 0 or -errno; with -EDQUOT what the owner
 * has no more of is in *ret_short.
 */
int storage_renew(struct object *object, const struct credentials *opener,
		  enum resource *ret_short);

/* End it: whoever has it keeps it. What of a segment lives on in the kernel still costs. */
void storage_end(struct object *object);

/* The same, when an object of the same name has been made already. */
void storage_end_replaced(struct object *object);

/* Leave it to the kernel. */
void storage_abandon(struct object *object);

/* Add it to the figures of the registry, or with -1 take it off. */
void storage_count(const struct object *object, int sign);

#endif
