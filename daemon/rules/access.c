/*
 * The order of POSIX access control lists, one function a question.
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

static unsigned access_to_bits(unsigned access)
{
	return ((access & WIRE_ACCESS_READ) ? 4u : 0u) | ((access & WIRE_ACCESS_WRITE) ? 2u : 0u);
}

/* What SUBJECT has as a member of groups. Returns false when he is in none that counts. */
static bool granted_by_groups(const struct permission *permission,
			      const struct credentials *subject, unsigned *ret_access)
{
	bool is_member = credentials_in_group(subject, permission->gid);
	unsigned access = is_member ? bits_to_access(permission->mode >> 3) : 0;

	for (unsigned i = 0; i < permission->n_acl; i++) {
		const struct wire_acl_entry *entry = &permission->acl[i];

		if (entry->subject != WIRE_SUBJECT_GROUP ||
		    !credentials_in_group(subject, entry->id))
			continue;
		is_member = true;
		access |= entry->access;
	}
	*ret_access = access;
	return is_member;
}

unsigned access_decide(const struct permission *permission, const struct credentials *subject,
		       enum access_rule *ret_rule)
{
	const struct wire_acl_entry *own;
	unsigned access;

	*ret_rule = ACCESS_BY_ROOT;
	if (subject->uid == 0)
		return WIRE_ACCESS_BOTH;
	*ret_rule = ACCESS_BY_OWNER;
	if (subject->uid == permission->uid)
		return bits_to_access(permission->mode >> 6);
	*ret_rule = ACCESS_BY_USER;
	own = access_find_entry(permission, WIRE_SUBJECT_USER, subject->uid);
	if (own)
		return own->access;
	*ret_rule = ACCESS_BY_GROUP;
	if (granted_by_groups(permission, subject, &access))
		return access;
	*ret_rule = ACCESS_BY_OTHERS;
	return bits_to_access(permission->mode);
}

