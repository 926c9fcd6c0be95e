/*
 * The inside of a policy, for the two who know it: policy.c, which decides, and the configuration,
 * which fills it. Nobody else includes this.
 *
 * A value counts as said when its rule is set. Rules belong to the policy and live as long as it.
 */
#ifndef RULES_POLICY_PARTS_H
#define RULES_POLICY_PARTS_H

#include "base/attr.h"
#include "rules/declaration.h"
#include "rules/people.h"
#include "rules/policy.h"
#include "rules/table.h"

/* Why something is so. A built-in rule is in no file and on line 0. */
struct rule {
	struct rule *next;
	const char *file;
	unsigned line;
	const char *text;
};

/* What can be said of names, in [Defaults] and in [Prefix]. */
enum naming_key {
	NAMING_CREATE,
	NAMING_MODE,
	NAMING_LIFETIME,
	NAMING_BACKINGS,
	NAMING_BACKING,
	NAMING_KEYS_N,
};

struct naming {
	const struct rule *rules[NAMING_KEYS_N];
	struct people create;
	uint16_t mode;
	uint8_t lifetime;
	uint32_t linger_ms;
	unsigned backings;
	uint8_t backing;
};

/* Which file began a section last, and where, so that it is not begun there again. */
struct beginning {
	unsigned file; /* counted from 1 */
	unsigned line;
};

struct claim {
	UT_hash_handle handle;   /* by prefix */
	const struct rule *rule; /* that it is claimed: what denies while nobody is listed */
	struct beginning beginning;
	struct naming says;
	char prefix[];
};

struct allowance {
	UT_hash_handle handle; /* by id, among users or among groups */
	uint32_t id;
	struct beginning beginning;
	const struct rule *rules[RESOURCES_N];
	uint64_t limits[RESOURCES_N];
};

struct private_group {
	UT_hash_handle handle; /* by gid */
	uint32_t gid;
	uint32_t uid;
};

/* An object, as far as its section has been read. */
struct declared {
	UT_hash_handle handle;   /* by name */
	const struct rule *rule; /* where it is declared first */
	struct beginning beginning;
	bool is_faulty; /* and so left out */
	struct declaration says;
	struct wire_acl_entry acl[WIRE_ACL_MAX];
	char layout[WIRE_LAYOUT_MAX + 1];
	char name[];
};

struct policy {
	uid_t broker;
	struct claim *claims;
	unsigned deepest; /* the most components that a claimed prefix has */
	struct naming defaults;
	struct allowance built_in;
	struct allowance unlimited; /* of root and the broker's own user */
	struct allowance everybody;
	struct allowance *users;
	struct allowance *groups;
	struct people administrators;
	struct policy_metrics metrics;
	struct private_group *private_groups;
	struct declared *declared;
	const struct declaration *declarations; /* those that have no fault */
	struct rule *rules;
};

/* A rule of this text. FILE, which may be NULL, must live as long as the policy. NULL: no memory.
 */
attr_printf(4, 5) const struct rule *policy_add_rule(struct policy *policy, const char *file,
						     unsigned line, const char *format, ...);

/* The claim of PREFIX; made when there was none, with nothing said. NULL: no memory. */
struct claim *policy_claim(struct policy *policy, const char *prefix);
struct claim *policy_find_claim(const struct policy *policy, const char *prefix);

/* The same for what is said of a user or a group. TABLE is policy->users or policy->groups. */
struct allowance *policy_allowance(struct allowance **table, uint32_t id);

/* The object NAME, with nothing said of it when it is new. NULL: no memory. */
struct declared *policy_declare(struct policy *policy, const char *name);

/* Say that GID is private to UID. Returns 0, -ENOMEM, or -EEXIST when it is so to somebody else. */
int policy_add_private_group(struct policy *policy, gid_t gid, uid_t uid);
void policy_forget_private_groups(struct policy *policy);

/* What holds for objects where SAYS says it: SAYS itself, [Defaults], or what is built in. */
const struct naming *policy_sayer(const struct policy *policy, const struct naming *says,
				  enum naming_key key);

#endif
