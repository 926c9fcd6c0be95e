/*
 * What all sections and keys have in common, whatever they are about.
 *
 * Within one file a section is begun once and a key is said once, but for lists, which may go on in
 * further lines. What a later file says takes the place of what an earlier one said, key by key.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/config_parts.h"

void config_value_fault(struct config *config, const struct config_key *key, const char *value,
			const char *text)
{
	config_fault(config, "%s=%s %s", key->name, value, text);
}

void config_judge(struct config *config, const struct config_key *key, const char *value, int r,
		  const char *fault)
{
	if (r == -ENOMEM)
		config->has_no_memory = true;
	else if (r < 0)
		config_value_fault(config, key, value, fault);
}

void config_begin_section(struct config *config, struct beginning *beginning)
{
	if (beginning->file == config->n_file)
		config_fault(
			config,
			"%s is in this file already, on line %u; put what belongs together into "
			"one section",
			config->title, beginning->line);
	*beginning = (struct beginning){config->n_file, config->line};
}

void config_begin_file(struct config *config)
{
	config->section = NULL;
	config->declared = NULL;
	config->is_in_section = false;
}

void config_take_section(struct config *config, const char *name)
{
	const struct config_sections *known = config->sections;
	size_t size = strcspn(name, " \t");
	const char *argument = name + size + strspn(name + size, " \t");

	(void)snprintf(config->title, sizeof(config->title), "[%s]", name);
	config->section = NULL;
	config->declared = NULL;
	config->is_in_section = true;
	config->rules = NULL;
	config->said = 0;
	for (size_t i = 0; i < known->n; i++)
		if (strlen(known->sections[i].name) == size &&
		    strncmp(name, known->sections[i].name, size) == 0)
			config->section = &known->sections[i];
	if (config->section)
		config->section->begin(config, argument);
	else
		config_fault(config, "there is no section %s%s; write %s", config->title,
			     known->place, known->text);
}

static const struct config_key *find_key(const struct config_section *section, const char *name)
{
	for (size_t i = 0; i < section->n_keys; i++)
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	return NULL;
}

static void refuse_key(struct config *config, const char *name)
{
	const struct config_section *section = config->section;
	char known[CONFIG_TEXT_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < section->n_keys && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
					 i == 0                     ? ""
					 : i + 1 == section->n_keys ? " or "
								    : ", ",
					 section->keys[i].name);
	config_fault(config, "there is no key %s in %s; write %s", name, config->title, known);
}

static void take_list(struct config *config, const struct config_key *key, const char *value)
{
	char item[CONFIG_ITEM_MAX];
	size_t size;

	for (; *(value += strspn(value, " \t")); value += size) {
		size = strcspn(value, " \t");
		(void)snprintf(item, sizeof(item), "%.*s", (int)size, value);
		key->take(config, key, item);
	}
}

/* What decides is where a key is first. */
static void take_first(struct config *config, const struct config_key *key)
{
	config->said |= 1u << key->number;
	if (key->forget)
		key->forget(config);
	if (!config->rules)
		return;
	config->rules[key->number] = policy_add_rule(config->policy, config->file, config->line,
						     "%s:%u: %s %s=", config->file, config->line,
						     config->title, key->name);
	if (!config->rules[key->number])
		config->has_no_memory = true;
}

void config_take_assignment(struct config *config, const char *name, const char *value)
{
	const struct config_key *key;
	bool is_first;

	if (!config->is_in_section)
		config_fault(config, "%s= is in no section; write one of %s above it", name,
			     config->sections->text);
	if (!config->section)
		return; /* what it could mean is not known, and its section was complained of */
	key = find_key(config->section, name);
	if (!key) {
		refuse_key(config, name);
		return;
	}
	is_first = !(config->said & (1u << key->number));
	if (is_first)
		take_first(config, key);
	if (key->forget)
		take_list(config, key, value);
	else if (is_first)
		key->take(config, key, value);
	else
		config_fault(config, "%s= is in this section already; keep one of the two", name);
}
