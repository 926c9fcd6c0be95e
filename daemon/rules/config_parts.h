/*
 * The configuration while it is read, for its own files. Nobody else includes this.
 *
 * Faults are said and counted, and reading goes on, so that all of them are said. What is then in
 * the policy does not matter, since nobody gets it.
 */
#ifndef RULES_CONFIG_PARTS_H
#define RULES_CONFIG_PARTS_H

#include "base/attr.h"
#include "rules/config.h"
#include "rules/policy_parts.h"

/* Enough for a sentence that repeats a whole line. */
#define CONFIG_TEXT_MAX 1024

struct config_section;

struct config {
	config_say *say;
	void *say_data;
	struct policy *policy;
	unsigned n_faults;
	bool has_no_memory;

	unsigned n_file; /* counted from 1 */
	const char *file;
	unsigned line;

	/* The section that assignments belong to. */
	const struct config_section *section; /* NULL: none that is known */
	bool is_in_section;
	char title[CONFIG_TEXT_MAX]; /* as it is written, with its brackets */
	const struct rule **rules;   /* what holds where, by number of key; NULL in [Broker] */
	struct naming *naming;       /* in [Defaults] and [Prefix] */
	struct allowance *quota;     /* in [Quota] */
	unsigned said;               /* the keys that were there already, as bits */

	/* Those sections that are there once. */
	struct beginning broker, defaults, everybody;

	/* Where assignments go whose section is about nothing that exists. */
	struct naming no_naming;
	struct allowance no_allowance;
};

attr_printf(2, 3) void config_fault(struct config *config, const char *format, ...);

/* Called for each line of a file. */
void config_take_section(struct config *config, const char *name);
void config_take_assignment(struct config *config, const char *key, const char *value);

/* A file has no section before its first. */
void config_begin_file(struct config *config);

#endif
