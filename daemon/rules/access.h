/*
 * Decisions about permissions, as pure functions: who may do what with an object, and whether a
 * System V segment can express it.
 */
#ifndef RULES_ACCESS_H
#define RULES_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/credentials.h"

struct permission {
	uid_t uid;
	gid_t gid;
	uint16_t mode; /* 0 to 0666 */
};

/* The set of WIRE_ACCESS_ bits that SUBJECT has. Root has all of them. */
unsigned access_granted(const struct permission *permission, const struct credentials *subject);

/* Whether SUBJECT may remove the object: its owner, root, and the broker's own user. */
bool access_may_manage(const struct permission *permission, const struct credentials *subject,
		       uid_t broker_uid);

/* NULL for a mode that an object can have; else what is wrong with it. A segment knows no
 * write-only access, since mapping for writing allows reading. */
const char *access_mode_fault(bool is_segment, uint16_t mode);

/*
 * Whether the group and other bits of a System V segment whose uid is the broker's say PERMISSION
 * exactly; OWNER is the creator, who is its owner. NULL when they do, else why they do not.
 */
const char *access_sysv_fault(const struct permission *permission, const struct credentials *owner,
			      uid_t broker_uid);

#endif
