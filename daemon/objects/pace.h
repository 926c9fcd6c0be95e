/*
 * How long what ends by itself may keep the loop in one turn: a program that ends can leave
 * thousands of objects and entries of the ledger, and as many objects can expire together. What
 * finds no time comes in the next turn, when others have had theirs.
 */
#ifndef OBJECTS_PACE_H
#define OBJECTS_PACE_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct event_base;

struct pace {
	struct event turn_over;
	uint64_t until_ns; /* this turn; 0 before the first thing in it */
};

void pace_init(struct pace *pace, struct event_base *base);
void pace_fini(struct pace *pace);

/* Whether there is time for one more thing in this turn; for the first there always is. */
bool pace_admits(struct pace *pace);

#endif
