/*
 * Tables by prefix, by uid and by gid. A name is looked up from its longest prefix that could be
 * claimed to its shortest; the first that is found decides.
 */
#include "rules/policy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/policy_parts.h"
#include "wire/vocabulary.h"

static const struct rule built_in_rule = {.text = "built-in: the default of shmbrokerd"};
static const struct rule free_rule = {.text = "built-in: names that nobody claims are free"};
static const struct rule root_rule = {.text = "built-in: root may create everything"};
static const struct rule broker_rule = {.text = "built-in: the broker's own user may create "
						"everything"};

static const struct rule unlimited_rule = {
	.text = "built-in: root and the broker's own user have no limits"};

static const struct naming built_in_naming = {
	.rules = {&free_rule, &built_in_rule, &built_in_rule, &built_in_rule, &built_in_rule},
	.create = {.is_everybody = true},
	.mode = 0600,
	.lifetime = WIRE_LIFETIME_USED,
	.linger_ms = 0,
	.backings = POLICY_BACKINGS_ALL,
	.backing = WIRE_BACKING_AUTO,
};

struct policy *policy_new(uid_t broker)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->broker = broker;
	resources_built_in(policy->built_in.limits);
	for (unsigned i = 0; i < RESOURCES_N; i++) {
		policy->unlimited.rules[i] = &unlimited_rule;
		policy->unlimited.limits[i] = RESOURCE_INFINITY;
	}
	for (size_t i = 0; i < RESOURCES_N; i++)
		policy->built_in.rules[i] = &built_in_rule;
	return policy;
}

static void free_claims(struct policy *policy)
{
	struct claim *claim, *next;

	HASH_ITER(handle, policy->claims, claim, next)
	{
		HASH_DELETE(handle, policy->claims, claim);
		people_fini(&claim->says.create);
		free(claim);
	}
}

static void free_allowances(struct allowance **table)
{
	struct allowance *allowance, *next;

	HASH_ITER(handle, *table, allowance, next)
	{
		HASH_DELETE(handle, *table, allowance);
		free(allowance);
	}
}

static void free_declared(struct policy *policy)
{
	struct declared *declared, *next;

	HASH_ITER(handle, policy->declared, declared, next)
	{
		HASH_DELETE(handle, policy->declared, declared);
		free(declared);
	}
}

void policy_free(struct policy *policy)
{
	struct rule *rule, *next;

	if (!policy)
		return;
	free_claims(policy);
	free_allowances(&policy->users);
	free_allowances(&policy->groups);
	policy_forget_private_groups(policy);
	free_declared(policy);
	people_fini(&policy->defaults.create);
	people_fini(&policy->administrators);
	people_fini(&policy->metrics.readers);
	free(policy->metrics.socket);
	LL_FOREACH_SAFE(policy->rules, rule, next)
	free(rule);
	free(policy);
}

const struct rule *policy_add_rule(struct policy *policy, const char *file, unsigned line,
				   const char *format, ...)
{
	struct rule *rule;
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	rule = size < 0 ? NULL : malloc(sizeof(*rule) + (size_t)size + 1);
	if (!rule)
		return NULL;
	va_start(arguments, format);
	(void)vsnprintf((char *)(rule + 1), (size_t)size + 1, format, arguments);
	va_end(arguments);
	*rule = (struct rule){.file = file, .line = line, .text = (const char *)(rule + 1)};
	LL_PREPEND(policy->rules, rule);
	return rule;
}

static unsigned count_components(const char *prefix)
{
	unsigned n = 1;

	for (; *prefix; prefix++)
		n += *prefix == '/';
	return n;
}

struct claim *policy_find_claim(const struct policy *policy, const char *prefix)
{
	struct claim *claim;

	HASH_FIND(handle, policy->claims, prefix, strlen(prefix), claim);
	return claim;
}

struct claim *policy_claim(struct policy *policy, const char *prefix)
{
	struct claim *claim = policy_find_claim(policy, prefix);
	size_t size = strlen(prefix);
	unsigned depth = count_components(prefix);

