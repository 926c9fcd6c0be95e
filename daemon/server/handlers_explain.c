/*
 * EXPLAIN: the decisions of the other handlers, made for somebody who may not be here, and said
 * instead of done.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "objects/member.h"
#include "objects/object.h"
#include "server/handlers.h"
#include "server/peer.h"
#include "server/server.h"
#include "server/visible.h"

static int answer(struct call *call, bool allowed, const char *rule)
{
	struct wire_explain_reply *reply = &call->answer->explain_reply;

	reply->allowed = allowed;
	text_copy(reply->rule, sizeof(reply->rule), rule);
	return WIRE_OUTCOME_DONE;
}

static int explain_creation(struct call *call, const char *name, const struct credentials *subject)
{
	const struct registry *registry = call->server->registry;
	struct policy_verdict verdict = {true, "there is no policy: this broker serves one user"};
	uint64_t used = quota_used(&registry->quota, subject->uid, RESOURCE_OBJECTS);

	if (registry->policy)
		(void)policy_may_create(registry->policy, subject, name, &verdict);
	if (verdict.allowed && used >= registry_limit(registry, subject, RESOURCE_OBJECTS))
		return answer(call, false,
			      policy_limit_rule(registry->policy, subject, RESOURCE_OBJECTS));
	return answer(call, verdict.allowed, verdict.rule);
}

static int explain_access(struct call *call, const struct object *object,
			  const struct credentials *subject, unsigned wanted)
{
	static const char *const rules[] = {
		[ACCESS_BY_ROOT] = "root may all",
		[ACCESS_BY_OWNER] = "the owner's bits of the mode",
		[ACCESS_BY_USER] = "the entry for this user",
		[ACCESS_BY_GROUP] = "the group's bits of the mode, and the entries for groups",
		[ACCESS_BY_OTHERS] = "the others' bits of the mode",
	};
	enum access_rule rule;
	unsigned granted = access_decide(&object->permission, subject, &rule);
	char text[WIRE_REASON_MAX + 1];

	snprintf(text, sizeof(text), "%s grant %s; \"%s\" belongs to uid %u, gid %u with mode 0%o",
		 rules[rule], granted ? wire_access_text(granted) : "nothing", object->name,
		 object->permission.uid, object->permission.gid, object->permission.mode);
	return answer(call, (granted & wanted) == wanted, text);
}

static int explain_managing(struct call *call, const struct object *object,
			    const struct credentials *subject)
{
	uid_t broker = call->server->registry->broker.uid;
	char text[WIRE_REASON_MAX + 1];

	snprintf(text, sizeof(text), "only the owner, uid %u, root and the broker's user may",
		 object->permission.uid);
	return answer(call, access_may_manage(&object->permission, subject, broker), text);
}

/* What others may do is told to those who could do it for them. */
static int check_asker(struct call *call, const struct wire_explain_request *request)
{
	const struct registry *registry = call->server->registry;
	const struct credentials *asker = &call->peer->member->credentials;

	if (asker->uid == request->uid || asker->uid == 0 || asker->uid == registry->broker.uid ||
	    (registry->policy && policy_is_administrator(registry->policy, asker)))
		return 0;
	return call_refuse(call, -EPERM,
			   "what uid %u may do is told to that user, root and administrators; you "
			   "are uid %u",
			   request->uid, asker->uid);
}

int handle_explain(struct call *call)
{
	const struct wire_explain_request *request = &call->request->explain_request;
	gid_t groups[WIRE_GIDS_MAX];
	const struct credentials subject = {.uid = request->uid,
					    .gid = request->gid,
					    .n_groups = request->groups.n,
					    .groups = groups};
	const char *fault = wire_name_fault(request->name);
	const struct object *object = registry_find(call->server->registry, request->name);
	int r = check_asker(call, request);

	memcpy(groups, request->groups.ids, request->groups.n * sizeof(groups[0]));
	credentials_sort_groups(groups, request->groups.n);
	if (r < 0)
		return r;
	if (fault)
		return call_refuse(call, -EINVAL, "the name \"%s\" %s", request->name, fault);
	if (request->deed == WIRE_DEED_CREATE)
		return explain_creation(call, request->name, &subject);
	if (request->deed < WIRE_DEED_CREATE || request->deed > WIRE_DEED_MANAGE)
		return call_refuse(call, -EINVAL,
				   "the deed %u is none of create (1), read (2), write (3) and "
				   "manage (4)",
				   request->deed);
	if (!object || !visible_to(call->peer, object))
		return call_refuse(call, -ENOENT, "\"%s\" does not exist, or is not yours to see",
				   request->name);
	if (request->deed == WIRE_DEED_MANAGE)
		return explain_managing(call, object, &subject);
	return explain_access(call, object, &subject,
			      request->deed == WIRE_DEED_READ ? WIRE_ACCESS_READ
							      : WIRE_ACCESS_WRITE);
}
