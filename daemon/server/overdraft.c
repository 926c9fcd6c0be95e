/*
 * Who is over a limit wants to know what to give up: so the refusal names the objects that use up
 * most, and who holds them.
 */
#include "server/overdraft.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "objects/member.h"
#include "objects/object.h"
#include "server/dispatch.h"
#include "server/peer.h"
#include "server/server.h"
#include "server/visible.h"

#define TOLD_MAX 3
#define LOOK_MAX 4096 /* objects: others want their turn */

void overdraft_describe(const struct registry *registry, const struct credentials *payer,
			enum resource resource, char text[static 256])
{
	snprintf(text, 256, "uid %u has %" PRIu64 " %s, and its limit is %" PRIu64 " (%s)",
		 payer->uid, quota_used(&registry->quota, payer->uid, resource),
		 resource_unit(resource), registry_limit(registry, payer, resource),
		 registry->policy ? policy_limit_rule(registry->policy, payer, resource) : "");
}

/* What OBJECT uses up of RESOURCE; nothing of those that no object costs. */
static uint64_t cost_of(const struct object *object, enum resource resource)
{
	uint64_t cost = 0;

	for (unsigned i = 0; i < OBJECT_CHARGES; i++)
		if (object->charges[i].account && object->charges[i].resource == resource)
			cost = object->charges[i].amount;
	return cost;
}

/* Put OBJECT among the dearest, of which there are N. */
static unsigned rank(const struct object **dearest, unsigned n, const struct object *object,
		     enum resource resource)
{
	unsigned at = n < TOLD_MAX ? n : TOLD_MAX - 1;

	if (n == TOLD_MAX && cost_of(dearest[at], resource) >= cost_of(object, resource))
		return n;
	for (; at > 0 && cost_of(dearest[at - 1], resource) < cost_of(object, resource); at--)
		dearest[at] = dearest[at - 1];
	dearest[at] = object;
	return n < TOLD_MAX ? n + 1 : n;
}

static unsigned find_dearest(const struct call *call, uid_t uid, enum resource resource,
			     const struct object *dearest[static TOLD_MAX])
{
	const struct object *object = call->server->registry->by_id;
	unsigned n = 0, looked_at = 0;

	for (; object && looked_at < LOOK_MAX; object = object->by_id.next, looked_at++)
		if (object->permission.uid == uid && cost_of(object, resource) > 0 &&
		    visible_to(call, object))
			n = rank(dearest, n, object, resource);
	return n;
}

static size_t tell_object(char *text, size_t room, const struct object *object,
			  enum resource resource)
{
	const struct hold *hold = object->holds;
	int n;

	if (hold)
		n = snprintf(text, room, "\"%s\" (%" PRIu64 ", held by %s, pid %d%s)", object->name,
			     cost_of(object, resource), hold->member->program,
			     (int)hold->member->credentials.pid,
			     object->n_holds > 1 ? " and others" : "");
	else
		n = snprintf(text, room, "\"%s\" (%" PRIu64 ", held by nobody)", object->name,
			     cost_of(object, resource));
	return n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

int overdraft_refuse(struct call *call, const char *name, const struct credentials *payer,
		     enum resource resource)
{
	const struct object *dearest[TOLD_MAX];
	unsigned n = find_dearest(call, payer->uid, resource, dearest);
	char limit[256], most[400] = "";
	size_t used = 0;

	for (unsigned i = 0; i < n; i++) {
		used += (size_t)snprintf(most + used, sizeof(most) - used, "%s",
					 i == 0 ? "; most by " : ", ");
		used += tell_object(most + used, sizeof(most) - used, dearest[i], resource);
		if (used >= sizeof(most) - 8)
			break;
	}
	overdraft_describe(call->server->registry, payer, resource, limit);
	return call_refuse(call, -EDQUOT, "\"%s\" cannot be had: %s%s", name, limit, most);
}
