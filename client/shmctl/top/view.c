/*
 * Rows are sorted by pointers, and equal ones by their names, so that they do not jump about while
 * nothing happens.
 */
#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void top_view_init(struct top_view *view, size_t column, const char *filter)
{
	*view = (struct top_view){.orders = {{.column = column},
					     {.column = top_program_table.sort}},
				  .page_rows = 1};
	text_copy(view->filter, sizeof(view->filter), filter ? filter : "");
	text_clean(view->filter);
}

const struct top_table *top_view_table(const struct top_view *view)
{
	return view->shows_programs ? &top_program_table : &top_object_table;
}

struct top_order *top_view_order(struct top_view *view)
{
	return &view->orders[view->shows_programs];
}

static void edit(struct top_view *view, int key)
{
	size_t length = strlen(view->filter);

	if (key == TOP_KEY_ENTER) {
		view->is_editing = false;
	} else if (key == TOP_KEY_ESCAPE) {
		text_copy(view->filter, sizeof(view->filter), view->filter_before);
		view->is_editing = false;
	} else if (key == TOP_KEY_BACKSPACE && length > 0) {
		view->filter[length - 1] = '\0';
	} else if (key >= ' ' && key <= '~' && length + 1 < sizeof(view->filter)) {
		view->filter[length] = (char)key;
		view->filter[length + 1] = '\0';
	}
	view->orders[0].first = view->orders[1].first = 0;
}

/* One way or the other; another column is shown from its beginning. */
static void sort_by(struct top_view *view, size_t column)
{
	struct top_order *order = top_view_order(view);

	if (column < top_view_table(view)->n)
		*order = (struct top_order){.column = column};
}

/* What is beyond the last row is brought back where the rows are counted. */
static void scroll(struct top_view *view, int key)
{
	struct top_order *order = top_view_order(view);
	size_t page = view->page_rows > 0 ? (size_t)view->page_rows : 1;
	size_t by = key == TOP_KEY_UP || key == TOP_KEY_DOWN ? 1 : page;

	if (key == TOP_KEY_HOME)
		order->first = 0;
	else if (key == TOP_KEY_END)
		order->first = SIZE_MAX;
	else if (key == TOP_KEY_UP || key == TOP_KEY_PAGE_UP)
		order->first -= order->first < by ? order->first : by;
	else if (order->first < SIZE_MAX - by)
		order->first += by;
}

static void command(struct top_view *view, int key)
{
	size_t column = top_view_order(view)->column;

	switch (key) {
	case 'q':
		view->ends = true;
		return;
	case '?':
	case 'h':
		view->shows_help = true;
		return;
	case ' ':
	case 'f':
		view->is_frozen = !view->is_frozen;
		return;
	case '/':
		view->is_editing = true;
		text_copy(view->filter_before, sizeof(view->filter_before), view->filter);
		return;
	case 'p':
		view->shows_programs = !view->shows_programs;
		return;
	case 'r':
		top_view_order(view)->is_reversed = !top_view_order(view)->is_reversed;
		return;
	case '<':
	case TOP_KEY_LEFT:
		sort_by(view, column - 1);
		return;
	case '>':
	case TOP_KEY_RIGHT:
		sort_by(view, column + 1);
		return;
	default:
		break;
	}
	if (key >= '0' && key <= '9')
		sort_by(view, key == '0' ? 9 : (size_t)(key - '1'));
	else if (key > TOP_KEY_OTHER)
		scroll(view, key);
}

void top_view_key(struct top_view *view, int key)
{
	if (key == TOP_KEY_NONE || key == TOP_KEY_OTHER)
		return;
	if (view->shows_help) {
		view->shows_help = false;
		view->ends = key == 'q';
	} else if (view->is_editing) {
		edit(view, key);
	} else {
		command(view, key);
	}
}

/* For qsort_r(3). */
static int compare_rows(const void *left, const void *right, void *of_view)
{
	const void *a = *(const void *const *)left, *b = *(const void *const *)right;
	const struct top_view *view = of_view;
	const struct top_table *table = top_view_table(view);
	const struct top_order *order = &view->orders[view->shows_programs];
	const struct top_column *column = &table->columns[order->column];
	char text[TOP_CELL_MAX], other[TOP_CELL_MAX];
	int way = 0;

	if (column->number) {
		double x = column->number(a), y = column->number(b);

		way = (x < y) - (x > y);
	} else if (order->column > 0) {
		column->text(a, text);
		column->text(b, other);
		way = strcmp(text, other);
	} else {
		way = strcmp(table->name(a), table->name(b));
	}
	if (way != 0)
		return order->is_reversed ? -way : way;
	way = strcmp(table->name(a), table->name(b));
	return way ? way : (a > b) - (a < b);
}

int top_view_rows(const struct top_view *view, const struct top_look *look, const void ***ret_rows,
		  size_t *ret_n)
{
	const struct top_table *table = top_view_table(view);
	size_t all = view->shows_programs ? look->programs_n : look->objects_n;
	const void **rows = reallocarray(NULL, all + 1, sizeof(*rows));
	size_t n = 0;

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < all; i++) {
		rows[n] = view->shows_programs ? (const void *)&look->programs[i]
					       : (const void *)&look->objects[i];
		if (strstr(table->name(rows[n]), view->filter))
			n++;
	}
	qsort_r(rows, n, sizeof(*rows), compare_rows, (void *)view);
	*ret_rows = rows;
	*ret_n = n;
	return 0;
}
