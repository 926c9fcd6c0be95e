/*
 * The broker's lists as top wants them, and without a word when they cannot be had.
 */
#ifndef SHMCTL_TOP_LIST_H
#define SHMCTL_TOP_LIST_H

#include "facts/gather.h"

/* All objects whose names begin with PREFIX, or all, for NULL: struct top_object each. Returns 0 or
 * -errno. */
int top_list_objects(struct shmb_connection *broker, const char *prefix, struct gathering *list);

/* Who holds what, but for this program: struct shmb_holder each. The same. */
int top_list_holders(struct shmb_connection *broker, struct gathering *list);

#endif
