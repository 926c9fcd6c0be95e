/*
 * Which backing a new segment gets: what was asked for where it can say the permission, else, under
 * `auto`, the one that can. A pure function.
 */
#ifndef RULES_BACKING_H
#define RULES_BACKING_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/access.h"

struct backing_question {
	uint8_t wanted;            /* WIRE_BACKING_AUTO, _SYSV or _MEMFD */
	bool wants_key;            /* of System V */
	bool sysv_is_reached;      /* the client is in the broker's IPC namespace */
	bool is_per_user;          /* everybody has the broker's uid */
	bool gid_is_private;       /* nobody but the owner is in the permission's group */
	unsigned backings;         /* that are allowed, a set of POLICY_BACKING() */
	const char *backings_rule; /* which rule of the policy says so */
	bool is_new; /* the owner is to initialise it, so he has to be able to write */
	const struct broker_identity *broker;
	const struct permission *permission;
	const struct credentials *owner;
};

struct backing_answer {
	uint8_t backing;
	struct sysv_grant grant; /* WIRE_BACKING_SYSV: what the segment's bits are to say */
	const char *why;         /* static text: the reason of the choice, or of the refusal */
};

/* Returns 0; -ENOTSUP when what was asked for cannot be had, -EPERM when the policy does not allow
 * it, -EINVAL when it contradicts itself. */
int backing_choose(const struct backing_question *question, struct backing_answer *ret_answer);

/* Whether a segment for which System V has no room may be a memfd instead. BACKINGS are those that
 * are allowed. */
bool backing_has_choice(uint8_t wanted, bool wants_key, unsigned backings);

#endif
