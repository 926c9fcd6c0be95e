/*
 * Who is over a limit wants to know what to give up: so the refusal names the objects that use up
 * most, and who holds them, as far as the client may see. The log names them all.
 */
#include "server/overdraft.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "log.h"
#include "objects/member.h"
#include "objects/object.h"
#include "server/dispatch.h"
#include "server/peer.h"
#include "server/server.h"
#include "server/visible.h"

#define TOLD_MAX            3
#define HOLDERS_WRITTEN_MAX 16
#define LOOK_MAX            4096 /* objects: others want their turn */

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

/* The dearest objects of UID; only those that the client may see, or all of them. */
static unsigned find_dearest(const struct call *call, uid_t uid, enum resource resource,
			     bool sees_all, const struct object *dearest[static TOLD_MAX])
{
	const struct object *object = call->server->registry->by_id;
	unsigned n = 0, looked_at = 0;

	for (; object && looked_at < LOOK_MAX; object = object->by_id.next, looked_at++)
		if (object->permission.uid == uid && cost_of(object, resource) > 0 &&
		    (sees_all || visible_to(call->peer, object)))
			n = rank(dearest, n, object, resource);
	return n;
}

/* A text that grows in an array, and is cut where that ends. */
struct words {
	char *text;
	size_t size;
	size_t used;
};

attr_printf(2, 3) static void say(struct words *words, const char *format, ...)
{
	size_t room = words->size - words->used;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(words->text + words->used, room, format, arguments);
	va_end(arguments);
	words->used += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void say_holders(struct words *words, const struct object *object, unsigned most)
{
	const struct hold *hold;
	unsigned n = 0;

	if (!object->holds)
		say(words, ", held by nobody");
	DL_FOREACH2(object->holds, hold, object_next)
	{
		if (n == most) {
			say(words, " and others");
			break;
		}
		say(words, "%s %s, pid %d", n++ == 0 ? ", held by" : ";", hold->member->program,
		    (int)hold->member->credentials.pid);
	}
}

/* "; most by "a" (64, held by x, pid 7), ..." */
static void say_dearest(struct words *words, const struct call *call,
			const struct credentials *payer, enum resource resource, bool sees_all)
{
	const struct object *dearest[TOLD_MAX];
	unsigned n = find_dearest(call, payer->uid, resource, sees_all, dearest);

	for (unsigned i = 0; i < n; i++) {
		say(words, "%s\"%s\" (%" PRIu64, i == 0 ? "; most by " : ", ", dearest[i]->name,
		    cost_of(dearest[i], resource));
		say_holders(words, dearest[i], sees_all ? HOLDERS_WRITTEN_MAX : 1);
		say(words, ")");
	}
}

int overdraft_refuse(struct call *call, const char *name, const struct credentials *payer,
		     enum resource resource)
{
	char limit[256], told[300] = "", written[700] = "";
	struct words to_client = {told, sizeof(told), 0};
	struct words to_log = {written, sizeof(written), 0};

	overdraft_describe(call->server->registry, payer, resource, limit);
	if (log_admits_peers()) {
		say_dearest(&to_log, call, payer, resource, true);
		log_info("%s%s", limit, written);
	}
	say_dearest(&to_client, call, payer, resource, false);
	return call_refuse(call, -EDQUOT, "\"%s\" cannot be had: %s%s", name, limit, told);
}
