/*
 * The shares are a ring that is searched from end to end: there are few, and nobody is looked for
 * more often than something is written or left out.
 */
#include "audit_rate.h"

#include <string.h>

#define ROW(name, event, words, own, all) [AUDIT_##name] = {own, all},

static const struct bound {
	uint32_t own;
	uint32_t all;
} bounds[] = {AUDIT_KINDS(ROW)};

static unsigned count_shares(const struct audit_rate *rate)
{
	return rate->n_shares < AUDIT_USERS_MAX ? rate->n_shares : AUDIT_USERS_MAX;
}

static struct audit_share *begin_share(struct audit_rate *rate, uid_t uid)
{
	struct audit_share *share = &rate->shares[rate->n_shares % AUDIT_USERS_MAX];

	if (rate->n_shares >= AUDIT_USERS_MAX)
		for (unsigned i = 0; i < AUDIT_KINDS_N; i++)
			rate->n_forgotten += share->n_left_out[i];
	rate->n_shares++;
	*share = (struct audit_share){.uid = uid};
	return share;
}

static struct audit_share *share_of(struct audit_rate *rate, uid_t uid)
{
	unsigned n = count_shares(rate);

	for (unsigned i = 0; i < n; i++)
		if (rate->shares[i].uid == uid)
			return &rate->shares[i];
	return begin_share(rate, uid);
}

bool audit_rate_admits(struct audit_rate *rate, uid_t uid, enum audit_kind kind)
{
	struct audit_share *share = share_of(rate, uid);
	const struct bound *bound = &bounds[kind];
	uint32_t written = rate->n_written[kind];
	uint32_t own = written < bound->all / 2 ? bound->own : bound->own / 10;

	if (share->n_written[kind] < own && written < bound->all) {
		share->n_written[kind]++;
		rate->n_written[kind]++;
		return true;
	}
	share->n_left_out[kind]++;
	rate->n_left_out++;
	return false;
}

bool audit_rate_is_news(struct audit_rate *rate, uid_t uid, unsigned what)
{
	struct audit_share *share = share_of(rate, uid);
	uint32_t bit = UINT32_C(1) << what;
	bool is_news = !(share->news & bit);

	share->news |= bit;
	return is_news;
}

bool audit_rate_is_over(const struct audit_rate *rate, uint64_t now_ms)
{
	return now_ms >= rate->ends_ms;
}

void audit_rate_begin(struct audit_rate *rate, uint64_t now_ms)
{
	*rate = (struct audit_rate){.ends_ms = now_ms + AUDIT_PERIOD_MS};
}

const struct audit_share *audit_rate_share(const struct audit_rate *rate, unsigned index)
{
	return index < count_shares(rate) ? &rate->shares[index] : NULL;
}
