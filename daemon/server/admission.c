/*
 * By the uid alone: everything else is decided for each object.
 */
#include "server/admission.h"

#include <stdio.h>

#include "objects/registry.h"
#include "server/server.h"

bool admission_may(const struct server *server, uid_t uid, char ret_why[static 256])
{
	uid_t broker = server->registry->broker.uid;

	if (uid == CREDENTIALS_UID_UNMAPPED)
		snprintf(ret_why, 256,
			 "uid %u means a user that the broker cannot tell from others, and is not "
			 "served; map the user into the broker's user namespace",
			 uid);
	else if (server->settings.per_user && uid != broker && uid != 0)
		snprintf(ret_why, 256,
			 "this is the per-user broker of uid %u, which does not serve uid %u; use "
			 "that user's own or the system's",
			 broker, uid);
	else
		return true;
	return false;
}
