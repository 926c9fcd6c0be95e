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

/* The broker itself, as the kernel sees the segments that it makes. */
struct broker_identity {
	uid_t uid;
	gid_t gid;
	bool group_is_empty; /* nobody but the broker's user is in `gid` */
};

/* The set of WIRE_ACCESS_ bits that SUBJECT has. Root has all of them. */
unsigned access_granted(const struct permission *permission, const struct credentials *subject);

/* Whether SUBJECT may remove the object: its owner, root, and the broker's own user. */
bool access_may_manage(const struct permission *permission, const struct credentials *subject,
		       uid_t broker_uid);

/* Whether a segment, or a FIFO, can be held with ACCESS: memory that can be written can be read,
 * and a FIFO has one direction. */
bool access_fits(bool is_segment, unsigned access);

/* NULL for a mode that an object can have; else what is wrong with it. A segment knows no
 * write-only access, since mapping for writing allows reading. */
const char *access_mode_fault(bool is_segment, uint16_t mode);

/*
 * Whether the group and other bits of a System V segment that BROKER made say PERMISSION exactly;
 * OWNER is who asks for it and will own it. NULL when they do, else why they do not. The kernel
 * grants the group's bits to the maker's group as well.
 */
const char *access_sysv_fault(const struct permission *permission, const struct credentials *owner,
			      const struct broker_identity *broker);

#endif