unsigned access_granted(const struct permission *permission, const struct credentials *subject)
{
	enum access_rule rule;

	return access_decide(permission, subject, &rule);
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

const char *access_group_fault(const struct permission *permission)
{
	if (permission->gid == CREDENTIALS_NO_GROUP)
		return "is no group";
	if (permission->gid == CREDENTIALS_GID_UNMAPPED &&
	    ((permission->mode >> 3) & CLASS_BITS) != (permission->mode & CLASS_BITS))
		return "stands for all groups that cannot be told apart, and so may have no more "
		       "and no less than everybody";
	return NULL;
}

const char *access_entry_fault(bool is_segment, const struct permission *permission,
			       const struct wire_acl_entry *entry)
{
	if (entry->subject != WIRE_SUBJECT_USER && entry->subject != WIRE_SUBJECT_GROUP)
		return "is neither for a user (1) nor for a group (2)";
	if (entry->id == CREDENTIALS_UID_UNMAPPED || entry->id == UINT32_MAX)
		return "is for an id that stands for nobody in particular";
	if (entry->access < WIRE_ACCESS_READ || entry->access > WIRE_ACCESS_BOTH)
		return "grants neither r nor rw; revoke it where nothing is to be granted";
	if (is_segment && entry->access == WIRE_ACCESS_WRITE)
		return "cannot grant write without read: memory that can be written can be read";
	if (entry->subject == WIRE_SUBJECT_USER && entry->id == permission->uid)
		return "is for the owner, whose access is in the mode; use chmod";
	if (entry->subject == WIRE_SUBJECT_GROUP && entry->id == permission->gid)
		return "is for the object's own group, whose access is in the mode; use chmod";
	return NULL;
}

const char *access_list_fault(bool is_segment, const struct permission *permission,
			      unsigned *ret_at)
{
	for (unsigned i = 0; i < permission->n_acl; i++) {
		const struct wire_acl_entry *entry = &permission->acl[i];
		const char *fault = access_entry_fault(is_segment, permission, entry);

		if (!fault && access_find_entry(permission, entry->subject, entry->id) != entry)
			fault = "comes twice; give each user and group one entry";
		if (fault) {
			*ret_at = i;
			return fault;
		}
	}
	return NULL;
}

const struct wire_acl_entry *access_find_entry(const struct permission *permission, uint8_t subject,
					       uint32_t id)
{
	for (unsigned i = 0; i < permission->n_acl; i++)
		if (permission->acl[i].subject == subject && permission->acl[i].id == id)
			return &permission->acl[i];
	return NULL;
}

/* Whether GRANTED has all of ACCESS. */
static bool includes(unsigned granted, unsigned access)
{
	return (granted | access) == granted;
}

const char *access_fifo_fault(const struct permission *permission,
			      const struct broker_identity *broker)
{
	unsigned others = bits_to_access(permission->mode);
	bool all_groups_have_it = permission->gid == CREDENTIALS_GID_UNMAPPED ||
				  includes(bits_to_access(permission->mode >> 3), others);

	for (unsigned i = 0; i < permission->n_acl; i++)
		if (permission->acl[i].subject == WIRE_SUBJECT_GROUP)
			all_groups_have_it &= includes(permission->acl[i].access, others);
	if (broker->group_is_empty || all_groups_have_it)
		return NULL;
	return "the broker's own group has members, and the kernel would grant them what everybody "
	       "has also where a group of theirs may do less";
}

/* The one group that a System V segment can name: the object's own, or that of the only entry when
 * the own group may do no more than everybody. */
static const char *choose_group(const struct permission *permission, struct sysv_grant *grant)
{
	unsigned own = (permission->mode >> 3) & CLASS_BITS;
	unsigned others = permission->mode & CLASS_BITS;
	unsigned granted;

	*grant = (struct sysv_grant){permission->gid, (uint16_t)(own << 3 | others)};
	if (permission->n_acl == 0)
		return NULL;
	if (permission->n_acl > 1 || permission->acl[0].subject != WIRE_SUBJECT_GROUP)
		return "its access control list names single users or several groups, and System V "
		       "knows one group and everybody else";
	granted = access_to_bits(permission->acl[0].access);
	if (own != others || (granted | own) != granted)
		return "its own group and the group of its access control list may do different "
		       "things, and System V knows one group and everybody else";
	*grant = (struct sysv_grant){permission->acl[0].id, (uint16_t)(granted << 3 | others)};
	return NULL;
}

#define MAKERS_GROUP_HAS_MEMBERS                                                                   \
	"the broker's own group has members, and System V would grant them what its group has"

static const char *check_makers_group(const struct sysv_grant *grant,
				      const struct broker_identity *broker)
{
	if (((grant->mode >> 3) & CLASS_BITS) != (grant->mode & CLASS_BITS) &&
	    grant->gid != broker->gid && !broker->group_is_empty)
		return MAKERS_GROUP_HAS_MEMBERS;
	return NULL;
}

const char *access_sysv_private(const struct permission *permission,
				const struct broker_identity *broker, struct sysv_grant *ret_grant)
{
	unsigned owner_bits = (permission->mode >> 6) & CLASS_BITS;
	unsigned other_bits = permission->mode & CLASS_BITS;
	const struct sysv_grant grant = {permission->gid, (uint16_t)(owner_bits << 3 | other_bits)};
	const char *fault = check_makers_group(&grant, broker);

	if (permission->n_acl > 0)
		fault = "its access control list names others beside its owner, and System V knows "
			"one group and everybody else";
	if (!fault)
		*ret_grant = grant;
	return fault;
}

const char *access_sysv_fault(const struct permission *permission, const struct credentials *owner,
			      const struct broker_identity *broker, struct sysv_grant *ret_grant)
{
	unsigned owner_bits = (permission->mode >> 6) & CLASS_BITS;
	struct sysv_grant grant;
	unsigned group_bits, other_bits;
	const char *fault = choose_group(permission, &grant);
	bool in_group;

	if (fault)
		return fault;
	if (grant.gid == CREDENTIALS_GID_UNMAPPED)
		grant.gid = broker->gid; /* one that there is; it has what everybody has */
	group_bits = (grant.mode >> 3) & CLASS_BITS;
	other_bits = grant.mode & CLASS_BITS;
	in_group = credentials_in_group(owner, grant.gid);
	fault = check_makers_group(&grant, broker);
	if (fault)
		return fault;
	/* The broker's user and root the kernel never stops, so there is nothing to express. */
	if (permission->uid != broker->uid && permission->uid != 0 &&
	    owner_bits != (in_group ? group_bits : other_bits))
		return in_group ? "its owner and its group may do different things, which System V "
				  "can only say of the broker's user"
				: "its owner is a single user outside its group, which System V "
				  "cannot name";
	*ret_grant = grant;
	return NULL;
}

const char *access_sysv_excess(const struct permission *permission, const struct sysv_grant *grant,
			       bool is_private, const struct broker_identity *broker)
{
	const struct wire_acl_entry *entry =
		access_find_entry(permission, WIRE_SUBJECT_GROUP, grant->gid);
	unsigned granted = bits_to_access(grant->mode >> 3);
	unsigned said = bits_to_access(permission->mode);

	if (!broker->group_is_empty && grant->gid != broker->gid && !includes(said, granted))
		return MAKERS_GROUP_HAS_MEMBERS;
	if (entry)
		said = entry->access;
	else if (grant->gid == permission->gid)
		said = bits_to_access(permission->mode >> 3);
	if (!is_private && !includes(said, granted))
		return "its group is not private to its owner any more (PrivateGroups=)";
	return NULL;
}
