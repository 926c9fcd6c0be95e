/*
 * The line is written over by itself, and by spaces at the end: no terminal is too simple for that.
 * Its end stays free for the "^C" of who wants no more of it, and the last column, from which some
 * go on to the next line by themselves.
 */
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "interruption.h"
#include "words/readable.h"
#include "words/terminal.h"

#define GAP         2
#define ECHOED      2 /* columns that a key takes which is no letter */
#define BAR_MIN     12
#define BAR_MAX     42
#define PART_MAX    256
#define PERIOD_NS   100000000u
#define MS_PER_S    1000u
#define NS_PER_S    1e9
#define WIDTH_USUAL 80 /* of a terminal that does not say */

enum part { PART_NAME, PART_BAR, PART_PERCENT, PART_BYTES, PART_RATE, PART_LEFT, PARTS_N };

/* BAR columns wide, with DONE of TOTAL filled. */
static void put_bar(char *text, size_t bar, uint64_t done, uint64_t total)
{
	size_t inner = bar - 2;
	size_t filled = (size_t)((double)inner * (double)done / (double)total);

	text[0] = '[';
	memset(text + 1, ' ', inner);
	memset(text + 1, '=', filled);
	if (filled < inner)
		text[1 + filled] = '>';
	text[bar - 1] = ']';
	text[bar] = '\0';
}

/* What each part says, "" where that is not known; the bar's comes when its room is known. */
static void make_parts(const struct progress *progress, uint64_t done, uint64_t passed_ns,
		       char parts[static PARTS_N][PART_MAX])
{
	double rate = passed_ns ? (double)done * NS_PER_S / (double)passed_ns : 0;
	char some[UNITS_TEXT_MAX], all[UNITS_TEXT_MAX];

	for (int i = 0; i < PARTS_N; i++)
		parts[i][0] = '\0';
	snprintf(parts[PART_NAME], PART_MAX, "%s", progress->name);
	if (rate > 0)
		snprintf(parts[PART_RATE], PART_MAX, "%s/s", readable_size((uint64_t)rate, some));
	readable_size(done, some);
	if (progress->total == 0) {
		snprintf(parts[PART_BYTES], PART_MAX, "%s", some);
		return;
	}
	snprintf(parts[PART_PERCENT], PART_MAX, "%3u%%",
		 (unsigned)((double)done * 100 / (double)progress->total));
	snprintf(parts[PART_BYTES], PART_MAX, "%s of %s", some,
		 readable_size(progress->total, all));
	if (rate > 0)
		snprintf(parts[PART_LEFT], PART_MAX, "%s left",
			 readable_age(MS_PER_S * (1 + (uint64_t)((double)(progress->total - done) /
								 rate)),
				      some));
}

char *progress_text(const struct progress *progress, uint64_t done, uint64_t passed_ns,
		    unsigned width, char text[static PROGRESS_WIDTH_MAX + 1])
{
	static const enum part by_weight[] = {PART_PERCENT, PART_BYTES, PART_RATE,
					      PART_LEFT,    PART_BAR,   PART_NAME};
	char parts[PARTS_N][PART_MAX];
	bool fits[PARTS_N] = {false};
	size_t room = width < PROGRESS_WIDTH_MAX ? width : PROGRESS_WIDTH_MAX;
	size_t used = 0, at = 0;

	if (progress->total && done > progress->total)
		done = progress->total;
	make_parts(progress, done, passed_ns, parts);
	for (size_t i = 0; i < PARTS_N; i++) {
		enum part part = by_weight[i];
		size_t length =
			part == PART_BAR ? (progress->total ? BAR_MIN : 0) : strlen(parts[part]);

		fits[part] = length > 0 && used + (used ? GAP : 0) + length <= room;
		used += fits[part] ? (used ? GAP : 0) + length : 0;
	}
	if (fits[PART_BAR])
		put_bar(parts[PART_BAR],
			BAR_MIN + room - used < BAR_MAX ? BAR_MIN + room - used : BAR_MAX, done,
			progress->total);
	text[0] = '\0';
	for (int part = 0; part < PARTS_N; part++)
		if (fits[part])
			at += (size_t)snprintf(text + at, PROGRESS_WIDTH_MAX + 1 - at, "%*s%s",
					       at ? GAP : 0, "", parts[part]);
	return text;
}

/* The columns that there are now. */
static unsigned columns_now(void)
{
	unsigned width = terminal_width(STDERR_FILENO);

	if (width == 0)
		width = WIDTH_USUAL;
	return width < PROGRESS_WIDTH_MAX ? width : PROGRESS_WIDTH_MAX;
}

/* Put TEXT into the line of so many COLUMNS, over what is there. */
static void draw(struct progress *progress, const char *text, unsigned columns)
{
	char line[PROGRESS_WIDTH_MAX + 3];
	unsigned length = (unsigned)strlen(text);
	unsigned to = progress->drawn ? progress->drawn + ECHOED : length;

	if (to < length)
		to = length;
	if (to > columns - 1)
		to = columns - 1;
	snprintf(line, sizeof(line), "\r%-*.*s%s", (int)to, (int)to, text, length ? "" : "\r");
	(void)!write(STDERR_FILENO, line, strlen(line));
	progress->drawn = length;
}

/* The terminal is another one's now. */
static bool is_in_background(void)
{
	pid_t in_front = tcgetpgrp(STDERR_FILENO);

	return in_front >= 0 && in_front != getpgrp();
}

void progress_begin(struct progress *progress, const char *name, uint64_t total, uint64_t most,
		    bool may_show)
{
	*progress = (struct progress){.name = name,
				      .total = total,
				      .is_shown = may_show &&
						  (total ? total : most) >= PROGRESS_SHOWN_FROM &&
						  isatty(STDERR_FILENO),
				      .began_ns = clock_now_ns()};
	interruption_begin();
}

int progress_at(struct progress *progress, uint64_t done)
{
	char text[PROGRESS_WIDTH_MAX + 1];
	unsigned columns;
	uint64_t now;

	if (!progress)
		return 0;
	if (interruption_signal())
		return -EINTR;
	now = clock_now_ns();
	if (!progress->is_shown || now < progress->due_ns || is_in_background())
		return 0;
	progress->due_ns = now + PERIOD_NS;
	columns = columns_now();
	if (columns > ECHOED + 1)
		draw(progress,
		     progress_text(progress, done, now - progress->began_ns, columns - ECHOED - 1,
				   text),
		     columns);
	return 0;
}

int progress_end(struct progress *progress, int r)
{
	if (progress->drawn > 0)
		draw(progress, "", columns_now());
	interruption_end();
	return r == 0 && interruption_signal() ? -EINTR : r;
}
