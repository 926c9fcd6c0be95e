/*
 * What outlives the broker: a file for each object, and its descriptor in the service manager's
 * store. It is the registry's keeper.
 */
#ifndef RESTART_SURVIVAL_H
#define RESTART_SURVIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "objects/keeper.h"
#include "restart/files.h"
#include "restart/roster_file.h"
#include "restart/store.h"

struct event_base;
struct identity;
struct notify;
struct registry;

struct survival {
	struct keeper keeper;
	struct files files;
	struct store store;
	struct roster_file roster;
	uint64_t ipc_namespace; /* see struct record */
};

struct survival_plan {
	const char *directory;       /* the runtime directory */
	const struct notify *notify; /* borrowed */
	uint32_t store_max;          /* as many descriptors as the manager keeps */
	struct stored *stored;       /* what it had; those that are taken are -1 then */
	size_t n_stored;
	bool names_strays; /* this user makes System V segments for no other purpose: say which no
			      object has */
};

/*
 * Take over into REGISTRY, which is empty, what an earlier broker had and what is still there; say
 * what is lost, and clear away what is nobody's. From then on keep what the registry has, whose ids
 * go on where they were. Returns 0 or -errno, which has been said.
 */
int survival_begin(struct survival *survival, struct registry *registry,
		   const struct survival_plan *plan, struct identity *ret_identity);

/* The registry has ended. */
void survival_end(struct survival *survival);

#endif
