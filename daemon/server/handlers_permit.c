/*
 * PERMIT: one change of who may do what. The permission that would come of it is made whole and
 * judged like that of a new object, and only then takes the place of the old.
 */
#include <errno.h>
#include <string.h>

#include "objects/hold.h"
#include "objects/object.h"
#include "objects/registry.h"
#include "rules/backing.h"
#include "rules/policy.h"
#include "server/creating.h"
#include "server/handlers.h"
#include "server/keeping.h"
#include "server/managing.h"
#include "server/overdraft.h"

/* A permission under change, with room for one entry more than there may be. */
struct draft {
	struct permission permission;
	struct permission_change change;
	struct wire_acl_entry entries[WIRE_ACL_MAX + 1];
};

static void draft_init(struct draft *draft, const struct object *object)
{
	draft->permission = object->permission;
	draft->permission.acl = draft->entries;
	for (unsigned i = 0; i < object->permission.n_acl; i++)
		draft->entries[i] = object->permission.acl[i];
}

static int change_mode(struct call *call, const struct object *object, struct draft *draft)
{
	const struct wire_permit_request *request = &call->request->permit_request;
	const char *fault = access_mode_fault(object->kind == WIRE_KIND_SEGMENT, request->mode);

	if (fault)
		return call_refuse(call, -EINVAL, "\"%s\" cannot have the mode 0%o: it %s",
				   object->name, request->mode, fault);
	draft->permission.mode = request->mode;
	draft->change = (struct permission_change){.kind = WIRE_CHANGE_MODE};
	return 0;
}

/* As chown(2) has it: to a group that the client is in. */
static int change_group(struct call *call, const struct object *object, struct draft *draft)
{
	const struct wire_permit_request *request = &call->request->permit_request;
	int r = managing_check_group(call, object->name, request->gid);

	if (r < 0)
		return r;
	if (access_find_entry(&draft->permission, WIRE_SUBJECT_GROUP, request->gid))
		return call_refuse(call, -EEXIST,
				   "\"%s\" cannot be given to group %u, which has an entry of its "
				   "own; revoke that first",
				   object->name, request->gid);
	draft->permission.gid = request->gid;
	draft->change = (struct permission_change){.kind = WIRE_CHANGE_GROUP};
	return 0;
}

static int grant_entry(struct call *call, const struct object *object, struct draft *draft)
{
	const struct wire_permit_request *request = &call->request->permit_request;
	struct wire_acl_entry entry = {request->subject, request->access, request->id};
	const char *fault =
		access_entry_fault(object->kind == WIRE_KIND_SEGMENT, &draft->permission, &entry);
	struct wire_acl_entry *place;

	if (fault)
		return managing_refuse_entry(call, object->name, &entry, fault);
	place = (struct wire_acl_entry *)access_find_entry(&draft->permission, entry.subject,
							   entry.id);
	if (!place)
		place = &draft->entries[draft->permission.n_acl++];
	*place = entry;
	draft->change = (struct permission_change){WIRE_CHANGE_GRANT, entry};
	if (draft->permission.n_acl > WIRE_ACL_MAX)
		return call_refuse(call, -ENOSPC,
				   "\"%s\" has %d entries, which is as many as may be; revoke one, "
				   "or put its users into a group",
				   object->name, WIRE_ACL_MAX);
	return 0;
}

static int revoke_entry(struct call *call, const struct object *object, struct draft *draft)
{
	const struct wire_permit_request *request = &call->request->permit_request;
	const struct wire_acl_entry *entry =
		access_find_entry(&draft->permission, request->subject, request->id);
	size_t at;

	if (!entry)
		return call_refuse(call, -ENOENT,
				   "\"%s\" has no entry %s:%u; \"shmctl show\" lists those it has",
				   object->name, wire_subject_text(request->subject), request->id);
	draft->change = (struct permission_change){WIRE_CHANGE_REVOKE, *entry};
	at = (size_t)(entry - draft->entries);
	draft->permission.n_acl--;
	memmove(&draft->entries[at], &draft->entries[at + 1],
		(draft->permission.n_acl - at) * sizeof(draft->entries[0]));
	return 0;
}

static int change(struct call *call, const struct object *object, struct draft *draft)
{
	switch (call->request->permit_request.change) {
	case WIRE_CHANGE_MODE:
		return change_mode(call, object, draft);
	case WIRE_CHANGE_GROUP:
		return change_group(call, object, draft);
	case WIRE_CHANGE_GRANT:
		return grant_entry(call, object, draft);
	case WIRE_CHANGE_REVOKE:
		return revoke_entry(call, object, draft);
	default:
		return call_refuse(call, -EINVAL,
				   "the change %u of \"%s\" is none of mode (1), group (2), grant "
				   "(3) and revoke (4)",
				   call->request->permit_request.change, object->name);
	}
}

/* What System V has to be told, where that is the backing: it has to be able to say it. So does a
 * FIFO; a memfd can say everything. */
static int find_grant(struct call *call, const struct object *object, const struct draft *draft,
		      const struct credentials *owner, struct sysv_grant *ret_grant)
{
	struct creation same = {
		.plan = {.name = object->name, .permission = draft->permission},
		.wanted = object_backing(object),
		.backings = POLICY_BACKINGS_ALL, /* what there is may stay */
		.owner = owner,
		.is_there = true,
		.was_sysv = true,
	};
	struct backing_answer answer;
	int r;

	*ret_grant = object->grant;
	if (object->kind == WIRE_KIND_FIFO)
		return creating_check_fifo(call, object->name, &draft->permission);
	if (object_backing(object) != WIRE_BACKING_SYSV)
		return 0;
	r = creating_choose(call, &same, &answer);
	if (r == -ENOTSUP)
		return call_refuse(call, r,
				   "\"%s\" is a System V segment, which cannot say that: %s; "
				   "replace it by a memfd first (shmctl replace --backing memfd)",
				   object->name, answer.why);
	if (r == 0)
		*ret_grant = answer.grant;
	return r;
}

int handle_permit(struct call *call)
{
	struct object *object;
	struct draft draft;
	struct credentials owner;
	struct sysv_grant grant;
	int r = managing_find(call, call->request->permit_request.name, "changed", &object);

	if (r < 0)
		return r;
	draft_init(&draft, object);
	r = change(call, object, &draft);
	if (r == 0)
		r = managing_check_permission(call, object->name, &draft.permission);
	if (r < 0)
		return r;
	owner = managing_owner(call, object);
	r = find_grant(call, object, &draft, &owner, &grant);
	if (r < 0)
		return r;
	r = object_permit(object, &draft.permission, &grant, &draft.change, &owner);
	if (r == -EDQUOT)
		return overdraft_refuse(call, object->name, &owner, RESOURCE_ACL_ENTRIES);
	if (r == -ENOTSUP)
		return call_refuse(call, r,
				   "\"%s\" keeps its permission: another needs an ACL, which the "
				   "file system of the FIFO directory does not have",
				   object->name);
	if (keeping_failed(r))
		return keeping_refuse(call, object->name, r, 0);
	if (r < 0)
		return call_refuse(call, r,
				   "\"%s\" keeps its permission: %s (changing its backing)",
				   object->name, strerror(-r));
	call->answer->permit_reply.beyond = object_holders_beyond(object);
	return WIRE_OUTCOME_DONE;
}
