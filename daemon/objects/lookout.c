/*
 * One timer. When it ends is remembered here, since libevent moves a timer that is added again.
 */
#include "objects/lookout.h"

#include <errno.h>
#include <event2/event.h>

#include "base/clock.h"

static int look_in(struct lookout *lookout, uint32_t ms)
{
	struct timeval delay = clock_timeval(ms);

	if (event_add(&lookout->timer, &delay) < 0)
		return -ENOMEM;
	lookout->interval_ms = ms;
	lookout->due_ms = deadline_in_ms(ms);
	return 0;
}

static uint32_t next_ms(const struct lookout *lookout, enum lookout_found found)
{
	uint32_t twice_ms = lookout->interval_ms * 2;

	if (found == LOOKOUT_CHANGED)
		return lookout->first_ms;
	return twice_ms < lookout->longest_ms ? twice_ms : lookout->longest_ms;
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
	struct lookout *lookout = data;
	enum lookout_found found;

	(void)fd;
	(void)what;
	lookout->due_ms = 0;
	found = lookout->look(lookout->data);
	/* Without memory for a timer the next that is added brings one. */
	if (found != LOOKOUT_OVER && lookout->due_ms == 0)
		(void)!look_in(lookout, next_ms(lookout, found));
}

void lookout_init(struct lookout *lookout, struct event_base *base, uint32_t first_ms,
		  uint32_t longest_ms, enum lookout_found (*look)(void *data), void *data)
{
	*lookout = (struct lookout){.look = look,
				    .data = data,
				    .first_ms = first_ms,
				    .longest_ms = longest_ms};
	(void)event_assign(&lookout->timer, base, -1, 0, on_timer, lookout);
}

void lookout_fini(struct lookout *lookout)
{
	(void)event_del(&lookout->timer);
	lookout->due_ms = 0;
}

int lookout_begin(struct lookout *lookout)
{
	if (lookout->due_ms != 0 && lookout->due_ms <= deadline_in_ms(lookout->first_ms))
		return 0;
	return look_in(lookout, lookout->first_ms);
}
