/*
 * Who shares what: programs, objects, and what of the ones is done to the others.
 *
 * All processes of a user that call themselves the same are one program: a server with 64 workers
 * is one box with one arrow to each object, and not 64 of them with the same words. Users are told
 * apart, since what may be done is decided by them.
 */
#ifndef SHMCTL_FACTS_GRAPH_H
#define SHMCTL_FACTS_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include <shmbroker/object.h>

#include "base/attr.h"

struct graph_program {
	const char *program;
	uint32_t uid;
	const uint32_t *pids; /* each once, in order */
	size_t pids_n;
};

struct graph_edge {
	size_t program; /* where they stand in the graph */
	size_t object;
	unsigned access;
	enum shmb_holding holding;
	size_t processes; /* of the program that do so */
};

struct graph {
	struct graph_program *programs;
	size_t programs_n;
	const struct shmb_object *objects;
	size_t objects_n;
	struct graph_edge *edges;
	size_t edges_n;
	uint32_t *pids; /* of all programs */
};

/*
 * Of the objects, which are put into the order of their ids, and of those of the holders that hold
 * one of them, who are put into another order too. Both are borrowed. Programs that hold none of
 * the objects are left out. Returns 0, or -ENOMEM; in any case it is to be freed.
 */
int graph_make(struct shmb_object *objects, size_t objects_n, struct shmb_holder *holders,
	       size_t holders_n, struct graph *ret_graph);
void graph_free(struct graph *graph);

#define autograph attr_cleanup(graph_free) struct graph

#endif
