/*
 * How text for people looks where it goes: on a terminal it has colours and ends at the edge, and
 * anywhere else it is plain and whole. Which of them it is, is decided once, at the beginning of a
 * run; until then it is plain and whole, and so JSON is always.
 */
#ifndef SHMCTL_OUTPUT_STYLE_H
#define SHMCTL_OUTPUT_STYLE_H

#include <stdbool.h>
#include <stdio.h>

enum style {
	STYLE_PLAIN,
	STYLE_TITLE,
	STYLE_GOOD,
	STYLE_WARNING, /* wants to be looked at */
	STYLE_PROBLEM, /* wants to be mended */
};

/* What is printed goes to FD. */
void style_begin(int fd);

/* The same as it would be found out: a WIDTH of 0 has no end. */
void style_set(bool has_colours, unsigned width);

/* The columns that there are, 0 for no end. */
unsigned style_width(void);

/* TEXT, and nothing that shows but it. */
void style_print(FILE *out, enum style style, const char *text);

#endif
