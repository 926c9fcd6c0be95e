/*
 * The configuration: from files to a policy. docs/CONFIGURATION.md is what administrators read.
 *
 * First comes the main file, then each conf.d/NAME.conf beside it in the order of their names, then
 * each objects.d/NAME.conf; what a later file says of something counts. Names of users and groups
 * are looked up here and never later.
 */
#ifndef RULES_CONFIG_H
#define RULES_CONFIG_H

#include "rules/policy.h"

#define CONFIG_PATH "/etc/shmbroker/shmbrokerd.conf"

/* A fault: where, line 0 meaning the whole file, and a sentence that says what is wrong and what to
 * write. */
typedef void config_say(void *data, const char *file, unsigned line, const char *text);

/* Where things are read. */
struct config_source {
	const char *path;  /* NULL: CONFIG_PATH, which may be missing */
	const char *users; /* NULL: /etc/passwd; whose names claim prefixes */
	uid_t broker;
};

/*
 * Read everything and say every fault. Returns 0; -EINVAL when faults of the policy were said; or
 * -ENOMEM. Without a policy the caller stays with the one that it has. An object whose declaration
 * has a fault is not declared, and nothing else comes of that. A file that somebody names must be
 * there; without the one at CONFIG_PATH what is built in holds.
 */
int config_load(const char *path, config_say *say, void *data, struct policy **ret_policy);
int config_load_from(const struct config_source *source, config_say *say, void *data,
		     struct policy **ret_policy);

#endif
