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

/* An item of a list is shorter than the line that it is on. */
#define CONFIG_ITEM_MAX 256

struct config;

struct config_key {
	const char *name;
	unsigned number; /* the bit in config->said, the place in config->rules */
	/* One value, or one item of a list. */
	void (*take)(struct config *config, const struct config_key *key, const char *value);
	/* Of a list: forget what an earlier file said. */
	void (*forget)(struct config *config);
};

struct config_section {
	const char *name;
	const struct config_key *keys;
	size_t n_keys;
	/* ARGUMENT is what stands behind the name, "" for nothing. */
	void (*begin)(struct config *config, const char *argument);
};

/* Those that a file may have. */
struct config_sections {
	const struct config_section *sections;
	size_t n;
	const char *place; /* where that is, in a sentence */
	const char *text;  /* all of them */
};

/* Of the main file and conf.d, and of objects.d. */
extern const struct config_sections config_policy_sections, config_object_sections;

struct config {
	config_say *say;
	void *say_data;
	struct policy *policy;
	unsigned n_faults;
	bool has_no_memory;

	unsigned n_file; /* counted from 1 */
	const char *file;
	unsigned line;

	const struct config_sections *sections; /* of the kind of files that are read */

	/* The section that assignments belong to. */
	const struct config_section *section; /* NULL: none that is known */
	bool is_in_section;
	char title[CONFIG_TEXT_MAX]; /* as it is written, with its brackets */
	const struct rule *
		*rules; /* what holds where, by number of key; NULL in [Broker] and [Metrics] */
	struct naming *naming;     /* in [Defaults] and [Prefix] */
	struct allowance *quota;   /* in [Quota] */
	struct declared *declared; /* in [Object] */
	unsigned said;             /* the keys that were there already, as bits */

	/* Those sections that are there once. */
	struct beginning broker, defaults, everybody, metrics;

	/* Where assignments go whose section is about nothing that exists. */
	struct naming no_naming;
	struct allowance no_allowance;
	struct declared no_object;
};

attr_printf(2, 3) void config_fault(struct config *config, const char *format, ...);

/* "Key=VALUE TEXT" */
void config_value_fault(struct config *config, const struct config_key *key, const char *value,
			const char *text);

/* R is the end of a look-up or an allocation, and FAULT what is said of -EINVAL. */
void config_judge(struct config *config, const struct config_key *key, const char *value, int r,
		  const char *fault);

/* Remember where a section begins. One that this file has already is a fault. */
void config_begin_section(struct config *config, struct beginning *beginning);

/* All files were read: what is declared is completed, and left out where it has a fault. */
void config_end_objects(struct config *config);

/* Called for each line of a file. */
void config_take_section(struct config *config, const char *name);
void config_take_assignment(struct config *config, const char *key, const char *value);

/* A file has no section before its first. */
void config_begin_file(struct config *config);

#endif
