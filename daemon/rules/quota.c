/*
 * One account a user, in a table. An account comes with its first charge and goes with its last.
 */
#include "rules/quota.h"

#include <errno.h>
#include <stdlib.h>

#include "base/checked.h"

static struct quota_account *find(const struct quota *quota, uid_t uid)
{
	struct quota_account *account;

	HASH_FIND(handle, quota->accounts, &uid, sizeof(uid), account);
	return account;
}

static struct quota_account *open_account(struct quota *quota, uid_t uid)
{
	struct quota_account *account = find(quota, uid);

	if (account)
		return account;
	account = calloc(1, sizeof(*account));
	if (!account)
		return NULL;
	account->uid = uid;
	HASH_ADD(handle, quota->accounts, uid, sizeof(account->uid), account);
	if (!account->handle.tbl) {
		free(account);
		return NULL;
	}
	return account;
}

static void close_if_unused(struct quota *quota, struct quota_account *account)
{
	if (account->n_charges > 0)
		return;
	HASH_DELETE(handle, quota->accounts, account);
	free(account);
}

int charge_take(struct charge *charge, struct quota *quota, uid_t uid, enum resource resource,
		uint64_t amount, uint64_t limit)
{
	struct quota_account *account = open_account(quota, uid);
	uint64_t sum;

	if (!account)
		return -ENOMEM;
	/* Who takes nothing goes beyond no limit, also where that has fallen below what is used. */
	if (!checked_add_u64(account->used[resource], amount, &sum) ||
	    (amount > 0 && sum > limit)) {
		close_if_unused(quota, account);
		return -EDQUOT;
	}
	quota->total[resource] += amount;
	account->used[resource] = sum;
	account->n_charges++;
	*charge = (struct charge){account, quota, amount, (uint8_t)resource};
	return 0;
}

int charge_change(struct charge *charge, uint64_t amount, uint64_t limit)
{
	uint64_t *used = &charge->account->used[charge->resource];
	uint64_t others = *used - charge->amount, sum;

	if (!checked_add_u64(others, amount, &sum) || (amount > charge->amount && sum > limit))
		return -EDQUOT;
	charge->quota->total[charge->resource] += amount - charge->amount;
	*used = sum;
	charge->amount = amount;
	return 0;
}

void charge_move(struct charge *to, struct charge *from)
{
	*to = *from;
	*from = (struct charge){.account = NULL};
}

void charge_end(struct charge *charge)
{
	struct quota_account *account = charge->account;

	if (!account)
		return;
	charge->quota->total[charge->resource] -= charge->amount;
	account->used[charge->resource] -= charge->amount;
	account->n_charges--;
	close_if_unused(charge->quota, account);
	*charge = (struct charge){.account = NULL};
}

uint64_t quota_used(const struct quota *quota, uid_t uid, enum resource resource)
{
	const struct quota_account *account = find(quota, uid);

	return account ? account->used[resource] : 0;
}

uint64_t quota_total(const struct quota *quota, enum resource resource)
{
	return quota->total[resource];
}

uint64_t quota_share(const struct quota *quota, uid_t uid, enum resource resource, uint64_t whole)
{
	uint64_t others = quota->total[resource] - quota_used(quota, uid, resource);

	return others < whole ? (whole - others) / 4 : 0;
}

bool quota_greatest(const struct quota *quota, enum resource resource, uid_t *ret_uid,
		    uint64_t *ret_used)
{
	const struct quota_account *account, *next, *greatest = NULL;

	HASH_ITER(handle, quota->accounts, account, next)
	if (account->used[resource] > (greatest ? greatest->used[resource] : 0))
		greatest = account;
	if (!greatest)
		return false;
	*ret_uid = greatest->uid;
	*ret_used = greatest->used[resource];
	return true;
}

unsigned quota_users(const struct quota *quota)
{
	return HASH_CNT(handle, quota->accounts);
}