	if (claim)
		return claim;
	claim = calloc(1, sizeof(*claim) + size + 1);
	if (!claim)
		return NULL;
	memcpy(claim->prefix, prefix, size + 1);
	HASH_ADD_KEYPTR(handle, policy->claims, claim->prefix, size, claim);
	if (!claim->handle.tbl) {
		free(claim);
		return NULL;
	}
	if (depth > policy->deepest)
		policy->deepest = depth;
	return claim;
}

struct allowance *policy_allowance(struct allowance **table, uint32_t id)
{
	struct allowance *allowance;

	HASH_FIND(handle, *table, &id, sizeof(id), allowance);
	if (allowance)
		return allowance;
	allowance = calloc(1, sizeof(*allowance));
	if (!allowance)
		return NULL;
	allowance->id = id;
	HASH_ADD(handle, *table, id, sizeof(id), allowance);
	if (!allowance->handle.tbl) {
		free(allowance);
		return NULL;
	}
	return allowance;
}

static const struct private_group *find_private_group(const struct policy *policy, gid_t gid)
{
	const struct private_group *group;

	HASH_FIND(handle, policy->private_groups, &gid, sizeof(gid), group);
	return group;
}

struct declared *policy_declare(struct policy *policy, const char *name)
{
	struct declared *declared;
	size_t size = strlen(name);

	HASH_FIND(handle, policy->declared, name, size, declared);
	if (declared)
		return declared;
	declared = calloc(1, sizeof(*declared) + size + 1);
	if (!declared)
		return NULL;
	memcpy(declared->name, name, size);
	declared->says = (struct declaration){
		.name = declared->name,
		.layout = declared->layout,
		.kind = WIRE_KIND_SEGMENT,
		.backing = WIRE_BACKING_AUTO,
		.permission = {.gid = CREDENTIALS_NO_GROUP,
			       .mode = WIRE_MODE_DEFAULT,
			       .acl = declared->acl},
	};
	HASH_ADD_KEYPTR(handle, policy->declared, declared->name, size, declared);
	if (declared->handle.tbl)
		return declared;
	free(declared);
	return NULL;
}

const struct declaration *policy_declarations(const struct policy *policy)
{
	return policy->declarations;
}

int policy_add_private_group(struct policy *policy, gid_t gid, uid_t uid)
{
	const struct private_group *known = find_private_group(policy, gid);
	struct private_group *group;

	if (known)
		return known->uid == uid ? 0 : -EEXIST;
	group = calloc(1, sizeof(*group));
	if (!group)
		return -ENOMEM;
	*group = (struct private_group){.gid = gid, .uid = uid};
	HASH_ADD(handle, policy->private_groups, gid, sizeof(gid), group);
	if (!group->handle.tbl) {
		free(group);
		return -ENOMEM;
	}
	return 0;
}

void policy_forget_private_groups(struct policy *policy)
{
	struct private_group *group, *next;

	HASH_ITER(handle, policy->private_groups, group, next)
	{
		HASH_DELETE(handle, policy->private_groups, group);
		free(group);
	}
}

const struct naming *policy_sayer(const struct policy *policy, const struct naming *says,
				  enum naming_key key)
{
	if (says->rules[key])
		return says;
	return policy->defaults.rules[key] ? &policy->defaults : &built_in_naming;
}

/* The size of the first N components of NAME, or of all that it has. */
static size_t size_of_components(const char *name, unsigned n)
{
	const char *at = name;

	for (; *at; at++)
		if (*at == '/' && --n == 0)
			break;
	return (size_t)(at - name);
}

/* The longest claimed prefix of NAME; NULL when nobody claims it. */
static const struct claim *claim_of(const struct policy *policy, const char *name)
{
	size_t size = policy->deepest ? size_of_components(name, policy->deepest) : 0;
	const struct claim *claim;
	const char *slash;

	while (size > 0) {
		HASH_FIND(handle, policy->claims, name, size, claim);
		if (claim)
			return claim;
		slash = memrchr(name, '/', size);
		size = slash ? (size_t)(slash - name) : 0;
	}
	return NULL;
}

