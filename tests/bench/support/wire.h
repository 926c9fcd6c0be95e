/*
 * A client of the broker without the library: what the protocol costs by itself. Requests are
 * encoded once, so that nothing but the serial changes from one to the next.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "support/echo.h"
#include "wire/codec.h"
#include "wire/opcodes.h"

struct wire_client {
	int socket;
	uint32_t serial;
};

struct wire_request {
	uint8_t bytes[WIRE_PACKET_MAX];
	size_t size;
	uint16_t opcode;
	size_t answer_size; /* of the last answer */
};

/* Connect and become a member. */
void wire_connect(struct wire_client *client, const char *path);

/* The same as another user, for which this process must be root: the kernel records who connects.
 */
void wire_connect_as(struct wire_client *client, const char *path, uid_t uid, const gid_t *groups,
		     size_t n_groups);

/* Without a goodbye, as a process that ends. */
void wire_disconnect(struct wire_client *client);

void wire_request_init(struct wire_request *request, enum wire_opcode opcode, const void *message);

/*
 * One round trip. Ends the benchmark when the answer is an error; else returns the outcome. With
 * REPLY not NULL the answer is decoded into it. RET_FD as in exchange().
 */
int wire_call(struct wire_client *client, struct wire_request *request, void *reply, int *ret_fd);

/*
 * Send it and go on, without a look at the answer and without waiting for room. False when the
 * socket has none (EAGAIN) or the broker has closed the connection.
 */
bool wire_put(int socket, struct wire_request *request, uint32_t serial);

/* The HELLO of every client here. */
void wire_hello_init(struct wire_request *request);

/* The same as wire_call(), encoding MESSAGE first. */
int wire_ask(struct wire_client *client, enum wire_opcode opcode, const void *message, void *reply,
	     int *ret_fd);

#endif
