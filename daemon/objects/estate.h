/*
 * What a member leaves that has ended, or has been away for too long: the objects that end with it,
 * and its entries of the ledger. There may be thousands, so they are settled a bounded time in each
 * turn of the loop, those of several members by turns; what little most members leave goes at once.
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

/* What MEMBER has is settled. If he has ended he is freed then: perhaps before this returns. */
void estate_begin(struct member *member);

/* He is back, and keeps what is not settled yet. */
void estate_stop(struct member *member);

/* Whether somebody of UID has left something that is not settled yet, and costs until then. */
bool estate_is_left_by(const struct registry *registry, uid_t uid);

#endif
