/*
 * What a version after the newest could add: one operation and, in a message that there is, a field
 * for the request and one for the answer. Nobody is given it; a second build with
 * -DSHMB_WIRE_NEXT=ON has it, so that tests can see what happens between two versions of the
 * broker and of the library (tests/e2e/test_two_versions.sh).
 */
#ifndef WIRE_NEXT_H
#define WIRE_NEXT_H

#ifdef SHMB_WIRE_NEXT

// clang-format off

#define WIRE_NEXT_VERSIONS 1

#define WIRE_NEXT_OPEN_REQUEST_FIELDS(FIELD, M)						\
	FIELD(M, u32,   next, 0, 2, "a number that comes back")

#define WIRE_NEXT_OPEN_REPLY_FIELDS(FIELD, M)						\
	FIELD(M, u32,   next, 0, 2, "the number")

#define WIRE_ECHO_REQUEST_FIELDS(FIELD, M)						\
	FIELD(M, u64,   number, 0, 2, "a number that comes back")

#define WIRE_ECHO_REPLY_FIELDS(FIELD, M)						\
	FIELD(M, u64,   number, 0, 2, "the number")

#define WIRE_NEXT_MESSAGES(MESSAGE)							\
	MESSAGE(echo_request,    WIRE_ECHO_REQUEST_FIELDS)				\
	MESSAGE(echo_reply,      WIRE_ECHO_REPLY_FIELDS)

#define WIRE_NEXT_OPCODES(ROW)								\
	ROW(20, ECHO,    echo,    echo_request,    echo_reply,   0, MEMBER, AGAIN, 2,	\
	    "say a number again")

// clang-format on

/* What the broker does with the field. */
#define wire_next_answer(request, reply) ((reply)->next = (request)->next)

#else

#define WIRE_NEXT_VERSIONS 0
#define WIRE_NEXT_OPEN_REQUEST_FIELDS(FIELD, M)
#define WIRE_NEXT_OPEN_REPLY_FIELDS(FIELD, M)
#define WIRE_NEXT_MESSAGES(MESSAGE)
#define WIRE_NEXT_OPCODES(ROW)
#define wire_next_answer(request, reply) ((void)0)

#endif

#endif
