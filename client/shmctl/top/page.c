/*
 * From above: the totals, a note, the titles, the rows, and keys where there is room for them. What
 * does not fit is left out from the right and from below, and the note says so.
 */
#include "page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "words/readable.h"

#define GAP          1
#define FEW_COLUMNS  2 /* beyond which a name has so much more than its least: */
#define NAME_MORE    8
#define ROOMY_HEIGHT 10 /* from which on a line is left for the keys */
#define NARROW_WIDTH 40 /* below which words are short */
#define LINES_ABOVE  3
#define MORE_MARK    '~' /* the end of what was cut */

/* How the columns are laid out in a width. */
struct plan {
	size_t n;       /* columns that fit */
	int name_width; /* of the first of them */
};

/* Whether another column fits into what is left, without cutting most of the names. */
static bool fits(const struct plan *plan, const struct top_column *column, int left)
{
	int name = plan->n < FEW_COLUMNS ? 0 : NAME_MORE;

	return GAP + column->width + name <= left;
}

static struct plan make_plan(const struct top_table *table, int width)
{
	struct plan plan = {.n = 1};
	int used = table->columns[0].width;

	while (plan.n < table->n && fits(&plan, &table->columns[plan.n], width - used))
		used += GAP + table->columns[plan.n++].width;
	plan.name_width = table->columns[0].width + width - used;
	if (plan.name_width < 1)
		plan.name_width = 1;
	return plan;
}

/* TEXT, cut where it is longer than WIDTH, at *AT of the line. */
static void put_cell(struct top_line *line, size_t *at, int width, bool is_text, char *text)
{
	size_t length = strlen(text);

	if (length > (size_t)width) {
		text[width - 1] = MORE_MARK;
		text[width] = '\0';
	}
	*at += (size_t)snprintf(line->text + *at, sizeof(line->text) - *at,
				is_text ? "%-*s" : "%*s", width, text);
}

/* The titles for no ROW. */
static int add_row(struct top_page *page, const struct top_view *view, const struct plan *plan,
		   const void *row)
{
	const struct top_table *table = top_view_table(view);
	const struct top_order *order = &view->orders[view->shows_programs];
	struct top_line *line = top_page_add(page, row ? TOP_PLAIN : TOP_TITLES);
	char text[TOP_CELL_MAX];
	size_t at = 0;

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n; i++) {
		const struct top_column *column = &table->columns[i];

		if (row)
			column->text(row, text);
		else
			snprintf(text, sizeof(text), "%s%s",
				 i == 0 && order->column == 0 ? "*" : "", column->title);
		if (i > 0)
			line->text[at++] = !row && i == order->column ? '*' : ' ';
		put_cell(line, &at, i == 0 ? plan->name_width : column->width, column->is_text,
			 text);
	}
	while (at > 0 && line->text[at - 1] == ' ')
		at--;
	line->text[at] = '\0';
	return 0;
}

static int add_totals(struct top_page *page, const struct top_look *look,
		      const struct top_remarks *remarks, int width)
{
	const struct shmb_totals *totals = &look->totals;
	char news[TOP_CELL_MAX], size[UNITS_TEXT_MAX];

	top_number(remarks->news_rate, news);
	return top_page_say(page, TOP_PLAIN, width,
			    "%" PRIu32 " objects of %s, %" PRIu32 " programs, %" PRIu32
			    " holds, %" PRIu32 " wait, %s news/s",
			    totals->segments_sysv + totals->segments_memfd + totals->fifos,
			    readable_size(totals->bytes, size), totals->members, totals->holds,
			    totals->parked, news);
}

