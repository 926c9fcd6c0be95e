/*
 * From a packet to a handler and back to an answer. The dispatcher checks header, version, stage
 * and lengths by the table of opcodes, so that a handler sees only requests that are well formed
 * and allowed now.
 */
#ifndef SERVER_DISPATCH_H
#define SERVER_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "wire/opcodes.h"

struct peer;
struct server;

#define DISPATCH_UNION_MEMBER(message, FIELDS) struct wire_##message message;

/* Room for any message, decoded. */
union message {
	WIRE_MESSAGES(DISPATCH_UNION_MEMBER)
};

/* A request under way. What the handler puts into `answer` and `fd` is sent with its outcome. */
struct call {
	struct server *server;
	struct peer *peer;
	const struct wire_operation *operation;
	const union message *request;
	union message *answer;
	const char
		*subject; /* the name of the object that it is about; NULL: it is in the request */
	uint32_t serial;
	int fd;            /* to be sent with the answer; -1 for none */
	bool owns_fd;      /* and then closed */
	uint64_t until_ms; /* it may be postponed so long; 0 until that is known */
	bool ends;         /* the connection ends after the answer */
};

/* Instead of an outcome: the request was put aside and will be answered later. */
#define CALL_LATER 0x10000

/* There is no room for the descriptor that the answer brings: nothing was done yet, and the packet
 * has to wait for its next try. */
#define CALL_POSTPONED 0x20000

/* Nothing was done yet, and an OPEN has to wait until its object changes. */
#define CALL_PARKED 0x40000

/*
 * A handler returns an outcome (0 or an enum wire_outcome), or a negative errno by way of
 * call_refuse(), or CALL_LATER, or CALL_POSTPONED.
 */
typedef int handler_fn(struct call *call);

/* Refuse with a sentence that says what happened, to what, and what to do. Returns STATUS. */
attr_printf(3, 4) int call_refuse(struct call *call, int status, const char *format, ...);

/* Send what the handler made: the answer for an outcome, the refusal for an error. */
void call_answer(struct call *call, int status);

/* UNTIL_MS is 0 for a packet that has just come, and for one that was postponed its last moment. */
void dispatch_packet(struct peer *peer, const uint8_t *bytes, size_t size, uint64_t until_ms);

/* End the connection of PEER, which has sent something that is not even a request, and say why. */
void dispatch_turn_out(struct peer *peer, const char *reason);

#endif
