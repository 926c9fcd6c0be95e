/*
 * A client without the library: it speaks the protocol as well or as badly as a test wants. All
 * calls fail the test when the broker does not do its part in time.
 */
#ifndef SUPPORT_RAW_H
#define SUPPORT_RAW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/opcodes.h"

struct raw {
	int socket;
	uint32_t serial;                  /* of the last request */
	struct wire_hello_reply hello;    /* what the broker said of itself */
	char reason[WIRE_REASON_MAX + 1]; /* of the last refusal */
};

/* Connect. The first form returns -errno instead of failing the test. */
int raw_try_connect(struct raw *raw, const char *path);
void raw_connect(struct raw *raw, const char *path);
void raw_close(struct raw *raw);

/* HELLO as an honest client says it. Returns the status. */
int raw_hello(struct raw *raw);
void raw_join(struct raw *raw, const char *path); /* connect and HELLO */

/* Whether somebody who comes now is let in; he goes again. */
bool raw_is_let_in(const char *path);

/* Any bytes as one packet. */
void raw_send(struct raw *raw, const void *bytes, size_t size);

/* A well-formed request; REQUEST may be NULL where its message is empty. */
void raw_submit(struct raw *raw, unsigned opcode, const void *request);

/* The same with serial 0, for which no answer comes. */
void raw_tell(struct raw *raw, unsigned opcode, const void *request);

/* Its last refusal says TEXT, among other things. */
void raw_says(const struct raw *raw, const char *text);

/*
 * The answer to the last request, or the next event. Events on the way to an answer are dropped.
 * Returns the status; the reply, if wanted, is filled when it is not negative. A descriptor that
 * nobody wants is closed.
 */
int raw_answer(struct raw *raw, void *reply, int *ret_fd);
int raw_try_answer(struct raw *raw, void *reply, int *ret_fd); /* or -ECONNRESET at its end */
unsigned raw_event(struct raw *raw, void *message);

/* Both. The first form gives -ECONNRESET when the broker ends the connection, as HELLO does. */
int raw_try_ask(struct raw *raw, unsigned opcode, const void *request, void *reply, int *ret_fd);
int raw_ask(struct raw *raw, unsigned opcode, const void *request, void *reply, int *ret_fd);

/* Ask up to N times without reading an answer, until the broker takes no more for a while or ends
 * the connection. Returns how often. */
size_t raw_flood(struct raw *raw, unsigned opcode, const void *request, size_t n);

/* The next packet, whatever it is. Returns its size; 0 when the broker has closed. */
size_t raw_receive(struct raw *raw, uint8_t *buffer, size_t capacity, int *ret_fd);

/* The broker closes this connection; what it still says is dropped. Closes ours too. */
void raw_expect_end(struct raw *raw);

/* An OPEN that creates a segment NAME of one page and has nothing wrong with it. */
struct wire_open_request raw_open_request(const char *name);

#endif
