/*
 * Who shares what, as a picture and for programs: a part of output.h, by the same rules.
 */
#ifndef SHMCTL_OUTPUT_GRAPH_H
#define SHMCTL_OUTPUT_GRAPH_H

#include <stdio.h>

struct graph;

/* In the language of Graphviz. */
int output_graph_dot(FILE *out, const struct graph *graph);
int output_graph_json(FILE *out, const struct graph *graph);

#endif
