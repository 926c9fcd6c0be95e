/*
 * One timer for all of them.
 */
#include "objects/returning.h"

#include <event2/event.h>

#include "base/clock.h"
#include "log.h"
#include "objects/member.h"
#include "objects/object.h"
#include "objects/registry.h"

/* Who lived when the broker ended, never could have a lock, and is not back. */
static void give_up_member(void *data, uint64_t id)
{
	struct registry *registry = data;
	struct member *member;

	HASH_FIND(handle, registry->members, &id, sizeof(id), member);
	if (!member)
		roster_leave(&registry->roster, id, false);
}

static void give_up(struct registry *registry)
{
	struct object *object, *next;

	roster_each(&registry->roster, give_up_member, registry);

	HASH_ITER(by_name, registry->by_name, object, next)
	object_give_up_waiting(object);
}

static void on_over(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	give_up(data);
}

void returning_init(struct registry *registry)
{
	(void)event_assign(&registry->returning, registry->base, -1, 0, on_over, registry);
}

void returning_fini(struct registry *registry)
{
	(void)event_del(&registry->returning);
}

void returning_begin(struct registry *registry)
{
	struct timeval grace = clock_timeval(registry->settings.grace_ms);

	if (event_add(&registry->returning, &grace) == 0)
		return;
	log_error("no memory for a timer: who used the objects of before is not waited for");
	give_up(registry);
}

bool returning_is_on(const struct registry *registry)
{
	return event_pending(&registry->returning, EV_TIMEOUT, NULL);
}
