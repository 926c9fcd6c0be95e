/*
 * Texts that others wrote, between the quotes of a language that has its own meaning for some
 * characters. What is no UTF-8, and control characters, are made visible.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stdio.h>

/* For a label of Graphviz: shown as it is, but a byte that cannot be shown as \x1b, and \ as \\, so
 * that no two names look the same. */
void escape_dot(FILE *out, const char *text);

/* For the value of a label of OpenMetrics: as it is, and what cannot be shown as "?", but for the
 * line feed. */
void escape_label(FILE *out, const char *text);

#endif
