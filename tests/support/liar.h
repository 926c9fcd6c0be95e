/*
 * A broker that lies: it answers HELLO honestly, and every OPEN and ROSTER with what a test has
 * prepared.
 */
#ifndef SUPPORT_LIAR_H
#define SUPPORT_LIAR_H

#include <stdint.h>

#include "support/child.h"
#include "wire/messages.h"

#define LIAR_INSTANCE 1 /* the first byte of its instance; the others are 0 */

/* The answer to OPEN. */
struct lie {
	struct wire_open_reply reply;
	int32_t status;
	int fd; /* sent with it, and with the answer to ROSTER; -1 for none */
};

struct liar {
	struct child child;
	char home[64];
	char socket[96];
};

/* Start one that tells LIE to the one client that connects. */
void liar_start(struct liar *liar, const struct lie *lie);

/* Wait until it has been told to release what it "opened". */
void liar_expect_release(struct liar *liar);

/* Wait for its end, which comes when the client has gone. */
void liar_stop(struct liar *liar);

#endif
