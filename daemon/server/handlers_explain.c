/*
 * EXPLAIN: the decisions of the other handlers, made for somebody who may not be here, and said
 * instead of done. Whoever changes what OPEN decides changes it here too; e2e.explain compares
 * them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "objects/member.h"
#include "objects/object.h"
#include "rules/backing.h"
#include "server/admission.h"
#include "server/creating.h"
#include "server/handlers.h"
#include "server/managing.h"
#include "server/overdraft.h"
#include "server/peer.h"
#include "server/server.h"

attr_printf(3, 4) static int answer(struct call *call, bool allowed, const char *format, ...)
{
	struct wire_explain_reply *reply = &call->answer->explain_reply;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reply->rule, sizeof(reply->rule), format, arguments);
	va_end(arguments);
	reply->allowed = allowed;
	return WIRE_OUTCOME_DONE;
}

static uint64_t left_of(const struct registry *registry, const struct credentials *subject,
			enum resource resource)
{
	uint64_t limit = registry_limit(registry, subject, resource);
	uint64_t used = quota_used(&registry->quota, subject->uid, resource);

	if (limit == RESOURCE_INFINITY)
		return limit;
	return used < limit ? limit - used : 0;
}

/* Whether nothing is left; then why, as a sentence. */
static bool is_used_up(const struct registry *registry, const struct credentials *subject,
		       enum resource resource, char why[static 256])
{
	if (left_of(registry, subject, resource) > 0)
		return false;
	overdraft_describe(registry, subject, resource, why);
	return true;
}

/* "; left to uid 7: 3 objects, 4096 bytes", and nothing of what has no limit. */
static void describe_left(const struct registry *registry, const struct credentials *subject,
			  char text[static 256])
{
	static const enum resource counted[] = {RESOURCE_OBJECTS, RESOURCE_BYTES,
						RESOURCE_SYSV_SEGMENTS};
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(counted); i++) {
		uint64_t left = left_of(registry, subject, counted[i]);

		if (left == RESOURCE_INFINITY)
			continue;
		if (used == 0)
			used = (size_t)snprintf(text, 256, "; left to uid %u: ", subject->uid);
		else
			used += (size_t)snprintf(text + used, 256 - used, ", ");
		used += (size_t)snprintf(text + used, 256 - used, "%" PRIu64 " %s", left,
					 resource_unit(counted[i]));
	}
}

/* Whether the smallest segment could be had as CREATION; if not, why, as a sentence. */
static bool may_be_segment(struct call *call, const struct creation *creation,
			   char ret_why[static WIRE_REASON_MAX + 1])
{
	const struct registry *registry = call->server->registry;
	const struct credentials *subject = creation->owner;
	struct backing_answer chosen;

	if (creating_choose(call, creation, &chosen) < 0)
		text_copy(ret_why, WIRE_REASON_MAX + 1, call->answer->refusal.reason);
	else if (!is_used_up(registry, subject, RESOURCE_BYTES, ret_why) &&
		 (chosen.backing != WIRE_BACKING_SYSV || creating_has_choice(creation) ||
		  !is_used_up(registry, subject, RESOURCE_SYSV_SEGMENTS, ret_why)))
		return true;
	return false;
}

/* The same for a FIFO. */
static bool may_be_fifo(struct call *call, const struct creation *creation,
			char ret_why[static WIRE_REASON_MAX + 1])
{
	const struct object_plan *plan = &creation->plan;

	if (!creating_allows(creation, WIRE_BACKING_FIFO))
		text_copy(ret_why, WIRE_REASON_MAX + 1, creation->backings_rule);
	else if (creating_check_fifo(call, plan->name, &plan->permission) < 0)
		text_copy(ret_why, WIRE_REASON_MAX + 1, call->answer->refusal.reason);
	else
		return true;
	return false;
}

/* The policy allows it: whether there is anything left that it could be. */
static int explain_kinds(struct call *call, const char *name, const struct credentials *subject,
			 const char *rule)
{
	const struct registry *registry = call->server->registry;
	struct creation creation = {
		.plan = {.name = name,
			 .kind = WIRE_KIND_SEGMENT,
			 .permission = {.uid = subject->uid,
					.gid = subject->gid,
					.mode = WIRE_MODE_DEFAULT}},
		.owner = subject,
	};
	char why[WIRE_REASON_MAX + 1], why_no_fifo[WIRE_REASON_MAX + 1], left[256];
	bool is_fifo, is_segment;

	creating_apply_policy(call, &creation);
	/* Of a user whose group is not known it is some other one. */
	if (subject->gid != CREDENTIALS_NO_GROUP &&
	    managing_check_permission(call, name, &creation.plan.permission) < 0) {
		text_copy(why, sizeof(why), call->answer->refusal.reason);
		return answer(call, false, "%s", why);
	}
	is_fifo = may_be_fifo(call, &creation, why_no_fifo);
	is_segment = may_be_segment(call, &creation, why);
	if (!is_segment && !is_fifo)
		return answer(call, false, "%s", why);
	if (!is_segment)
		return answer(call, true, "%s; but as a FIFO alone: %s", rule, why);
	describe_left(registry, subject, left);
	if (!is_fifo)
		return answer(call, true, "%s; but not as a FIFO (%s)%s", rule, why_no_fifo, left);
	return answer(call, true, "%s%s", rule, left);
}

