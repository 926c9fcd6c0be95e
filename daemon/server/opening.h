/*
 * Open-or-create: from a request to an entry in the ledger.
 */
#ifndef SERVER_OPENING_H
#define SERVER_OPENING_H

struct call;
struct object;
struct peer;
struct wire_open_request;

/*
 * Do what REQUEST asks for and fill the answer. Returns an outcome, a refusal, or CALL_PARKED with
 * the object that has to change first in *ret_object, or CALL_POSTPONED with the object, if there
 * is one, before anything was done.
 */
int opening_attempt(struct call *call, const struct wire_open_request *request,
		    struct object **ret_object);

/* The answer that PEER is to get next cannot be sent: undo what its request has done, and refuse.
 */
void opening_take_back(struct peer *peer);

#endif
