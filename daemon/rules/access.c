/*
 * The classic order of a mode: the owner's bits bind the owner, else the group's bits bind members
 * of the group, else the others' bits count.
 */
#include "rules/access.h"

#include <stddef.h>

#include "wire/vocabulary.h"

#define CLASS_BITS 06u

/* rw as mode bits to access bits: r is 4 and w is 2 there, 1 and 2 here. */
static unsigned bits_to_access(unsigned bits)
{
	return ((bits & 4u) ? WIRE_ACCESS_READ : 0u) | ((bits & 2u) ? WIRE_ACCESS_WRITE : 0u);
}

unsigned access_granted(const struct permission *permission, const struct credentials *subject)
{
	if (subject->uid == 0)
		return WIRE_ACCESS_BOTH;
	if (subject->uid == permission->uid)
		return bits_to_access(permission->mode >> 6);
	if (credentials_in_group(subject, permission->gid))
		return bits_to_access(permission->mode >> 3);
	return bits_to_access(permission->mode);
}

bool access_may_manage(const struct permission *permission, const struct credentials *subject,
		       uid_t broker_uid)
{
	return subject->uid == 0 || subject->uid == permission->uid || subject->uid == broker_uid;
}

bool access_fits(bool is_segment, unsigned access)
{
	return access == WIRE_ACCESS_READ ||
	       access == (is_segment ? WIRE_ACCESS_BOTH : WIRE_ACCESS_WRITE);
}

const char *access_mode_fault(bool is_segment, uint16_t mode)
{
	if (mode & ~0666u)
		return "may only have read and write bits, octal 0 to 0666";
	for (unsigned shift = 0; is_segment && shift <= 6; shift += 3)
		if (((mode >> shift) & CLASS_BITS) == 2u)
			return "cannot give a class write without read: memory that can be written "
			       "can be read";
	return NULL;
}

const char *access_sysv_fault(const struct permission *permission, const struct credentials *owner,
			      const struct broker_identity *broker)
{
	unsigned owner_bits = (permission->mode >> 6) & CLASS_BITS;
	unsigned group_bits = (permission->mode >> 3) & CLASS_BITS;
	unsigned other_bits = permission->mode & CLASS_BITS;
	bool in_group = credentials_in_group(owner, permission->gid);

	if (group_bits != other_bits && permission->gid != broker->gid && !broker->group_is_empty)
		return "the broker's own group has members, and System V would grant them what its "
		       "group has";
	/* These two the kernel never stops, so there is nothing to express. */
	if (permission->uid == broker->uid || permission->uid == 0)
		return NULL;
	if (owner_bits == (in_group ? group_bits : other_bits))
		return NULL;
	return in_group
		       ? "its owner and its group may do different things, which System V can only "
			 "say of the broker's user"
		       : "its owner is a single user outside its group, which System V cannot name";
}