static int explain_creation(struct call *call, const struct object *object, const char *name,
			    const struct credentials *subject)
{
	const struct registry *registry = call->server->registry;
	struct policy_verdict verdict = {true, "there is no policy: this broker serves one user"};
	char why[256];

	if (object)
		return answer(call, false,
			      "\"%s\" exists already; whoever may open it can, and who wants to be "
			      "the one that creates it has to wait until it is removed",
			      name);
	if (registry->policy && !policy_may_create(registry->policy, subject, name, &verdict))
		return answer(call, false, "%s", verdict.rule);
	if (is_used_up(registry, subject, RESOURCE_OBJECTS, why) ||
	    is_used_up(registry, subject, RESOURCE_HOLDS, why))
		return answer(call, false, "%s", why);
	return explain_kinds(call, name, subject, verdict.rule);
}

static int explain_access(struct call *call, const struct object *object,
			  const struct credentials *subject, unsigned wanted)
{
	static const char *const rules[] = {
		[ACCESS_BY_ROOT] = "root may all",
		[ACCESS_BY_OWNER] = "the owner's bits of the mode",
		[ACCESS_BY_USER] = "the entry for this user",
		[ACCESS_BY_GROUP] = "the group's bits of the mode, and the entries for groups",
		[ACCESS_BY_OTHERS] = "the others' bits of the mode",
	};
	const struct permission *permission = &object->permission;
	bool is_asker = subject->uid == call->peer->member->credentials.uid;
	enum access_rule rule;
	unsigned granted = access_decide(permission, subject, &rule);
	bool is_granted = (granted & wanted) == wanted;
	char why[256];

	if (is_granted && is_used_up(call->server->registry, subject, RESOURCE_HOLDS, why))
		return answer(call, false, "%s", why);
	if (is_granted && is_asker && !call->peer->sysv_is_reached &&
	    object_backing(object) == WIRE_BACKING_SYSV)
		return answer(call, false,
			      "\"%s\" is a System V segment, and this process is in another IPC "
			      "namespace than the broker",
			      object->name);
	return answer(call, is_granted,
		      "%s grant %s; \"%s\" belongs to uid %u, gid %u with mode 0%o", rules[rule],
		      granted ? wire_access_text(granted) : "nothing", object->name,
		      permission->uid, permission->gid, permission->mode);
}

static int explain_managing(struct call *call, const struct object *object,
			    const struct credentials *subject)
{
	uid_t broker = call->server->registry->broker.uid;

	return answer(call, access_may_manage(&object->permission, subject, broker),
		      "only the owner, uid %u, root and the broker's user may",
		      object->permission.uid);
}

/* What is no group, or cannot be told apart, grants nothing that could be found out. */
static bool is_foreign(gid_t gid, const struct credentials *asker)
{
	return gid != CREDENTIALS_NO_GROUP && gid != CREDENTIALS_GID_UNMAPPED &&
	       !credentials_in_group(asker, gid);
}

/* A group of REQUEST that ASKER is not in. */
static bool find_foreign_group(const struct wire_explain_request *request,
			       const struct credentials *asker, gid_t *ret_gid)
{
	*ret_gid = request->gid;
	if (is_foreign(request->gid, asker))
		return true;
	for (unsigned i = 0; i < request->groups.n; i++) {
		*ret_gid = request->groups.ids[i];
		if (is_foreign(request->groups.ids[i], asker))
			return true;
	}
	return false;
}

/* What others may do is told to those who could do it for them; and so is what members of a group
 * may, since that is in lists which not everybody may see. */
static int check_asker(struct call *call, const struct wire_explain_request *request)
{
	const struct credentials *asker = &call->peer->member->credentials;
	gid_t gid;

	if (registry_is_administrator(call->server->registry, asker))
		return 0;
	if (asker->uid != request->uid)
		return call_refuse(call, -EPERM,
				   "what uid %u may do is told to that user, root and "
				   "administrators; you are uid %u",
				   request->uid, asker->uid);
	if (find_foreign_group(request, asker, &gid))
		return call_refuse(call, -EPERM,
				   "what members of group %u may do is told to those, root and "
				   "administrators; ask with the groups that you are in",
				   gid);
	return 0;
}

/* The object that OPEN would find under this name. */
static const struct object *find(struct registry *registry, const char *name)
{
	const struct object *object = registry_find(registry, name);

	return object && object_is_intact(object) ? object : NULL;
}

int handle_explain(struct call *call)
{
	const struct wire_explain_request *request = &call->request->explain_request;
	gid_t groups[WIRE_GIDS_MAX];
	const struct credentials subject = {.uid = request->uid,
					    .gid = request->gid,
					    .n_groups = request->groups.n,
					    .groups = groups};
	const char *fault = wire_name_fault(request->name);
	const struct object *object;
	char why[256];
	int r = check_asker(call, request);

	memcpy(groups, request->groups.ids, request->groups.n * sizeof(groups[0]));
	credentials_sort_groups(groups, request->groups.n);
	if (r < 0)
		return r;
	if (fault)
		return call_refuse(call, -EINVAL, "the name \"%s\" %s", request->name, fault);
	if (request->deed < WIRE_DEED_CREATE || request->deed > WIRE_DEED_MANAGE)
		return call_refuse(call, -EINVAL,
				   "the deed %u is none of create (1), read (2), write (3) and "
				   "manage (4)",
				   request->deed);
	object = find(call->server->registry, request->name);
	if (!object && request->deed != WIRE_DEED_CREATE)
		return call_refuse(call, -ENOENT,
				   "\"%s\" does not exist; \"shmctl list\" shows what does",
				   request->name);
	if (!admission_may(call->server, request->uid, why))
		return answer(call, false, "%s", why);
	switch (request->deed) {
	case WIRE_DEED_CREATE:
		return explain_creation(call, object, request->name, &subject);
	case WIRE_DEED_MANAGE:
		return explain_managing(call, object, &subject);
	default:
		return explain_access(call, object, &subject,
				      request->deed == WIRE_DEED_READ ? WIRE_ACCESS_READ
								      : WIRE_ACCESS_WRITE);
	}
}
