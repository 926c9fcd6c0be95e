/*
 * A page as lines, from above: adding to it, and the lines of the help.
 */
#ifndef SHMCTL_TOP_LINES_H
#define SHMCTL_TOP_LINES_H

#include "base/attr.h"
#include "view.h"

#define TOP_WIDTH_MAX 512 /* what a wider terminal has beyond stays empty */

enum top_style {
	TOP_PLAIN,
	TOP_TITLES, /* of the columns */
	TOP_NOTE,   /* what is to be known now */
};

struct top_line {
	enum top_style style;
	char text[TOP_WIDTH_MAX + 1]; /* printable ASCII */
};

struct top_page {
	struct top_line *lines;
	size_t n;
	size_t room;
};

/* An empty line at the end of the page; NULL when there is no memory. */
struct top_line *top_page_add(struct top_page *page, enum top_style style);

/* A line with a text, cut at WIDTH, which is TOP_WIDTH_MAX at most. Returns 0 or -ENOMEM. */
int top_page_say(struct top_page *page, enum top_style style, int width, const char *format, ...)
	attr_printf(4, 5);

/* The keys, and the columns of the table that VIEW shows. The same. */
int top_page_help(struct top_page *page, const struct top_view *view, int width);

void top_page_free(struct top_page *page);

#endif
