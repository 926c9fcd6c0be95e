/*
 * Who sends into a stream, and who takes from it.
 */
#ifndef SHMCTL_FACTS_GRAPH_ROLES_H
#define SHMCTL_FACTS_GRAPH_ROLES_H

#include "gather.h"

/*
 * For those of HOLDERS that have one of the OBJECTS which is a stream that may be read: their
 * access becomes what they do, writing for a producer, reading for a consumer; who is neither keeps
 * what he may do. Puts HOLDERS into another order. Returns STATUS_DONE or what has been complained
 * of.
 */
int graph_learn_roles(struct shmb_connection *broker, const struct gathering *objects,
		      struct gathering *holders);

#endif
