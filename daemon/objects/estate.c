/*
 * One piece of the first estate in the list, which goes behind the others then.
 */
#include "objects/estate.h"

#include <event2/event.h>

#include "objects/hold.h"
#include "objects/member.h"
#include "objects/object.h"
#include "objects/registry.h"

static void settle_piece(struct registry *registry)
{
	struct member *member = registry->estates;

	DL_DELETE2(registry->estates, member, estate_prev, estate_next);
	if (member->owned)
		object_remove(member->owned, WIRE_ENDING_OWNER);
	else if (member->holds)
		hold_end(member->holds);
	if (member->owned || member->holds)
		DL_APPEND2(registry->estates, member, estate_prev, estate_next);
	else if (member->has_ended)
		member_free(member);
	else
		member->is_settled_up = false;
}

static void settle(struct registry *registry)
{
	static const struct timeval at_once;

	while (registry->estates && pace_admits(&registry->pace))
		settle_piece(registry);
	if (registry->estates && event_add(&registry->settling, &at_once) < 0)
		event_active(&registry->settling, EV_TIMEOUT, 1);
}

static void on_settling(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	settle(data);
}

void estates_init(struct registry *registry)
{
	(void)event_assign(&registry->settling, registry->base, -1, 0, on_settling, registry);
}

void estates_fini(struct registry *registry)
{
	while (registry->estates)
		settle_piece(registry);
	(void)event_del(&registry->settling);
}

void estate_begin(struct member *member)
{
	struct registry *registry = member->registry;

	if (member->is_settled_up)
		return;
	member->is_settled_up = true;
	DL_APPEND2(registry->estates, member, estate_prev, estate_next);
	settle(registry);
}

void estate_stop(struct member *member)
{
	if (!member->is_settled_up)
		return;
	DL_DELETE2(member->registry->estates, member, estate_prev, estate_next);
	member->is_settled_up = false;
}

bool estate_is_left_by(const struct registry *registry, uid_t uid)
{
	const struct member *member;

	DL_FOREACH2(registry->estates, member, estate_next)
	if (member->credentials.uid == uid)
		return true;
	return false;
}
