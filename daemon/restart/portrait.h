/*
 * An object as a record, and a record as what an object is made of again.
 */
#ifndef RESTART_PORTRAIT_H
#define RESTART_PORTRAIT_H

#include "objects/object.h"
#include "restart/record.h"

/* All of OBJECT, with SEGMENT where that is one. */
void portrait_take(const struct object *object, const struct segment *segment,
		   struct record *ret_record);

/* What lies behind a plan, which refers to it. */
struct portrait {
	struct object_plan plan;
	struct object_found found; /* all but what is behind the object */
	struct credentials owner;
	gid_t groups[RECORD_GROUPS_MAX];
};

/* The plan by which RECORD was made; good as long as both are. */
void portrait_read(const struct record *record, struct portrait *ret_portrait);

#endif
