/*
 * Where top's looks come from: the broker's lists, its news, and the memory of objects.
 *
 * Lists are asked for when news has come, since they are long, and the less often the longer they
 * take: together with the broker's part in it they have a small share of one processor.
 */
#ifndef SHMCTL_TOP_SOURCE_H
#define SHMCTL_TOP_SOURCE_H

#include <shmbroker/shmbroker.h>

#include "page.h"
#include "sight.h"

#define TOP_FAULT_SIZE 512

struct top_source {
	struct shmb_connection *broker;
	struct shmb_watch *watch; /* NULL when it was refused */
	const char *prefix;       /* of the objects, NULL for all */
	struct top_look look;     /* the last one */
	struct top_remarks remarks;
	struct top_sights sights;
	uint64_t news_n;      /* that came since the look */
	bool objects_changed; /* since they were listed */
	bool holders_changed;
	uint64_t objects_due_ns; /* not to be listed before */
	uint64_t holders_due_ns;
	char fault[TOP_FAULT_SIZE]; /* why it is over */
};

/*
 * Connect, SOCKET as for shmb_connect(), and take a first look. SOURCE is to be ended in any case.
 * Returns 0 or -errno, with the reason in `fault`, as top_source_read() and _look().
 */
int top_source_begin(struct top_source *source, const char *socket, const char *prefix);

/* Take in what the broker has sent; never waits. Fails when there is no broker for this any more.
 */
int top_source_read(struct top_source *source);

/*
 * Take another look, with the programs when the view shows them, and into the memory of objects as
 * far as its filter goes. A broker that is away is no failure: then the look is as it was.
 */
int top_source_look(struct top_source *source, const struct top_view *view);

/* While nobody wants looks: hold nothing. */
void top_source_rest(struct top_source *source);

void top_source_end(struct top_source *source);

#endif
