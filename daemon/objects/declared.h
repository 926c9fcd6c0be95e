/*
 * Declared objects: what the configuration says is to be there is made where it is not, ready and
 * zeroed, whatever its owner's limits are. What is there stays as it is, and how it differs is
 * said.
 */
#ifndef OBJECTS_DECLARED_H
#define OBJECTS_DECLARED_H

#include <event2/event_struct.h>
#include <stdbool.h>

struct declaration;
struct registry;

struct declared_objects {
	struct registry *registry;
	const struct declaration *next; /* of the registry's policy; NULL: all have been seen to */
	struct event go_on;
	unsigned n_made, n_failed, n_differing;
};

void declared_init(struct declared_objects *declared, struct registry *registry);
void declared_fini(struct declared_objects *declared);

/*
 * See to all that the registry's policy, which may be new, declares. Before anybody is served they
 * are there when this returns, or it has been said why not, unless the service manager is busy for
 * longer than a few seconds; the rest, and all of them while others are served, comes a bounded
 * time in each turn of the loop.
 */
void declared_begin_before_service(struct declared_objects *declared);
void declared_begin(struct declared_objects *declared);

#endif
