/*
 * The lines of a screen of some width and height, or of plain output. Pure.
 */
#ifndef SHMCTL_TOP_PAGE_H
#define SHMCTL_TOP_PAGE_H

#include "lines.h"

/* What there is to be said of the gathering beside the look. */
struct top_remarks {
	bool is_away;     /* the broker */
	bool is_silent;   /* it did not answer in time */
	bool has_no_news; /* it tells none: what changes is looked for */
	double news_rate; /* all news, a second */
	size_t not_seen;  /* objects whose memory could be looked into, but for their number
			      or their permission */
};

/*
 * Make PAGE, which is zeroed or was made before. VIEW's first row is brought back to what there is,
 * and its page_rows set. With 0 for HEIGHT, as many lines as there are. Returns 0 or -ENOMEM.
 */
int top_page_make(struct top_page *page, struct top_view *view, const struct top_look *look,
		  const struct top_remarks *remarks, int width, int height);

#endif
