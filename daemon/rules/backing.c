/*
 * System V first under `auto`, since programs that know nothing of the broker can use it too; memfd
 * wherever System V would have to widen or narrow what was granted.
 */
#include "rules/backing.h"

#include <errno.h>
#include <stddef.h>

#include "rules/policy.h"
#include "wire/vocabulary.h"

#define FOREIGN_NAMESPACE                                                                          \
	"the client is in another IPC namespace than the broker, where System V ids mean nothing"

/* Whether the owner is one whom the kernel never stops. */
static bool is_above_all(const struct backing_question *question)
{
	uid_t uid = question->permission->uid;

	return uid == 0 || uid == question->broker->uid;
}

/* NULL with the grant when a System V segment can be had and says the permission exactly. */
static const char *sysv_fault(const struct backing_question *question, struct sysv_grant *ret_grant)
{
	const struct permission *permission = question->permission;

	if (!question->sysv_is_reached)
		return FOREIGN_NAMESPACE;
	if (!question->is_per_user && question->is_new && !(permission->mode & 0200u) &&
	    !is_above_all(question))
		return "its owner may not write, and under System V could not initialise it";
	if (!question->is_per_user && question->gid_is_private)
		return access_sysv_private(permission, question->broker, ret_grant);
	if (!question->is_per_user)
		return access_sysv_fault(permission, question->owner, question->broker, ret_grant);
	*ret_grant = (struct sysv_grant){permission->gid, permission->mode & 0066u};
	return NULL;
}

static bool is_allowed(const struct backing_question *question, uint8_t backing)
{
	return question->backings & POLICY_BACKING(backing);
}

int backing_choose(const struct backing_question *question, struct backing_answer *ret_answer)
{
	bool wants_sysv = question->wanted == WIRE_BACKING_SYSV || question->wants_key;
	struct sysv_grant grant = {0};
	const char *fault;

	if (question->wanted == WIRE_BACKING_MEMFD) {
		*ret_answer = (struct backing_answer){.backing = WIRE_BACKING_MEMFD, .why = ""};
		if (question->wants_key) {
			ret_answer->why = "a memfd has no key: ask for sysv or auto";
			return -EINVAL;
		}
		if (is_allowed(question, WIRE_BACKING_MEMFD))
			return 0;
		ret_answer->why = question->backings_rule;
		return -EPERM;
	}
	if (!is_allowed(question, WIRE_BACKING_SYSV)) {
		ret_answer->backing = WIRE_BACKING_MEMFD;
		ret_answer->why = question->backings_rule;
		return wants_sysv || !is_allowed(question, WIRE_BACKING_MEMFD) ? -EPERM : 0;
	}
	wants_sysv |= !is_allowed(question, WIRE_BACKING_MEMFD);
	fault = sysv_fault(question, &grant);
	if (wants_sysv) {
		*ret_answer = (struct backing_answer){WIRE_BACKING_SYSV, grant, fault ? fault : ""};
		return fault ? -ENOTSUP : 0;
	}
	if (fault)
		*ret_answer = (struct backing_answer){.backing = WIRE_BACKING_MEMFD, .why = fault};
	else
		*ret_answer = (struct backing_answer){
			WIRE_BACKING_SYSV, grant,
			question->is_per_user ? "in a per-user broker everybody has the same uid"
					      : "System V says this permission exactly"};
	return 0;
}

bool backing_has_choice(uint8_t wanted, bool wants_key, unsigned backings)
{
	return wanted == WIRE_BACKING_AUTO && !wants_key &&
	       (backings & POLICY_BACKING(WIRE_BACKING_MEMFD));
}
