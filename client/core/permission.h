/*
 * Access control lists on their way between the public form and the protocol's.
 */
#ifndef CORE_PERMISSION_H
#define CORE_PERMISSION_H

#include <shmbroker/permission.h>

#include "wire/messages.h"

/* N entries for a request about NAME. Returns 0, or -EINVAL with a text for too many, or for a
 * number that the protocol cannot say. */
int permission_to_wire(const char *name, const struct shmb_acl_entry *entries, unsigned n,
		       struct wire_acl *ret_acl);

/* Returns the number of entries. */
unsigned permission_from_wire(const struct wire_acl *acl,
			      struct shmb_acl_entry entries[static SHMB_ACL_MAX]);

#endif
