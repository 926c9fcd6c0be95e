/*
 * Watching: to be told what happens to objects, whether or not one holds them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "objects/member.h"
#include "server/handlers.h"
#include "server/overdraft.h"
#include "server/peer.h"
#include "server/server.h"

int handle_watch(struct call *call)
{
	const struct wire_watch_request *request = &call->request->watch_request;
	const struct registry *registry = call->server->registry;
	const struct credentials *user = &call->peer->member->credentials;
	const char *fault = wire_prefix_fault(request->prefix);
	char words[OVERDRAFT_WORDS_MAX];
	int r;

	if (fault)
		return call_refuse(call, -EINVAL, "no name begins with \"%s\": it %s",
				   request->prefix, fault);
	r = watching_begin(call->peer, request->watch, request->prefix,
			   registry_limit(registry, user, RESOURCE_WATCHES));
	if (r == -EDQUOT) {
		overdraft_tell(call->peer, user, RESOURCE_WATCHES, "", words);
		return call_refuse(call, r,
				   "names that begin with \"%s\" cannot be watched until another "
				   "watch ends: %s",
				   request->prefix, words);
	}
	if (r < 0)
		return call_refuse(call, r, "the broker has no memory for another watch");
	return WIRE_OUTCOME_DONE;
}

int handle_unwatch(struct call *call)
{
	uint32_t number = call->request->unwatch_request.watch;

	if (watching_end(call->peer, number) < 0)
		return call_refuse(call, -ENOENT, "this connection has no watch %u", number);
	return WIRE_OUTCOME_DONE;
}
