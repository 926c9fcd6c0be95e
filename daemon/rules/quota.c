/*
 * One account a user, in a table. An account comes with its first charge and goes with its last.
 * The head of a list of charges has the last one before it, so what is before none is in no list.
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
	account->quota = quota;
	account->uid = uid;
	HASH_ADD(handle, quota->accounts, uid, sizeof(account->uid), account);
	if (!account->handle.tbl) {
		free(account);
		return NULL;
	}
	return account;
}

static void close_if_unused(struct quota_account *account)
{
	if (account->n_charges > 0)
		return;
	HASH_DELETE(handle, account->quota->accounts, account);
	free(account);
}

static struct charge **list_of(const struct charge *charge)
{
	return &charge->account->charges[charge->resource];
}

static void set_amount(struct charge *charge, uint64_t amount)
{
	struct quota_account *account = charge->account;

	account->quota->total[charge->resource] += amount - charge->amount;
	account->used[charge->resource] += amount - charge->amount;
	if (charge->amount == 0 && amount > 0)
		DL_APPEND(*list_of(charge), charge);
	if (amount == 0)
		charge_hide(charge);
	charge->amount = amount;
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
		close_if_unused(account);
		return -EDQUOT;
	}
	account->n_charges++;
	*charge = (struct charge){.account = account, .resource = (uint8_t)resource};
	set_amount(charge, amount);
	return 0;
}

int charge_change(struct charge *charge, uint64_t amount, uint64_t limit)
{
	uint64_t others = charge->account->used[charge->resource] - charge->amount, sum;

	if (!checked_add_u64(others, amount, &sum) || (amount > charge->amount && sum > limit))
		return -EDQUOT;
	set_amount(charge, amount);
	return 0;
}

void charge_move(struct charge *to, struct charge *from)
{
	*to = *from;
	if (from->prev)
		DL_REPLACE_ELEM(*list_of(from), from, to);
	*from = (struct charge){.account = NULL};
}

void charge_hide(struct charge *charge)
{
	if (charge->prev)
		DL_DELETE(*list_of(charge), charge);
	charge->prev = charge->next = NULL;
}

void charge_end(struct charge *charge)
{
	struct quota_account *account = charge->account;

	if (!account)
		return;
	set_amount(charge, 0);
	account->n_charges--;
	close_if_unused(account);
	*charge = (struct charge){.account = NULL};
}

const struct charge *quota_charges(const struct quota *quota, uid_t uid, enum resource resource)
{
	const struct quota_account *account = find(quota, uid);

	return account ? account->charges[resource] : NULL;
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
