/*
 * How top is looked at: which table, in which order, what is left out. Keys change it. Pure.
 */
#ifndef SHMCTL_TOP_VIEW_H
#define SHMCTL_TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "columns.h"

/* What a terminal's keys are here; others are their characters. */
enum top_key {
	TOP_KEY_NONE = 0,
	TOP_KEY_BACKSPACE = 8,
	TOP_KEY_ENTER = 10,
	TOP_KEY_ESCAPE = 27,
	TOP_KEY_OTHER = 256, /* one that means nothing here; the window has another size, perhaps */
	TOP_KEY_UP,
	TOP_KEY_DOWN,
	TOP_KEY_LEFT,
	TOP_KEY_RIGHT,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
};

#define TOP_FILTER_SIZE 64

/* Between two looks. */
#define TOP_INTERVAL_MS     1000
#define TOP_INTERVAL_MIN_MS 100
#define TOP_INTERVAL_MAX_MS 60000

/* How a table is sorted, and from which row on it is shown. */
struct top_order {
	size_t column;
	bool is_reversed;
	size_t first;
};

struct top_view {
	bool shows_programs;
	struct top_order orders[2]; /* of objects and of programs */
	char filter[TOP_FILTER_SIZE];
	char filter_before[TOP_FILTER_SIZE]; /* while it is changed */
	bool is_editing;                     /* the filter */
	bool is_frozen;
	bool shows_help;
	bool ends;
	int page_rows; /* that were shown last */
};

/* As it is at first, sorted by COLUMN of the objects; FILTER may be NULL. */
void top_view_init(struct top_view *view, size_t column, const char *filter);

/* KEY was pressed: enum top_key, or a character. */
void top_view_key(struct top_view *view, int key);

const struct top_table *top_view_table(const struct top_view *view);
struct top_order *top_view_order(struct top_view *view);

/*
 * The rows of LOOK that the filter lets through, in the order that was asked for: objects or
 * programs. *ret_rows is the caller's, to be freed. Returns 0 or -ENOMEM.
 */
int top_view_rows(const struct top_view *view, const struct top_look *look, const void ***ret_rows,
		  size_t *ret_n);

#endif
