/*
 * Field by field: neither form is a copy of the other.
 */
#include "core/acl.h"

#include <errno.h>

#include "core/check.h"
#include "core/error.h"

int acl_check_entry(const char *name, const struct shmb_acl_entry *entry)
{
	int r = check_word(name, "subject", entry->subject);

	return r < 0 ? r : check_word(name, "access", entry->access);
}

int acl_to_wire(const char *name, const struct shmb_acl_entry *entries, unsigned n,
		struct wire_acl *ret_acl)
{
	if (n > SHMB_ACL_MAX)
		return error_set(-EINVAL,
				 "\"%s\" cannot have %u entries, only %d; put users into groups",
				 name, n, SHMB_ACL_MAX);
	ret_acl->n = (uint16_t)n;
	for (unsigned i = 0; i < n; i++) {
		int r = acl_check_entry(name, &entries[i]);

		if (r < 0)
			return r;
		ret_acl->entries[i] = (struct wire_acl_entry){
			.subject = (uint8_t)entries[i].subject,
			.access = (uint8_t)entries[i].access,
			.id = entries[i].id,
		};
	}
	return 0;
}

unsigned acl_from_wire(const struct wire_acl *acl,
		       struct shmb_acl_entry entries[static SHMB_ACL_MAX])
{
	for (unsigned i = 0; i < acl->n; i++)
		entries[i] = (struct shmb_acl_entry){
			.subject = acl->entries[i].subject,
			.access = acl->entries[i].access,
			.id = acl->entries[i].id,
		};
	return acl->n;
}
