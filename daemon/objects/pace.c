/*
 * The timer comes in the next turn, before what was put off until then.
 */
#include "objects/pace.h"

#include <event2/event.h>

#include "base/clock.h"

/* As much as each user has for what he asks. */
#define TURN_NS UINT64_C(500000)

static void on_turn_over(evutil_socket_t fd, short what, void *data)
{
	struct pace *pace = data;

	(void)fd;
	(void)what;
	pace->until_ns = 0;
}

void pace_init(struct pace *pace, struct event_base *base)
{
	*pace = (struct pace){.until_ns = 0};
	(void)event_assign(&pace->turn_over, base, -1, 0, on_turn_over, pace);
}

void pace_fini(struct pace *pace)
{
	(void)event_del(&pace->turn_over);
}

bool pace_admits(struct pace *pace)
{
	static const struct timeval at_once;
	uint64_t now = clock_now_ns();

	if (pace->until_ns == 0 && event_add(&pace->turn_over, &at_once) == 0)
		pace->until_ns = now + TURN_NS;
	return pace->until_ns == 0 || now < pace->until_ns;
}
