/*
 * The requests and events of the protocol. One row is all that the codec, the dispatcher, the
 * library and the reference know of an operation.
 *
 * ROW(number, NAME, name, request, reply, descriptors, stage, repeat, since, "meaning")
 *   request, reply   messages of messages.h
 *   descriptors      how many descriptors an answer without an error carries at most
 *   stage            when it is allowed: GREET only as the first request, MEMBER after HELLO
 *   repeat           AGAIN: doing it twice is the same as once, so that the library sends it again
 *                    when the connection was lost before the answer; ONCE: it does not
 *   since            the protocol version that introduced it
 *
 * History: numbers are never reused.
 *   version 1: 1 to 19, events 1 to 3
 */
#ifndef WIRE_OPCODES_H
#define WIRE_OPCODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/codec.h"

// clang-format off

#define WIRE_OPCODES(ROW)									\
	ROW(1,  HELLO,   hello,   hello_request,   hello_reply,  0, GREET,  AGAIN, 1,		\
	    "become a member, or come back as one")						\
	ROW(2,  CONFIRM, confirm, confirm_request, empty,        0, MEMBER, AGAIN, 1,		\
	    "prove that the process that connected is the one that talks")			\
	ROW(3,  HOLD,    hold,    hold_request,    hold_reply,   0, MEMBER, AGAIN, 1,		\
	    "enter again into the ledger what is still mapped, after a connection was lost")	\
	ROW(4,  GOODBYE, goodbye, empty,           empty,        0, MEMBER, ONCE,  1,		\
	    "end the membership and all its holds")						\
	ROW(5,  STATUS,  status,  empty,           status_reply, 0, MEMBER, AGAIN, 1,		\
	    "totals of the broker")								\
	ROW(6,  OPEN,    open,    open_request,    open_reply,   1, MEMBER, AGAIN, 1,		\
	    "open an object, or create it; waits while another initialises it")			\
	ROW(7,  READY,   ready,   ready_request,   empty,        0, MEMBER, AGAIN, 1,		\
	    "the memory is initialised: let the others in")					\
	ROW(8,  RELEASE, release, release_request, empty,        0, MEMBER, AGAIN, 1,		\
	    "end one hold")									\
	ROW(9,  REMOVE,  remove,  remove_request,  remove_reply, 0, MEMBER, ONCE,  1,		\
	    "take the name away and tell the holders")						\
	ROW(10, STAT,    stat,    stat_request,    object,       0, MEMBER, AGAIN, 1,		\
	    "describe one object")								\
	ROW(11, LIST,    list,    list_request,    list_reply,   0, MEMBER, AGAIN, 1,		\
	    "describe all objects that the client may open, some an answer")			\
	ROW(12, WHO,     who,     who_request,     who_reply,    0, MEMBER, AGAIN, 1,		\
	    "the ledger: who holds what, some an answer")					\
	ROW(13, PERMIT,  permit,  permit_request,  permit_reply, 0, MEMBER, AGAIN, 1,		\
	    "change the mode, the group or an entry of the access control list")		\
	ROW(14, REPLACE, replace, replace_request, replace_reply, 0, MEMBER, ONCE, 1,		\
	    "put a new generation under the name and tell the holders of the old one")	\
	ROW(15, EXPLAIN, explain, explain_request, explain_reply, 0, MEMBER, AGAIN, 1,		\
	    "say whether something would be allowed, and which rule decides, without doing it")	\
	ROW(16, WATCH,   watch,   watch_request,   empty,        0, MEMBER, AGAIN, 1,		\
	    "be told what happens to objects whose names begin so")				\
	ROW(17, UNWATCH, unwatch, unwatch_request, empty,        0, MEMBER, AGAIN, 1,		\
	    "and no longer")									\
	ROW(18, ROSTER,  roster,  roster_request,  roster_reply, 1, MEMBER, AGAIN, 1,		\
	    "which members live, as a file to be mapped; who asks for it may have locks")					\
	ROW(19, DOORBELL, doorbell, doorbell_request, doorbell_reply, 1, MEMBER, AGAIN, 1,	\
	    "a page beside a segment, in which who sleeps can say so who may only read")	\
	WIRE_NEXT_OPCODES(ROW)

/* EVENT(number, NAME, name, message, since, "meaning") */
#define WIRE_EVENTS(EVENT)									\
	EVENT(1, REMOVED, removed, removed_event, 1, "an object that the client holds lost its name")	\
	EVENT(2, NEWS, news, news_event, 1, "what happened to objects that the client watches")	\
	EVENT(3, ENDING, ending, empty, 1, "the broker ends: what it has not answered it has not done")

// clang-format on

#define WIRE_OPCODE_ENUMERATOR(number, NAME, ...) WIRE_##NAME = (number),
#define WIRE_EVENT_ENUMERATOR(number, NAME, ...)  WIRE_EVENT_##NAME = (number),

enum wire_opcode { WIRE_OPCODES(WIRE_OPCODE_ENUMERATOR) };
enum wire_event { WIRE_EVENTS(WIRE_EVENT_ENUMERATOR) };

#define WIRE_OPCODE_LIMIT (20 + WIRE_NEXT_VERSIONS) /* one more than the largest: for tables */

enum wire_stage { WIRE_STAGE_GREET, WIRE_STAGE_MEMBER };
enum wire_repeat { WIRE_REPEAT_AGAIN, WIRE_REPEAT_ONCE };

struct wire_operation {
	const char *name;
	const char *meaning;
	const struct wire_shape *request;
	const struct wire_shape *reply;
	uint16_t opcode;
	uint8_t descriptors;
	uint8_t stage;
	uint8_t repeat;
	uint8_t since;
};

struct wire_notice {
	const char *name;
	const char *meaning;
	const struct wire_shape *message;
	uint16_t number;
	uint8_t since;
};

/* The row of an opcode or of an event; NULL when VERSION does not have it. */
const struct wire_operation *wire_operation(unsigned opcode, unsigned version);
const struct wire_notice *wire_notice(unsigned number, unsigned version);

#endif
