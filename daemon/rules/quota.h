/*
 * What each user has used up. A charge is embedded in what it pays for and ends with it: so nothing
 * is counted by hand, and what is made and not charged for, or charged for and not refunded, shows
 * when the broker ends. And who wants to know what uses up a user's limit looks at his charges.
 *
 * Accounts know neither the limits nor what the resources are (resources.h); the caller brings the
 * limit with each charge, since it may have changed meanwhile.
 */
#ifndef RULES_QUOTA_H
#define RULES_QUOTA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rules/resources.h"
#include "rules/table.h"

struct charge;

/* What one user has used up. It is there while anything is charged to it. */
struct quota_account {
	UT_hash_handle handle;
	struct quota *quota;
	struct charge *charges[RESOURCES_N]; /* see quota_charges() */
	uid_t uid;
	uint32_t n_charges;
	uint64_t used[RESOURCES_N];
};

struct quota {
	struct quota_account *accounts;
	uint64_t total[RESOURCES_N]; /* of all accounts */
};

/* Zeroed it pays for nothing. Its account knows where it is: it is moved by charge_move() alone. */
struct charge {
	struct quota_account *account;
	struct charge *prev, *next; /* of the same account and resource */
	uint64_t amount;
	uint8_t resource;
};

/*
 * Charge AMOUNT of RESOURCE to UID, if what it has used up is at most LIMIT then. Nothing, of which
 * there may be more later, can be had in any case. Returns 0, -EDQUOT or -ENOMEM, and on failure
 * nothing has changed. CHARGE must pay for nothing yet.
 */
int charge_take(struct charge *charge, struct quota *quota, uid_t uid, enum resource resource,
		uint64_t amount, uint64_t limit);

/* Make what CHARGE pays for AMOUNT. Growing may be refused with -EDQUOT; shrinking never is. */
int charge_change(struct charge *charge, uint64_t amount, uint64_t limit);

/* Hand what FROM pays for on to TO, which must pay for nothing. */
void charge_move(struct charge *to, struct charge *from);

/* What it pays for has no name any more: it is none of quota_charges(). */
void charge_hide(struct charge *charge);

/* Refund. Does nothing to one that pays for nothing, and leaves it so. */
void charge_end(struct charge *charge);

/* What all users have used up. */
uint64_t quota_total(const struct quota *quota, enum resource resource);

/* How much UID may use up of WHOLE when it has to be enough for everybody: a quarter of what the
 * others leave. So there is always something left, however many take as much as they may. */
uint64_t quota_share(const struct quota *quota, uid_t uid, enum resource resource, uint64_t whole);

/* The user who has used up most; false when nobody has used up anything. */
bool quota_greatest(const struct quota *quota, enum resource resource, uid_t *ret_uid,
		    uint64_t *ret_used);

uint64_t quota_used(const struct quota *quota, uid_t uid, enum resource resource);

/*
 * What UID has used up RESOURCE for: the first of the charges, from which `next` leads to the
 * others. Each is of more than nothing, and the one that has been so longest comes first.
 */
const struct charge *quota_charges(const struct quota *quota, uid_t uid, enum resource resource);

/* How many users have used up anything. */
unsigned quota_users(const struct quota *quota);

#endif