/* What is not on the page, behind how many rows there are; in a NARROW one, only that. */
static void describe_rest(const struct top_view *view, const struct plan *plan, size_t rest,
			  const struct top_remarks *remarks, bool is_narrow, char *text,
			  size_t size)
{
	const size_t columns = top_view_table(view)->n - plan->n;
	int at = 0;

	text[0] = '\0';
	if (is_narrow) {
		snprintf(text, size, "+%zu rows +%zu cols", rest, columns);
		return;
	}
	if (rest > 0)
		at += snprintf(text, size, ", %zu more", rest);
	if (columns > 0)
		at += snprintf(text + at, size - (size_t)at, ", %zu columns more", columns);
	if (view->filter[0])
		at += snprintf(text + at, size - (size_t)at, ", with \"%s\" only", view->filter);
	if (remarks->not_seen > 0 && !view->shows_programs)
		at += snprintf(text + at, size - (size_t)at, ", OPS/S not known of %zu",
			       remarks->not_seen);
	if (remarks->has_no_news)
		snprintf(text + at, size - (size_t)at, ", the broker tells no news");
}

static int add_note(struct top_page *page, const struct top_view *view, const char *rest, size_t n,
		    const struct top_remarks *remarks, int width)
{
	const char *what = view->shows_programs ? "programs" : "objects";

	if (view->is_editing)
		return top_page_say(page, TOP_NOTE, width, "/%s_", view->filter);
	if (remarks->is_away)
		return top_page_say(page, TOP_NOTE, width, "broker away: as it was before%s", rest);
	if (remarks->is_silent)
		return top_page_say(page, TOP_NOTE, width, "broker silent: as it was before%s",
				    rest);
	if (view->is_frozen)
		return top_page_say(page, TOP_NOTE, width, "FROZEN%s%s",
				    width < NARROW_WIDTH ? " " : "", rest);
	if (width < NARROW_WIDTH)
		return top_page_say(page, TOP_NOTE, width, "%s", rest);
	return top_page_say(page, TOP_NOTE, width, "%zu %s%s", n, what, rest);
}

/* How many rows fit below what is above them. */
static size_t count_fitting(int height, size_t n)
{
	int lines = height - LINES_ABOVE - (height >= ROOMY_HEIGHT);

	if (height == 0)
		return n;
	if (lines <= 0)
		return 0;
	return (size_t)lines < n ? (size_t)lines : n;
}

static int add_table(struct top_page *page, struct top_view *view, const struct top_look *look,
		     const struct top_remarks *remarks, const void *const *rows, size_t n,
		     int width, int height)
{
	struct plan plan = make_plan(top_view_table(view), width);
	struct top_order *order = top_view_order(view);
	size_t fitting = count_fitting(height, n);
	char rest[TOP_CELL_MAX];
	int r;

	if (order->first > n - fitting)
		order->first = n - fitting;
	view->page_rows = (int)fitting;
	describe_rest(view, &plan, n - fitting, remarks, width < NARROW_WIDTH, rest, sizeof(rest));
	r = add_totals(page, look, remarks, width);
	if (r == 0)
		r = add_note(page, view, rest, n, remarks, width);
	if (r == 0)
		r = add_row(page, view, &plan, NULL);
	for (size_t i = 0; i < fitting && r == 0; i++)
		r = add_row(page, view, &plan, rows[order->first + i]);
	return r;
}

/* The keys, on the last line. */
static int add_hint(struct top_page *page, int width, int height)
{
	int r = 0;

	while (r == 0 && page->n + 1 < (size_t)height)
		r = top_page_say(page, TOP_PLAIN, width, "%s", "");
	return r == 0 ? top_page_say(
				page, TOP_PLAIN, width, "%s",
				"q end  ? help  / filter  space freeze  p programs  1-9 sort  r "
				"reverse")
		      : r;
}

int top_page_make(struct top_page *page, struct top_view *view, const struct top_look *look,
		  const struct top_remarks *remarks, int width, int height)
{
	const void **rows = NULL;
	size_t n = 0;
	int r;

	if (width > TOP_WIDTH_MAX)
		width = TOP_WIDTH_MAX;
	if (width < 1)
		width = 1;
	page->n = 0;
	if (view->shows_help) {
		r = top_page_help(page, view, width);
	} else {
		r = top_view_rows(view, look, &rows, &n);
		if (r == 0)
			r = add_table(page, view, look, remarks, rows, n, width, height);
		free(rows);
	}
	if (r == 0 && height >= ROOMY_HEIGHT && !view->shows_help)
		r = add_hint(page, width, height);
	if (height > 0 && page->n > (size_t)height)
		page->n = (size_t)height;
	return r;
}
