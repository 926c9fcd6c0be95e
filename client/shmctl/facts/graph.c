/*
 * Both lists are sorted, so that what belongs together stands together: holders by program, and
 * then, as uses of objects, by what is done to which one.
 */
#include "graph.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What one process has of one object. */
struct use {
	size_t program;
	size_t object;
	unsigned access;
	enum shmb_holding holding;
	uint32_t pid;
};

/* -1, 0 or 1. */
static int order(uint64_t one, uint64_t other)
{
	return (one > other) - (one < other);
}

static int compare_objects(const void *one, const void *other)
{
	return order(((const struct shmb_object *)one)->id,
		     ((const struct shmb_object *)other)->id);
}

static int compare_programs(const struct shmb_holder *one, const struct shmb_holder *other)
{
	int by_program = strcmp(one->program, other->program);

	return by_program ? by_program : order(one->uid, other->uid);
}

static int compare_holders(const void *one, const void *other)
{
	int by_program = compare_programs(one, other);

	return by_program ? by_program
			  : order(((const struct shmb_holder *)one)->pid,
				  ((const struct shmb_holder *)other)->pid);
}

/* But for the process. */
static int compare_deeds(const struct use *one, const struct use *other)
{
	int by_program = order(one->program, other->program);
	int by_object = order(one->object, other->object);
	int by_access = order(one->access, other->access);

	if (by_program)
		return by_program;
	if (by_object)
		return by_object;
	return by_access ? by_access : order(one->holding, other->holding);
}

static int compare_uses(const void *one, const void *other)
{
	int by_deed = compare_deeds(one, other);

	return by_deed ? by_deed
		       : order(((const struct use *)one)->pid, ((const struct use *)other)->pid);
}

/* NULL for an object that is none of the graph. */
static const struct shmb_object *find_object(const struct graph *graph, uint64_t id)
{
	const struct shmb_object sought = {.id = id};

	return bsearch(&sought, graph->objects, graph->objects_n, sizeof(sought), compare_objects);
}

/* Of holders in their order, the next one. */
static void add_process(struct graph *graph, const struct shmb_holder *before,
			const struct shmb_holder *holder)
{
	struct graph_program *last;
	uint32_t *place;

	if (!before || compare_programs(before, holder) != 0) {
		last = graph->programs_n ? &graph->programs[graph->programs_n - 1] : NULL;
		graph->programs[graph->programs_n++] = (struct graph_program){
			.program = holder->program,
			.uid = holder->uid,
			.pids = last ? last->pids + last->pids_n : graph->pids,
		};
	} else if (before->pid == holder->pid) {
		return;
	}
	last = &graph->programs[graph->programs_n - 1];
	place = graph->pids + (last->pids - graph->pids) + last->pids_n++;
	*place = holder->pid;
}

static size_t add_programs(struct graph *graph, const struct shmb_holder *holders, size_t n,
			   struct use *uses)
{
	const struct shmb_holder *before = NULL;
	size_t uses_n = 0;

	for (size_t i = 0; i < n; i++) {
		const struct shmb_object *object = find_object(graph, holders[i].object);

		if (!object)
			continue;
		add_process(graph, before, &holders[i]);
		before = &holders[i];
		uses[uses_n++] = (struct use){
			.program = graph->programs_n - 1,
			.object = (size_t)(object - graph->objects),
			.access = before->access,
			.holding = before->holding,
			.pid = before->pid,
		};
	}
	return uses_n;
}

static void add_edges(struct graph *graph, const struct use *uses, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool is_new = i == 0 || compare_deeds(&uses[i - 1], &uses[i]) != 0;

		if (is_new)
			graph->edges[graph->edges_n++] = (struct graph_edge){
				.program = uses[i].program,
				.object = uses[i].object,
				.access = uses[i].access,
				.holding = uses[i].holding,
			};
		if (is_new || uses[i - 1].pid != uses[i].pid)
			graph->edges[graph->edges_n - 1].processes++;
	}
}

int graph_make(struct shmb_object *objects, size_t objects_n, struct shmb_holder *holders,
	       size_t holders_n, struct graph *ret_graph)
{
	/* No more of each than there are holders. */
	struct use *uses = calloc(holders_n + 1, sizeof(*uses));
	size_t uses_n;

	*ret_graph = (struct graph){
		.objects = objects,
		.objects_n = objects_n,
		.programs = calloc(holders_n + 1, sizeof(*ret_graph->programs)),
		.edges = calloc(holders_n + 1, sizeof(*ret_graph->edges)),
		.pids = calloc(holders_n + 1, sizeof(*ret_graph->pids)),
	};
	if (!uses || !ret_graph->programs || !ret_graph->edges || !ret_graph->pids) {
		free(uses);
		return -ENOMEM;
	}
	if (objects_n > 0)
		qsort(objects, objects_n, sizeof(*objects), compare_objects);
	if (holders_n > 0 && objects_n > 0) {
		qsort(holders, holders_n, sizeof(*holders), compare_holders);
		uses_n = add_programs(ret_graph, holders, holders_n, uses);
		qsort(uses, uses_n, sizeof(*uses), compare_uses);
		add_edges(ret_graph, uses, uses_n);
	}
	free(uses);
	return 0;
}

void graph_free(struct graph *graph)
{
	free(graph->programs);
	free(graph->edges);
	free(graph->pids);
}
