/*
 * How much is written down: a share for each user and kind of entry, so that nobody can hide what
 * others do behind what he does himself; and a bound for all users together, since one person can
 * have many uids (/etc/subuid) and journald drops what a service writes beyond 10,000 entries in
 * 30 s, whatever it is. When half of that bound is used up a share is a tenth
 * of what it was: who has had much stands back for the others.
 *
 * Time is counted in periods, and given with each call. What was left out in a period is counted
 * for each user, to be told at its end.
 *
 * Of the holders of what is overdrawn there can be many, and so many entries; but the same is news
 * only once in a period.
 *
 * Users are remembered for the period, so many at a time. The one remembered longest is given up
 * for another: he has a new share then, within the bound for all.
 */
#ifndef DAEMON_AUDIT_RATE_H
#define DAEMON_AUDIT_RATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define AUDIT_PERIOD_MS 10000u
#define AUDIT_USERS_MAX 64u

// clang-format off

/* NAME, SHMBROKER_EVENT, what is left out is called, entries in a period for each user, for all */
#define AUDIT_KINDS(ROW)							\
	ROW(CREATED,     "created",   "created",      50, 300)		\
	ROW(GRANTED,     "granted",   "granted",      50, 300)		\
	ROW(DENIED,      "denied",    "denied",       50, 300)		\
	ROW(TURNED_AWAY, "denied",    "turned away",  10, 100)		\
	ROW(PERMITTED,   "permitted", "permitted",    50, 300)		\
	ROW(REMOVED,     "removed",   "removed",      50, 300)		\
	ROW(OVERDRAWN,   "overdrawn", "overdrawn",   256, 1000)

// clang-format on

#define AUDIT_ENUMERATOR(name, event, words, own, all) AUDIT_##name,

enum audit_kind { AUDIT_KINDS(AUDIT_ENUMERATOR) AUDIT_KINDS_N };

/* What one user had of a period. */
struct audit_share {
	uid_t uid;
	uint32_t news; /* a bit for each thing that was asked about */
	uint32_t n_written[AUDIT_KINDS_N];
	uint32_t n_left_out[AUDIT_KINDS_N];
};

/* Zeroed it is in a period that is over. */
struct audit_rate {
	uint64_t ends_ms;
	uint32_t n_shares; /* that began in this period; the last AUDIT_USERS_MAX are remembered */
	struct audit_share shares[AUDIT_USERS_MAX];
	uint32_t n_written[AUDIT_KINDS_N]; /* of all users */
	uint32_t n_left_out;               /* of all users and kinds */
	uint32_t n_forgotten;              /* of these, of users who were given up */
};

/* Whether an entry of KIND about what UID did may be written; else it is counted as left out. */
bool audit_rate_admits(struct audit_rate *rate, uid_t uid, enum audit_kind kind);

/* Whether it is the first time in this period that WHAT, a number below 32, is asked about UID. */
bool audit_rate_is_news(struct audit_rate *rate, uid_t uid, unsigned what);

bool audit_rate_is_over(const struct audit_rate *rate, uint64_t now_ms);

/* A new period begins, with nothing of the one before. */
void audit_rate_begin(struct audit_rate *rate, uint64_t now_ms);

/* Those who are remembered: NULL for an INDEX beyond the last. */
const struct audit_share *audit_rate_share(const struct audit_rate *rate, unsigned index);

#endif
