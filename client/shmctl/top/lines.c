#include "lines.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"

#define FEW_LINES 64

struct top_line *top_page_add(struct top_page *page, enum top_style style)
{
	struct top_line *line;

	if (page->n == page->room) {
		size_t room = page->room ? page->room * 2 : FEW_LINES;
		struct top_line *longer = reallocarray(page->lines, room, sizeof(*longer));

		if (!longer)
			return NULL;
		page->lines = longer;
		page->room = room;
	}
	line = &page->lines[page->n++];
	line->style = style;
	line->text[0] = '\0';
	return line;
}

int top_page_say(struct top_page *page, enum top_style style, int width, const char *format, ...)
{
	struct top_line *line = top_page_add(page, style);
	va_list arguments;

	if (!line)
		return -ENOMEM;
	va_start(arguments, format);
	vsnprintf(line->text, (size_t)width + 1, format, arguments);
	va_end(arguments);
	return 0;
}

int top_page_help(struct top_page *page, const struct top_view *view, int width)
{
	static const char *const keys[] = {
		"q  end              ?  this help",
		"p  programs, or objects",
		"space f  freeze, and go on",
		"/  filter by name: enter takes it, escape does not",
		"1 to 9, 0  sort by that column (*); < >  by the one beside",
		"r  the other way round",
		"arrows, page up, page down, home, end",
		"",
		"Columns, - where it is not known:",
	};
	const struct top_table *table = top_view_table(view);
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys) && r == 0; i++)
		r = top_page_say(page, TOP_PLAIN, width, "%s", keys[i]);
	for (size_t i = 0; i < table->n && r == 0; i++)
		r = top_page_say(page, TOP_PLAIN, width, "%-8s%s", table->columns[i].title,
				 table->columns[i].meaning);
	if (r == 0)
		r = top_page_say(page, TOP_PLAIN, width, "%s",
				 "Locks that programs have in plain memory nobody else knows.");
	return r;
}

void top_page_free(struct top_page *page)
{
	free(page->lines);
	*page = (struct top_page){0};
}
