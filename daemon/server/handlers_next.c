/*
 * The operation of the version that does not exist (wire/next.h).
 */
#include "server/handlers.h"
#include "wire/vocabulary.h"

#ifdef SHMB_WIRE_NEXT

int handle_echo(struct call *call)
{
	call->answer->echo_reply.number = call->request->echo_request.number;
	return WIRE_OUTCOME_DONE;
}

#endif
