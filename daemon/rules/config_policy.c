/*
 * The sections of the policy and their keys, as tables: what there is, what it may be said of, and
 * what it does to the policy.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/config_names.h"
#include "rules/config_parts.h"
#include "rules/config_values.h"
#include "wire/name.h"
#include "wire/vocabulary.h"

/* u:NAME or g:NAME into PEOPLE. */
static void take_person(struct config *config, const struct config_key *key, const char *value,
			struct people *people)
{
	const char *fault = "is neither u:USER nor g:GROUP";
	uint32_t id;
	int r = -EINVAL;

	if (strncmp(value, "u:", 2) == 0) {
		r = config_find_user(value + 2, &id, &fault);
		if (r == 0)
			r = people_add_user(people, id);
	} else if (strncmp(value, "g:", 2) == 0) {
		r = config_find_group(value + 2, &id, &fault);
		if (r == 0)
			r = people_add_group(people, id);
	}
	config_judge(config, key, value, r, fault);
}

static void take_administrator(struct config *config, const struct config_key *key,
			       const char *value)
{
	take_person(config, key, value, &config->policy->administrators);
}

static void forget_administrators(struct config *config)
{
	people_fini(&config->policy->administrators);
}

/* USER:GROUP */
static void take_private_group(struct config *config, const struct config_key *key,
			       const char *value)
{
	const char *colon = strchr(value, ':');
	const char *fault = "is not USER:GROUP";
	char user[CONFIG_ITEM_MAX];
	uid_t uid;
	gid_t gid;
	int r = -EINVAL;

	if (colon) {
		(void)snprintf(user, sizeof(user), "%.*s", (int)(colon - value), value);
		r = config_find_user(user, &uid, &fault);
		if (r == 0)
			r = config_find_group(colon + 1, &gid, &fault);
		if (r == 0)
			r = config_check_private(gid, uid, &fault);
		if (r == 0) {
			r = policy_add_private_group(config->policy, gid, uid);
			fault = "names a group that is private to another user already";
		}
	}
	config_judge(config, key, value, r, fault);
}

static void forget_private_groups(struct config *config)
{
	policy_forget_private_groups(config->policy);
}

static void take_creator(struct config *config, const struct config_key *key, const char *value)
{
	if (strcmp(value, "*") == 0)
		config->naming->create.is_everybody = true;
	else
		take_person(config, key, value, &config->naming->create);
}

static void forget_creators(struct config *config)
{
	people_fini(&config->naming->create);
}

static void take_mode(struct config *config, const struct config_key *key, const char *value)
{
	const char *fault = config_parse_mode(value, &config->naming->mode);

	if (fault)
		config_value_fault(config, key, value, fault);
}

static void take_lifetime(struct config *config, const struct config_key *key, const char *value)
{
	const char *fault =
		config_parse_lifetime(value, &config->naming->lifetime, &config->naming->linger_ms);

	if (fault)
		config_value_fault(config, key, value, fault);
}

static void take_allowed_backing(struct config *config, const struct config_key *key,
				 const char *value)
{
	uint8_t backing;
	const char *fault = config_parse_allowed_backing(value, &backing);

	if (fault)
		config_value_fault(config, key, value, fault);
	else
		config->naming->backings |= POLICY_BACKING(backing);
}

static void forget_backings(struct config *config)
{
	config->naming->backings = 0;
}

static void take_backing(struct config *config, const struct config_key *key, const char *value)
{
	const char *fault = config_parse_backing(value, &config->naming->backing);

	if (fault)
		config_value_fault(config, key, value, fault);
}

static void take_limit(struct config *config, const struct config_key *key, const char *value)
{
	const char *fault =
		config_parse_limit(value, key->number, &config->quota->limits[key->number]);

	if (fault)
		config_value_fault(config, key, value, fault);
}

static void take_reader(struct config *config, const struct config_key *key, const char *value)
{
	if (strcmp(value, "*") == 0)
		config->policy->metrics.readers.is_everybody = true;
	else
		take_person(config, key, value, &config->policy->metrics.readers);
}

static void forget_readers(struct config *config)
{
	people_fini(&config->policy->metrics.readers);
}

/* What an earlier file said is forgotten; nothing is no socket. */
static void take_socket(struct config *config, const struct config_key *key, const char *value)
{
	const char *fault = config_parse_socket(value);

	free(config->policy->metrics.socket);
	config->policy->metrics.socket = NULL;
	if (fault)
		config_value_fault(config, key, value, fault);
	else if (*value && !(config->policy->metrics.socket = strdup(value)))
		config->has_no_memory = true;
}

static const struct config_key broker_keys[] = {
	{"Administrators", 0, take_administrator, forget_administrators},
	{"PrivateGroups", 1, take_private_group, forget_private_groups},
};

