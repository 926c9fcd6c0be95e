/*
 * The graph for Graphviz. Nodes have numbers for names, so that what others wrote stands in labels
 * alone. An arrow goes where the data go: from who writes to the object, and from the object to who
 * reads.
 */
#include <inttypes.h>

#include "base/escape.h"
#include "facts/graph.h"
#include "graph.h"
#include "wire/vocabulary.h"
#include "words/format.h"
#include "words/readable.h"
#include "words/subject.h"

#define PIDS_MAX 8 /* that a box has room for */

static const char *const shapes[] = {
	[FORMAT_SEGMENT] = "box3d", [FORMAT_FIFO] = "larrow",    [FORMAT_STATE] = "note",
	[FORMAT_STREAM] = "cds",    [FORMAT_CACHE] = "cylinder", [FORMAT_VARS] = "component",
};

static void print_program(FILE *out, size_t number, const struct graph_program *program)
{
	char user[SUBJECT_TEXT_MAX];

	fprintf(out, "\tp%zu [shape=box, style=rounded, label=\"", number + 1);
	escape_dot(out, program->program);
	fputs("\\nuser ", out);
	escape_dot(out, subject_user_text(program->uid, user));
	if (program->pids_n > 1)
		fprintf(out, "\\n%zu processes: ", program->pids_n);
	else
		fputs("\\nprocess ", out);
	for (size_t i = 0; i < program->pids_n && i < PIDS_MAX; i++)
		fprintf(out, "%s%" PRIu32, i ? ", " : "", program->pids[i]);
	if (program->pids_n > PIDS_MAX)
		fprintf(out, " and %zu more", program->pids_n - PIDS_MAX);
	fputs("\"];\n", out);
}

static void print_object(FILE *out, size_t number, const struct shmb_object *object)
{
	enum format format = format_of(object);
	char size[UNITS_TEXT_MAX];

	fprintf(out, "\to%zu [shape=%s, ", number + 1, shapes[format]);
	if (object->state != SHMB_STATE_READY)
		fputs("style=dashed, ", out);
	fputs("label=\"", out);
	escape_dot(out, object->name);
	if (format == FORMAT_FIFO)
		fputs("\\nFIFO", out);
	else
		fprintf(out, "\\n%s, %s, %s", format_words[format],
			wire_backing_text(object->backing), readable_size(object->size, size));
	/* A format's tag says no more than its word. */
	if (object->layout[0] && format == FORMAT_SEGMENT) {
		fputs("\\nlayout ", out);
		escape_dot(out, object->layout);
	}
	if (object->state != SHMB_STATE_READY)
		fprintf(out, "\\n%s", wire_state_text(object->state));
	fputs("\"];\n", out);
}

static void print_edge(FILE *out, const struct graph_edge *edge)
{
	static const char *const deeds[] = {
		[SHMB_ACCESS_READ] = "reads",
		[SHMB_ACCESS_WRITE] = "writes",
		[SHMB_ACCESS_BOTH] = "reads and writes",
	};
	unsigned access = edge->access & SHMB_ACCESS_BOTH;

	if (access == SHMB_ACCESS_READ)
		fprintf(out, "\to%zu -> p%zu", edge->object + 1, edge->program + 1);
	else
		fprintf(out, "\tp%zu -> o%zu", edge->program + 1, edge->object + 1);
	fprintf(out, " [%slabel=\"%s", access == SHMB_ACCESS_BOTH ? "dir=both, " : "",
		deeds[access] ? deeds[access] : "nothing");
	if (edge->processes > 1)
		fprintf(out, "\\n%zu processes", edge->processes);
	if (edge->holding != SHMB_HOLDING_ATTACHED)
		fprintf(out, "\\n%s\", style=dashed", wire_holding_text(edge->holding));
	else
		fputc('"', out);
	fputs("];\n", out);
}

int output_graph_dot(FILE *out, const struct graph *graph)
{
	fputs("digraph shmbroker {\n\trankdir=LR;\n\tcharset=\"UTF-8\";\n", out);
	for (size_t i = 0; i < graph->programs_n; i++)
		print_program(out, i, &graph->programs[i]);
	for (size_t i = 0; i < graph->objects_n; i++)
		print_object(out, i, &graph->objects[i]);
	for (size_t i = 0; i < graph->edges_n; i++)
		print_edge(out, &graph->edges[i]);
	fputs("}\n", out);
	return 0;
}
