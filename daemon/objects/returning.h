/*
 * After a broker has taken over what an earlier one had, those who had it come back one by one. For
 * as long as a member may be away they are waited for: then what somebody was initialising is for
 * the next one.
 */
#ifndef OBJECTS_RETURNING_H
#define OBJECTS_RETURNING_H

#include <stdbool.h>

struct registry;

void returning_init(struct registry *registry);
void returning_fini(struct registry *registry);

/* It begins now. */
void returning_begin(struct registry *registry);

/* Whether it is not over. */
bool returning_is_on(const struct registry *registry);

#endif
