/*
 * Access control lists on their way between the public form and the protocol's.
 */
#ifndef CORE_ACL_H
#define CORE_ACL_H

#include <shmbroker/permission.h>

#include "wire/messages.h"

/* N entries for a request about NAME. Returns 0, or -EINVAL with a text for too many, or for a
 * number that the protocol cannot say. */
int acl_to_wire(const char *name, const struct shmb_acl_entry *entries, unsigned n,
		struct wire_acl *ret_acl);

/* One of them alone: as check_word(). */
int acl_check_entry(const char *name, const struct shmb_acl_entry *entry);

/* Returns the number of entries. */
unsigned acl_from_wire(const struct wire_acl *acl,
		       struct shmb_acl_entry entries[static SHMB_ACL_MAX]);

#endif
