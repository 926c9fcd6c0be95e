/*
 * A backing that cannot say the permission is refused with the reason. Under `auto` one that can is
 * taken, and memfd also where the machine has no room for another System V segment.
 */
#include "server/creating.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "objects/member.h"
#include "objects/storage.h"
#include "rules/backing.h"
#include "rules/policy.h"
#include "server/dispatch.h"
#include "server/keeping.h"
#include "server/managing.h"
#include "server/overdraft.h"
#include "server/peer.h"
#include "server/postponed.h"
#include "server/server.h"

int creating_check(struct call *call, const char *name, uint8_t backing, uint64_t size)
{
	if (backing > WIRE_BACKING_MEMFD)
		return call_refuse(call, -EINVAL,
				   "\"%s\" is asked for with backing %u, which is none of "
				   "auto (0), sysv (1) and memfd (2)",
				   name, backing);
	if (size > WIRE_SIZE_MAX)
		return call_refuse(call, -EFBIG,
				   "\"%s\" is asked for with %" PRIu64 " bytes, more than "
				   "a process can map (2^47)",
				   name, size);
	return 0;
}

int creating_check_policy(struct call *call, const char *name)
{
	const struct policy *policy = call->server->registry->policy;
	const struct credentials *subject = &call->peer->member->credentials;
	struct policy_verdict verdict;

	if (!policy || policy_may_create(policy, subject, name, &verdict))
		return 0;
	return call_refuse(call, -EACCES, "\"%s\" may not be created by uid %u (%s)", name,
			   subject->uid, verdict.rule);
}

void creating_apply_policy(const struct call *call, struct creation *creation)
{
	const struct policy *policy = call->server->registry->policy;
	struct policy_defaults defaults = {.mode = 0600,
					   .lifetime = WIRE_LIFETIME_USED,
					   .backings = POLICY_BACKINGS_ALL};
	struct object_plan *plan = &creation->plan;

	if (policy)
		policy_defaults(policy, plan->name, &defaults);
	if (plan->permission.mode == WIRE_MODE_DEFAULT)
		plan->permission.mode = defaults.mode;
	if (plan->lifetime == WIRE_LIFETIME_DEFAULT) {
		plan->lifetime = defaults.lifetime;
		if (plan->linger_ms == 0)
			plan->linger_ms = defaults.linger_ms;
	}
	if (creation->wanted == WIRE_BACKING_AUTO && !creation->wants_key)
		creation->wanted = defaults.backing;
	creation->backings = defaults.backings;
	creation->backings_rule = defaults.backings_rule;
}

bool creating_allows(const struct creation *creation, uint8_t backing)
{
	return creation->backings & POLICY_BACKING(backing);
}

static const char *what_to_do_without_room(const struct creation *creation)
{
	switch (creation->plan.backing) {
	case WIRE_BACKING_FIFO:
		return "make room in the file system of the FIFO directory";
	case WIRE_BACKING_SYSV:
		return creating_allows(creation, WIRE_BACKING_MEMFD)
			       ? "see \"ipcs -lm\" and \"ipcs -um\", or ask for memfd"
			       : "see \"ipcs -lm\" and \"ipcs -um\"; no memfd is allowed there";
	default:
		return "ask for less, or end what uses the memory";
	}
}

/* Only what the policy allows is advised. */
static const char *what_to_do_without_sysv(const struct creation *creation)
{
	if (creation->wants_key)
		return "ask without a key, or for another mode or group";
	return creating_allows(creation, WIRE_BACKING_MEMFD)
		       ? "ask for memfd, or another mode or group"
		       : "ask for another mode or group; memfd is not allowed there";
}

static int refuse(struct call *call, const struct creation *creation, int r)
{
	const struct object_plan *plan = &creation->plan;
	bool is_fifo = plan->kind == WIRE_KIND_FIFO;
	const char *what = is_fifo ? "FIFO" : wire_backing_text(plan->backing);

	switch (r) {
	case -ENOSPC:
	case -ENOMEM:
		return call_refuse(call, r,
				   "\"%s\" cannot be created: the machine has no room for "
				   "another %s of %" PRIu64 " bytes; %s",
				   plan->name, what, plan->size, what_to_do_without_room(creation));
	case -EINVAL:
	case -EFBIG:
		return call_refuse(call, -EFBIG,
				   "\"%s\" cannot be created: the kernel does not make a "
				   "%s of %" PRIu64 " bytes (for System V see \"ipcs -lm\")",
				   plan->name, what, plan->size);
	case -EMFILE:
	case -ENFILE:
		return call_refuse(call, r,
				   "\"%s\" cannot be created: the broker has no file descriptor "
				   "left; raise its limit (LimitNOFILE)",
				   plan->name);
	case -ENOTSUP:
		return call_refuse(call, r,
				   "\"%s\" cannot be created: its permission needs an ACL, which "
				   "the file system of the FIFO directory does not have",
				   plan->name);
	case -EEXIST:
		return call_refuse(call, r,
				   "\"%s\" cannot be created: something that is not the "
				   "broker's is in its place in the FIFO directory",
				   plan->name);
	default:
		return call_refuse(call, r, "\"%s\" cannot be created: %s (making the %s)",
				   plan->name, strerror(-r), what);
	}
}

