/*
 * The graph for programs: what the picture has, and all process ids.
 */
#include "facts/graph.h"
#include "graph.h"
#include "shape.h"
#include "wire/vocabulary.h"
#include "words/format.h"

/* What a node is called in the edges, as in the picture. */
static void put_node(struct shape *shape, const char *member, char letter, size_t number)
{
	shape_put(shape, member, json_sprintf("%c%zu", letter, number + 1));
}

static json_t *describe_program(size_t number, const struct graph_program *program)
{
	struct shape shape = shape_object(), pids = shape_array();

	for (size_t i = 0; i < program->pids_n; i++)
		shape_append(&pids, json_integer(program->pids[i]));
	put_node(&shape, "node", 'p', number);
	shape_put_text(&shape, "type", "program");
	/* The broker has cleaned it; who speaks as one may not have. */
	shape_put_path(&shape, "program", program->program);
	shape_put_number(&shape, "uid", program->uid);
	shape_put(&shape, "pids", pids.json);
	return shape.json;
}

static json_t *describe_object(size_t number, const struct shmb_object *object)
{
	struct shape shape = shape_object();

	put_node(&shape, "node", 'o', number);
	shape_put_text(&shape, "type", "object");
	shape_put_text(&shape, "name", object->name);
	shape_put_id(&shape, "id", object->id);
	shape_put_text(&shape, "kind", wire_kind_text(object->kind));
	shape_put_text(&shape, "backing", wire_backing_text(object->backing));
	shape_put_number(&shape, "size", object->size);
	shape_put_text(&shape, "format", format_words[format_of(object)]);
	shape_put_text(&shape, "layout", object->layout);
	shape_put_text(&shape, "state", wire_state_text(object->state));
	return shape.json;
}

static json_t *describe_edge(const struct graph_edge *edge)
{
	struct shape shape = shape_object();

	put_node(&shape, "program", 'p', edge->program);
	put_node(&shape, "object", 'o', edge->object);
	shape_put_text(&shape, "access", wire_access_text(edge->access));
	shape_put_text(&shape, "holding", wire_holding_text(edge->holding));
	shape_put_number(&shape, "processes", edge->processes);
	return shape.json;
}

int output_graph_json(FILE *out, const struct graph *graph)
{
	struct shape shape = shape_object(), nodes = shape_array(), edges = shape_array();

	for (size_t i = 0; i < graph->programs_n; i++)
		shape_append(&nodes, describe_program(i, &graph->programs[i]));
	for (size_t i = 0; i < graph->objects_n; i++)
		shape_append(&nodes, describe_object(i, &graph->objects[i]));
	for (size_t i = 0; i < graph->edges_n; i++)
		shape_append(&edges, describe_edge(&graph->edges[i]));
	shape_put(&shape, "nodes", nodes.json);
	shape_put(&shape, "edges", edges.json);
	return shape_print(out, shape);
}
