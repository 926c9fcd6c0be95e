/*
 * What only an object's owner, root and the broker's own user may do: remove it, replace it, change
 * who may do what with it.
 */
#ifndef SERVER_MANAGING_H
#define SERVER_MANAGING_H

#include "rules/credentials.h"

struct call;
struct object;
struct permission;
struct wire_acl_entry;

/*
 * The object of NAME, which is about to be WHAT ("removed") by the client of CALL. Returns 0, or a
 * refusal.
 */
int managing_find(struct call *call, const char *name, const char *what,
		  struct object **ret_object);

/* Whether the client of CALL may give the object of NAME to group GID, as chown(2) has it: to one
 * that he is in. Returns 0, or a refusal. */
int managing_check_group(struct call *call, const char *name, gid_t gid);

/* NAME cannot have ENTRY: it FAULT, the end of a sentence. Returns -EINVAL. */
int managing_refuse_entry(struct call *call, const char *name, const struct wire_acl_entry *entry,
			  const char *fault);

/* Whether the object of NAME can have PERMISSION's group beside its mode. Returns 0, or a refusal.
 */
int managing_check_permission(struct call *call, const char *name,
			      const struct permission *permission);

/*
 * What is known of the owner of OBJECT: all, when he is the client himself; else what the object
 * knows of him. Nothing in it is owned.
 */
struct credentials managing_owner(const struct call *call, const struct object *object);

#endif
