/*
 * The policy of the broker: who may create which names, what an object gets when nobody says, how
 * much a user may use up, who administers, and which objects are to be there. Made once, by the
 * configuration, and never changed; every question is pure and is answered without a system call or
 * an allocation.
 *
 * Rules claim prefixes of names at the bounds of components: "sensors/lab" claims that name and
 * everything below it. The longest claimed prefix decides, alone. A question costs at most one look
 * into a table for each component of the name, however many rules there are.
 */
#ifndef RULES_POLICY_H
#define RULES_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/credentials.h"
#include "rules/people.h"
#include "rules/resources.h"
#include "wire/vocabulary.h"

struct declaration;
struct policy;

/*
 * The built-in policy, in which nothing is claimed. BROKER is the uid that the broker runs as.
 * NULL when there is no memory.
 */
struct policy *policy_new(uid_t broker);
void policy_free(struct policy *policy);

struct policy_verdict {
	bool allowed;
	const char *rule; /* what decided, as text; it lives as long as the policy */
};

/*
 * Whether SUBJECT may create NAME, which is a good name. Returns ret_verdict->allowed. Root and the
 * broker's own user always may; else who is listed where the longest claimed prefix is; names that
 * nobody claims are free unless [Defaults] says otherwise.
 */
bool policy_may_create(const struct policy *policy, const struct credentials *subject,
		       const char *name, struct policy_verdict *ret_verdict);

struct policy_defaults {
	uint16_t mode;
	uint8_t lifetime;   /* WIRE_LIFETIME_ */
	uint32_t linger_ms; /* of WIRE_LIFETIME_USED */
	uint8_t backing;    /* of segments: WIRE_BACKING_AUTO, _SYSV or _MEMFD */
	unsigned backings;  /* what may be had: a set of POLICY_BACKING() */
	const char *backings_rule;
};

#define POLICY_BACKING(number) (1u << (number))
#define POLICY_BACKINGS_ALL                                                                        \
	(POLICY_BACKING(WIRE_BACKING_SYSV) | POLICY_BACKING(WIRE_BACKING_MEMFD) |                  \
	 POLICY_BACKING(WIRE_BACKING_FIFO))

/* What an object of this name gets where its creator does not say. */
void policy_defaults(const struct policy *policy, const char *name,
		     struct policy_defaults *ret_defaults);

/*
 * How much of RESOURCE the uid of SUBJECT may use up; RESOURCE_INFINITY for any amount. What is
 * said of the user himself counts before what is said of his groups, the most generous of these
 * before what is said of everybody; root and the broker's own user have only what is said of them.
 * Two subjects of one uid can have different groups, and so limits.
 */
uint64_t policy_limit(const struct policy *policy, const struct credentials *subject,
		      enum resource resource);

/* Where that limit comes from, as text; it lives as long as the policy. */
const char *policy_limit_rule(const struct policy *policy, const struct credentials *subject,
			      enum resource resource);

/* Which of the groups of SUBJECT it is whose limit counts; CREDENTIALS_NO_GROUP where it comes from
 * elsewhere. */
gid_t policy_limiting_group(const struct policy *policy, const struct credentials *subject,
			    enum resource resource);

/* Root, the broker's own user, and whom the configuration lists. */
bool policy_is_administrator(const struct policy *policy, const struct credentials *subject);

/* The first of the objects that the configuration declares, or NULL. */
const struct declaration *policy_declarations(const struct policy *policy);

/* Where the broker's figures are served, and to whom beside root and the broker's own user. */
struct policy_metrics {
	char *socket; /* NULL: nowhere; owned */
	struct people readers;
};

const struct policy_metrics *policy_metrics(const struct policy *policy);

/* Whether the configuration says that nobody but UID is in GID. */
bool policy_is_private_group(const struct policy *policy, gid_t gid, uid_t uid);

#endif
