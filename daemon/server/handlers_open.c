/*
 * OPEN: done at once, or parked.
 */
#include <errno.h>

#include "objects/object.h"
#include "server/handlers.h"
#include "server/opening.h"
#include "server/parked.h"

int handle_open(struct call *call)
{
	const struct wire_open_request *request = &call->request->open_request;
	struct object *object = NULL;
	int status = opening_attempt(call, request, &object);

	return status == CALL_PARKED ? parked_add(call, request, object) : status;
}
