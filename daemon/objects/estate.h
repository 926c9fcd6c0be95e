/*
 * What a member that has ended leaves: the objects that end with it, and its entries of the ledger.
 * There may be thousands, so they are settled a bounded time in each turn of the loop, those of
 * several members by turns; what little most members leave goes at once.
 */
#ifndef OBJECTS_ESTATE_H
#define OBJECTS_ESTATE_H

#include <stdbool.h>
#include <sys/types.h>

struct member;
struct registry;

void estates_init(struct registry *registry);

/* Settle all, however long that takes; for the end of the broker. */
void estates_fini(struct registry *registry);

/* MEMBER, who has ended, is taken over, and freed when everything is settled: perhaps before this
 * returns. */
void estate_begin(struct member *member);

/* Whether somebody of UID has left something that is not settled yet, and costs until then. */
bool estate_is_left_by(const struct registry *registry, uid_t uid);

#endif