int creating_check_fifo(struct call *call, const char *name, const struct permission *permission)
{
	const char *fault = access_fifo_fault(permission, &call->server->registry->broker);

	if (!fault)
		return 0;
	return call_refuse(
		call, -ENOTSUP,
		"\"%s\" cannot be a FIFO with mode 0%o and its list: %s; give every group "
		"at least what the others have",
		name, permission->mode, fault);
}

static bool has_private_group(const struct call *call, const struct permission *permission)
{
	const struct policy *policy = call->server->registry->policy;

	return policy && policy_is_private_group(policy, permission->gid, permission->uid);
}

int creating_choose(struct call *call, const struct creation *creation,
		    struct backing_answer *ret_answer)
{
	const struct object_plan *plan = &creation->plan;
	struct backing_question question = {
		.wanted = creation->wanted,
		.wants_key = creation->wants_key,
		.sysv_is_reached = creation->was_sysv || call->peer->sysv_is_reached,
		.is_per_user = call->server->settings.per_user,
		.gid_is_private = has_private_group(call, &plan->permission),
		.backings = creation->backings,
		.backings_rule = creation->backings_rule,
		.is_new = !creation->is_there,
		.broker = &call->server->registry->broker,
		.permission = &plan->permission,
		.owner = creation->owner,
	};
	int r = backing_choose(&question, ret_answer);

	if (r == -EPERM)
		return call_refuse(call, r,
				   "\"%s\" cannot be had with backing %s (%s); ask for one that is "
				   "allowed there, or take another name",
				   plan->name, wire_backing_text(creation->wanted),
				   ret_answer->why);
	if (r < 0)
		return call_refuse(call, r,
				   "\"%s\" with mode 0%o cannot be had with backing %s: %s; %s",
				   plan->name, plan->permission.mode,
				   wire_backing_text(creation->wanted), ret_answer->why,
				   what_to_do_without_sysv(creation));
	return 0;
}

bool creating_has_choice(const struct creation *creation)
{
	return backing_has_choice(creation->wanted, creation->wants_key, creation->backings);
}

static int choose_fifo(struct call *call, struct creation *creation)
{
	const struct object_plan *plan = &creation->plan;

	if (!creating_allows(creation, WIRE_BACKING_FIFO))
		return call_refuse(call, -EPERM, "\"%s\" cannot be a FIFO (%s); take another name",
				   plan->name, creation->backings_rule);
	creation->plan.backing = WIRE_BACKING_FIFO;
	return creating_check_fifo(call, plan->name, &plan->permission);
}

static int choose_backing(struct call *call, struct creation *creation, const char **ret_why)
{
	struct backing_answer answer;
	int r;

	*ret_why = "";
	if (creation->plan.kind == WIRE_KIND_FIFO)
		return choose_fifo(call, creation);
	r = creating_choose(call, creation, &answer);
	if (r < 0)
		return r;
	creation->plan.backing = answer.backing;
	creation->plan.grant = answer.grant;
	*ret_why = answer.why;
	return 0;
}

int creating_object(struct call *call, struct creation *creation, struct object **ret_object,
		    const char **ret_why)
{
	struct registry *registry = call->server->registry;
	struct object_plan *plan = &creation->plan;
	enum resource short_of = RESOURCE_OBJECTS;
	const char *why = "";
	int r = managing_check_permission(call, plan->name, &plan->permission);

	if (r == 0)
		r = choose_backing(call, creation, &why);
	if (r < 0)
		return r;
	plan->wants_key = creation->wants_key;
	plan->owner = creation->owner;
	plan->owner_in_group = credentials_in_group(creation->owner, plan->permission.gid);
	r = object_new(registry, plan, creation->creator, ret_object, &short_of);
	if (creating_has_choice(creation) && plan->backing == WIRE_BACKING_SYSV &&
	    (storage_lacked_room(r) || (r == -EDQUOT && short_of == RESOURCE_SYSV_SEGMENTS))) {
		plan->backing = WIRE_BACKING_MEMFD;
		why = r == -EDQUOT ? "the limit of System V segments is reached"
				   : "the machine has no room for another System V segment of "
				     "this size";
		r = object_new(registry, plan, creation->creator, ret_object, &short_of);
	}
	if (r == -EDQUOT &&
	    postponed_may_await_refund(call, creation->owner->uid, creation->wait_ms))
		return CALL_POSTPONED;
	if (r == -EDQUOT)
		return overdraft_refuse(call, plan->name, creation->owner, short_of);
	if (keeping_failed(r))
		return keeping_refuse(call, plan->name, r, creation->wait_ms);
	if (r < 0)
		return refuse(call, creation, r);
	*ret_why = why;
	return 0;
}
