/*
 * A broker by the script of a test: it listens at a path, and takes and sends single packets when
 * the test says so. What does not come within the test's patience fails the test.
 */
#ifndef UNIT_SCRIPTED_H
#define UNIT_SCRIPTED_H

#include <shmbroker/connection.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/opcodes.h"

#define SCRIPTED_MEMBER 0x1234u
#define SCRIPTED_NONCE  0x5678u

struct scripted {
	char directory[64];
	char socket[96];
	int listener;
	int fd;                    /* the connection that was accepted last */
	struct wire_header header; /* of the packet that was taken last */
	struct wire_hello_reply hello;
};

/*
 * The directory in which it listens, made and removed by the process that runs the tests: so
 * nothing is left when one fails. Unchecked fixtures.
 */
void scripted_home_make(void);
void scripted_home_remove(void);

void scripted_start(struct scripted *broker);
void scripted_stop(struct scripted *broker);

/* Accept one connection. */
void scripted_accept(struct scripted *broker);

/* Take one packet, which must be a request for OPCODE, into MESSAGE (NULL: not looked at). */
void scripted_expect(struct scripted *broker, unsigned opcode, void *message);

/* Nothing is there to be taken. */
bool scripted_is_quiet(struct scripted *broker);

/* Answer the request that was taken last, or the one of HEADER. */
void scripted_answer(struct scripted *broker, int status, const void *reply, int fd);
void scripted_answer_to(struct scripted *broker, const struct wire_header *header, int status,
			const void *reply, int fd);
void scripted_refuse(struct scripted *broker, int status, const char *reason);

void scripted_send(struct scripted *broker, const void *bytes, size_t size);
void scripted_send_removed(struct scripted *broker, uint64_t object);

/* Accept, and answer HELLO as instance 1. MESSAGE is what HELLO said; may be NULL. */
void scripted_greet(struct scripted *broker, struct wire_hello_request *message);

void scripted_hang_up(struct scripted *broker);

/* A connection that has been greeted. */
struct shmb_connection *scripted_connect(struct scripted *broker, uint32_t timeout_ms);

/* Poll and dispatch until something was dispatched that the caller looks for. */
#define scripted_dispatch_until(connection, condition)                                             \
	do {                                                                                       \
		uint64_t deadline_ = deadline_in_ms(20000);                                        \
		while (!(condition)) {                                                             \
			struct pollfd line_ = {.fd = shmb_connection_fd(connection),               \
					       .events = POLLIN};                                  \
			ck_assert_msg(deadline_left_ms(deadline_) > 0, "never came true: %s",      \
				      #condition);                                                 \
			(void)poll(&line_, 1, deadline_left_ms(deadline_));                        \
			(void)shmb_dispatch(connection);                                           \
		}                                                                                  \
	} while (0)

#endif
