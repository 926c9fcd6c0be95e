/*
 * Making an object: which backing says its permission, what is refused, and in which words. For
 * OPEN with create, and for REPLACE.
 */
#ifndef SERVER_CREATING_H
#define SERVER_CREATING_H

#include <stdbool.h>
#include <stdint.h>

#include "objects/object.h"

struct call;

struct creation {
	struct object_plan plan; /* backing and grant are found out */
	uint8_t wanted;          /* WIRE_BACKING_AUTO, or one that is insisted on */
	bool wants_key;          /* of System V */
	unsigned backings;       /* that are allowed, a set of POLICY_BACKING() */
	const char *backings_rule;
	const struct credentials *owner; /* for groups: what is known of plan.permission.uid */
	struct member *creator;          /* with lifetime owner: the member that it ends with */
	uint32_t wait_ms;                /* how long the client waits */
	bool is_there;                   /* it is only judged anew: nobody has to initialise it */
	bool was_sysv;                   /* who has it reaches System V; the client need not */
};

/* Make it. Returns 0 and why it has its backing, "" where that was insisted on; or a refusal;
 * CALL_POSTPONED when the service manager takes no descriptor just now, or when a limit is reached
 * and something is about to be refunded. */
int creating_object(struct call *call, struct creation *creation, struct object **ret_object,
		    const char **ret_why);

/* Whether an object called NAME can be asked for with these. Returns 0, or a refusal. */
int creating_check(struct call *call, const char *name, uint8_t backing, uint64_t size);

/* Whether the policy lets the client of CALL create an object of this name. Returns 0, or a
 * refusal. */
int creating_check_policy(struct call *call, const char *name);

/* Put in what the policy has for the name: which backings it allows, which is meant by auto, and
 * mode and lifetime where the plan has the defaults of the protocol. */
void creating_apply_policy(const struct call *call, struct creation *creation);

/* After that: whether the policy allows the backing, and whether a segment that cannot be had by
 * System V may be a memfd. */
bool creating_allows(const struct creation *creation, uint8_t backing);
bool creating_has_choice(const struct creation *creation);

/* Whether a FIFO can say PERMISSION exactly. Returns 0, or a refusal. */
int creating_check_fifo(struct call *call, const char *name, const struct permission *permission);

/*
 * Which backing says PERMISSION, for an object of CALL's client. Returns 0, or a negative errno
 * with the reason in the answer.
 */
struct backing_answer;
int creating_choose(struct call *call, const struct creation *creation,
		    struct backing_answer *ret_answer);

#endif
