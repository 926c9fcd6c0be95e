/*
 * Where a refusal tells of objects it asks here too.
 */
#include "server/visible.h"

#include "objects/member.h"
#include "objects/object.h"
#include "server/peer.h"
#include "server/server.h"

bool visible_to(const struct peer *peer, const struct object *object)
{
	const struct credentials *subject = &peer->member->credentials;
	const struct registry *registry = peer->server->registry;

	return registry_is_administrator(registry, subject) ||
	       access_granted(&object->permission, subject) != 0 ||
	       access_may_manage(&object->permission, subject, registry->broker.uid);
}
