/*
 * One look-up and one rule for all that manage.
 */
#include "server/managing.h"

#include <errno.h>

#include "objects/member.h"
#include "objects/object.h"
#include "server/dispatch.h"
#include "server/peer.h"
#include "server/server.h"
#include "wire/vocabulary.h"

int managing_find(struct call *call, const char *name, const char *what, struct object **ret_object)
{
	const char *fault = wire_name_fault(name);
	struct registry *registry = call->server->registry;
	const struct credentials *subject = &call->peer->member->credentials;
	struct object *object;

	if (fault)
		return call_refuse(call, -EINVAL, "the name \"%s\" %s", name, fault);
	object = registry_find(registry, name);
	if (!object)
		return call_refuse(call, -ENOENT, "\"%s\" does not exist, so it cannot be %s", name,
				   what);
	if (!access_may_manage(&object->permission, subject, registry->broker.uid))
		return call_refuse(call, -EPERM,
				   "\"%s\" belongs to uid %u, so it cannot be %s by uid %u: only "
				   "its owner and root may",
				   name, object->permission.uid, what, subject->uid);
	*ret_object = object;
	return 0;
}

int managing_check_group(struct call *call, const char *name, gid_t gid)
{
	const struct credentials *subject = &call->peer->member->credentials;

	if (gid == CREDENTIALS_GID_UNMAPPED || gid == CREDENTIALS_NO_GROUP)
		return call_refuse(call, -EINVAL,
				   "\"%s\" cannot be given to group %u, which stands for nobody in "
				   "particular; take another one",
				   name, gid);
	if (subject->uid == 0 || credentials_in_group(subject, gid))
		return 0;
	return call_refuse(call, -EPERM,
			   "\"%s\" cannot be given to group %u: you are not in it; take one of "
			   "yours, or grant it an entry (g:GROUP:rw)",
			   name, gid);
}

int managing_refuse_entry(struct call *call, const char *name, const struct wire_acl_entry *entry,
			  const char *fault)
{
	return call_refuse(call, -EINVAL, "\"%s\" cannot have the entry %s:%u: it %s", name,
			   wire_subject_text(entry->subject), entry->id, fault);
}

int managing_check_permission(struct call *call, const char *name,
			      const struct permission *permission)
{
	const char *fault = access_group_fault(permission);

	if (!fault)
		return 0;
	return call_refuse(call, -EINVAL,
			   "\"%s\" cannot have group %u and mode 0%o: that group %s; take another "
			   "group (chgrp, --group), or a mode with the same for group and others",
			   name, permission->gid, permission->mode, fault);
}

struct credentials managing_owner(const struct call *call, const struct object *object)
{
	const struct credentials *subject = &call->peer->member->credentials;

	return subject->uid == object->permission.uid ? *subject : object_owner(object);
}
