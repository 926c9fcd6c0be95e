/*
 * Adding lines to a page, and those of the help.
 */
#ifndef SHMCTL_TOP_LINES_H
#define SHMCTL_TOP_LINES_H

#include "base/attr.h"
#include "top_page.h"

/* An empty line at the end of the page; NULL when there is no memory. */
struct top_line *top_page_add(struct top_page *page, enum top_style style);

/* A line with a text, cut at WIDTH, which is TOP_WIDTH_MAX at most. Returns 0 or -ENOMEM. */
int top_page_say(struct top_page *page, enum top_style style, int width, const char *format, ...)
	attr_printf(4, 5);

/* The keys, and the columns of the table that VIEW shows. The same. */
int top_page_help(struct top_page *page, const struct top_view *view, int width);

#endif