static struct policy_verdict judge(const struct policy *policy, const struct credentials *subject,
				   const char *name)
{
	const struct claim *claim;
	const struct naming *says;

	if (subject->uid == 0)
		return (struct policy_verdict){true, root_rule.text};
	if (subject->uid == policy->broker)
		return (struct policy_verdict){true, broker_rule.text};
	claim = claim_of(policy, name);
	if (claim && !claim->says.rules[NAMING_CREATE])
		return (struct policy_verdict){false, claim->rule->text};
	says = claim ? &claim->says : policy_sayer(policy, &policy->defaults, NAMING_CREATE);
	return (struct policy_verdict){people_include(&says->create, subject),
				       says->rules[NAMING_CREATE]->text};
}

bool policy_may_create(const struct policy *policy, const struct credentials *subject,
		       const char *name, struct policy_verdict *ret_verdict)
{
	*ret_verdict = judge(policy, subject, name);
	return ret_verdict->allowed;
}

void policy_defaults(const struct policy *policy, const char *name,
		     struct policy_defaults *ret_defaults)
{
	const struct claim *claim = claim_of(policy, name);
	const struct naming *says = claim ? &claim->says : &policy->defaults;
	const struct naming *lifetime = policy_sayer(policy, says, NAMING_LIFETIME);
	const struct naming *backings = policy_sayer(policy, says, NAMING_BACKINGS);

	*ret_defaults = (struct policy_defaults){
		.mode = policy_sayer(policy, says, NAMING_MODE)->mode,
		.lifetime = lifetime->lifetime,
		.linger_ms = lifetime->linger_ms,
		.backing = policy_sayer(policy, says, NAMING_BACKING)->backing,
		.backings = backings->backings,
		.backings_rule = backings->rules[NAMING_BACKINGS]->text,
	};
}

/* The better of BEST, which may be NULL, and what is said of the group GID. */
static const struct allowance *better_of(const struct policy *policy, const struct allowance *best,
					 gid_t gid, enum resource resource)
{
	const struct allowance *allowance;

	HASH_FIND(handle, policy->groups, &gid, sizeof(gid), allowance);
	if (!allowance || !allowance->rules[resource])
		return best;
	return !best || allowance->limits[resource] > best->limits[resource] ? allowance : best;
}

static const struct allowance *allowance_of(const struct policy *policy,
					    const struct credentials *subject,
					    enum resource resource)
{
	const struct allowance *allowance;

	HASH_FIND(handle, policy->users, &subject->uid, sizeof(subject->uid), allowance);
	if (allowance && allowance->rules[resource])
		return allowance;
	if (subject->uid == 0 || subject->uid == policy->broker)
		return &policy->unlimited;
	allowance = NULL;
	if (policy->groups) {
		allowance = better_of(policy, NULL, subject->gid, resource);
		for (size_t i = 0; i < subject->n_groups; i++)
			allowance = better_of(policy, allowance, subject->groups[i], resource);
	}
	if (allowance)
		return allowance;
	return policy->everybody.rules[resource] ? &policy->everybody : &policy->built_in;
}

uint64_t policy_limit(const struct policy *policy, const struct credentials *subject,
		      enum resource resource)
{
	return allowance_of(policy, subject, resource)->limits[resource];
}

const char *policy_limit_rule(const struct policy *policy, const struct credentials *subject,
			      enum resource resource)
{
	return allowance_of(policy, subject, resource)->rules[resource]->text;
}

gid_t policy_limiting_group(const struct policy *policy, const struct credentials *subject,
			    enum resource resource)
{
	const struct allowance *decides = allowance_of(policy, subject, resource);
	const struct allowance *of_group;

	HASH_FIND(handle, policy->groups, &decides->id, sizeof(decides->id), of_group);
	return of_group == decides ? decides->id : CREDENTIALS_NO_GROUP;
}

bool policy_is_administrator(const struct policy *policy, const struct credentials *subject)
{
	return subject->uid == 0 || subject->uid == policy->broker ||
	       people_include(&policy->administrators, subject);
}

const struct policy_metrics *policy_metrics(const struct policy *policy)
{
	return &policy->metrics;
}

bool policy_is_private_group(const struct policy *policy, gid_t gid, uid_t uid)
{
	const struct private_group *group = find_private_group(policy, gid);

	return group && group->uid == uid;
}
