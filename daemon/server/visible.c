/*
 * Where a refusal tells of objects it asks here too.
 */
#include "server/visible.h"

#include "objects/member.h"
#include "objects/object.h"
#include "server/dispatch.h"
#include "server/peer.h"
#include "server/server.h"

bool visible_to(const struct call *call, const struct object *object)
{
	const struct credentials *subject = &call->peer->member->credentials;
	const struct policy *policy = call->server->registry->policy;

	return (policy && policy_is_administrator(policy, subject)) ||
	       access_granted(&object->permission, subject) != 0 ||
	       access_may_manage(&object->permission, subject, call->server->registry->broker.uid);
}