static const struct config_key metrics_keys[] = {
	{"Socket", 0, take_socket, NULL},
	{"Readers", 1, take_reader, forget_readers},
};

static const struct config_key naming_keys[] = {
	{"Create", NAMING_CREATE, take_creator, forget_creators},
	{"Mode", NAMING_MODE, take_mode, NULL},
	{"Lifetime", NAMING_LIFETIME, take_lifetime, NULL},
	{"Backings", NAMING_BACKINGS, take_allowed_backing, forget_backings},
	{"Backing", NAMING_BACKING, take_backing, NULL},
};

#define LIMIT_KEY(number, name, key, unit, limit, share, of) {key, number, take_limit, NULL},

static const struct config_key quota_keys[] = {RESOURCES(LIMIT_KEY)};

static void refuse_argument(struct config *config, const char *argument)
{
	if (*argument)
		config_fault(config, "%s is about nothing in particular; write [%s]", config->title,
			     config->section->name);
}

static void begin_broker(struct config *config, const char *argument)
{
	refuse_argument(config, argument);
	config_begin_section(config, &config->broker);
}

static void begin_metrics(struct config *config, const char *argument)
{
	refuse_argument(config, argument);
	config_begin_section(config, &config->metrics);
}

static void begin_naming(struct config *config, struct naming *naming)
{
	config->naming = naming;
	config->rules = naming->rules;
}

static void begin_defaults(struct config *config, const char *argument)
{
	refuse_argument(config, argument);
	begin_naming(config, &config->policy->defaults);
	config_begin_section(config, &config->defaults);
}

static void begin_prefix(struct config *config, const char *argument)
{
	const char *fault = wire_name_fault(argument);
	struct claim *claim = NULL;

	begin_naming(config, &config->no_naming);
	if (*argument == '\0') {
		config_fault(config, "[Prefix] is about no prefix; write [Prefix sensors/lab], or "
				     "[Defaults] for all names");
		return;
	}
	if (fault) {
		config_fault(config, "%s: the prefix %s", config->title, fault);
		return;
	}
	claim = policy_claim(config->policy, argument);
	if (claim && !claim->rule)
		claim->rule = policy_add_rule(config->policy, config->file, config->line,
					      "%s:%u: %s, which has no Create=", config->file,
					      config->line, config->title);
	if (!claim || !claim->rule) {
		config->has_no_memory = true;
		return;
	}
	begin_naming(config, &claim->says);
	config_begin_section(config, &claim->beginning);
}

/* [Quota u:USER] and [Quota g:GROUP] */
static void begin_allowance_of(struct config *config, const char *argument)
{
	bool is_user = strncmp(argument, "u:", 2) == 0;
	const char *fault = "";
	struct allowance *quota = NULL;
	uint32_t id;
	int r = is_user ? config_find_user(argument + 2, &id, &fault)
			: config_find_group(argument + 2, &id, &fault);

	if (r == 0) {
		quota = policy_allowance(is_user ? &config->policy->users : &config->policy->groups,
					 id);
		r = quota ? 0 : -ENOMEM;
	}
	if (quota) {
		config->quota = quota;
		config_begin_section(config, &quota->beginning);
	} else if (r == -ENOMEM) {
		config->has_no_memory = true;
	} else {
		config_fault(config, "%s %s", config->title, fault);
	}
}

static void begin_quota(struct config *config, const char *argument)
{
	config->quota = &config->no_allowance;
	if (*argument == '\0') {
		config->quota = &config->policy->everybody;
		config_begin_section(config, &config->everybody);
	} else if (strncmp(argument, "u:", 2) == 0 || strncmp(argument, "g:", 2) == 0) {
		begin_allowance_of(config, argument);
	} else {
		config_fault(
			config,
			"%s is about nobody; write [Quota u:USER], [Quota g:GROUP], or [Quota] for "
			"everybody",
			config->title);
	}
	config->rules = config->quota->rules;
}

static const struct config_section sections[] = {
	{"Broker", broker_keys, ARRAY_SIZE(broker_keys), begin_broker},
	{"Defaults", naming_keys, ARRAY_SIZE(naming_keys), begin_defaults},
	{"Prefix", naming_keys, ARRAY_SIZE(naming_keys), begin_prefix},
	{"Quota", quota_keys, ARRAY_SIZE(quota_keys), begin_quota},
	{"Metrics", metrics_keys, ARRAY_SIZE(metrics_keys), begin_metrics},
};

const struct config_sections config_policy_sections = {
	.sections = sections,
	.n = ARRAY_SIZE(sections),
	.place = "",
	.text = "[Broker], [Defaults], [Prefix NAME], [Quota], [Quota u:USER], [Quota g:GROUP] or "
		"[Metrics]",
};
