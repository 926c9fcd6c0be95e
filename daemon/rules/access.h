/*
 * Decisions about permissions, as pure functions: who may do what with an object, whether a change
 * of that makes sense, and whether a System V segment can express it.
 */
#ifndef RULES_ACCESS_H
#define RULES_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/credentials.h"
#include "wire/messages.h"

/* What an object grants. The list is borrowed: whoever keeps a permission keeps that too. */
struct permission {
	uid_t uid;
	gid_t gid;
	uint16_t mode;  /* 0 to 0666 */
	uint16_t n_acl; /* at most WIRE_ACL_MAX */
	const struct wire_acl_entry *acl;
};

/* The broker itself, as the kernel sees the segments that it makes. */
struct broker_identity {
	uid_t uid;
	gid_t gid;
	bool group_is_empty; /* nobody but the broker's user is in `gid` */
};

/* What System V can say beside the maker's own access: one group, and everybody else. */
struct sysv_grant {
	gid_t gid;
	uint16_t mode; /* bits of the group and of the others */
};

/*
 * The set of WIRE_ACCESS_ bits that SUBJECT has. The first that fits decides: root has all; the
 * owner what the owner's bits say; a user with an entry of his own what that says; a member of the
 * group or of groups with an entry what any of these says; everybody else the others' bits. It is
 * the order of POSIX access control lists, by which the kernel judges FIFOs.
 */
unsigned access_granted(const struct permission *permission, const struct credentials *subject);

/* Which of these decided. */
enum access_rule {
	ACCESS_BY_ROOT,
	ACCESS_BY_OWNER,
	ACCESS_BY_USER,
	ACCESS_BY_GROUP,
	ACCESS_BY_OTHERS
};

/* The same, with the rule. */
unsigned access_decide(const struct permission *permission, const struct credentials *subject,
		       enum access_rule *ret_rule);

/* Whether SUBJECT may change and remove the object: its owner, root, and the broker's own user. */
bool access_may_manage(const struct permission *permission, const struct credentials *subject,
		       uid_t broker_uid);

/* Whether a segment, or a FIFO, can be held with ACCESS: memory that can be written can be read,
 * and a FIFO has one direction. */
bool access_fits(bool is_segment, unsigned access);

/* NULL for a mode that an object can have; else what is wrong with it. A segment knows no
 * write-only access, since mapping for writing allows reading. */
const char *access_mode_fault(bool is_segment, uint16_t mode);

/*
 * NULL where PERMISSION's own group can be what it is, beside the mode; else what is wrong with it.
 * A group that stands for all that cannot be mapped may have what everybody has, so that it says
 * nothing: it is the own group of many a service.
 */
const char *access_group_fault(const struct permission *permission);

/*
 * NULL for an entry that PERMISSION's list can have, whatever else is in it; else what is wrong
 * with it. The owner and the object's own group have the mode instead.
 */
const char *access_entry_fault(bool is_segment, const struct permission *permission,
			       const struct wire_acl_entry *entry);

/* The same for a whole list: each entry, and no user or group twice. *ret_at is the faulty one. */
const char *access_list_fault(bool is_segment, const struct permission *permission,
			      unsigned *ret_at);

/* The entry for this user or group, or NULL. */
const struct wire_acl_entry *access_find_entry(const struct permission *permission, uint8_t subject,
					       uint32_t id);

/*
 * NULL where a FIFO that BROKER made can say PERMISSION exactly; else why not. Its file belongs to
 * the broker's group, whose members the kernel grants what that group has, whatever else they are
 * in; so they can be granted what everybody is, but not less.
 */
const char *access_fifo_fault(const struct permission *permission,
			      const struct broker_identity *broker);

/*
 * How a System V segment that BROKER made says PERMISSION, exactly and for everybody; OWNER is who
 * owns it, or asks for it and will. Returns NULL with the grant, or why there is none. The kernel
 * grants the group's bits to the maker's group as well.
 */
const char *access_sysv_fault(const struct permission *permission, const struct credentials *owner,
			      const struct broker_identity *broker, struct sysv_grant *ret_grant);

/*
 * The same where nobody but the owner is in the permission's group: its bits can say then what the
 * owner may do.
 */
const char *access_sysv_private(const struct permission *permission,
				const struct broker_identity *broker, struct sysv_grant *ret_grant);

/*
 * NULL where GRANT, by which BROKER made a segment that said PERMISSION, still grants nobody but
 * its owner more than that; else why it does not. IS_PRIVATE: nobody but the owner is in the
 * permission's group.
 */
const char *access_sysv_excess(const struct permission *permission, const struct sysv_grant *grant,
			       bool is_private, const struct broker_identity *broker);

#endif
