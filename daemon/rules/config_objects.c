/*
 * [Object NAME] and its keys. What depends on more than one of them is judged when all files have
 * been read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "rules/config_names.h"
#include "rules/config_parts.h"
#include "rules/config_values.h"
#include "wire/name.h"
#include "wire/vocabulary.h"

static void take_kind(struct config *config, const struct config_key *key, const char *value)
{
	if (wire_kind_parse(value, &config->declared->says.kind) < 0)
		config_value_fault(config, key, value, "is no kind; write segment or fifo");
}

static void take_size(struct config *config, const struct config_key *key, const char *value)
{
	uint64_t *size = &config->declared->says.size;

	if (units_parse_size(value, size) < 0 || *size == 0 || *size > WIRE_SIZE_MAX)
		config_value_fault(config, key, value,
				   "is no size of memory; write digits with K, M, G or T behind "
				   "them, from 1 to 128T");
}

static void take_layout(struct config *config, const struct config_key *key, const char *value)
{
	const char *fault = wire_layout_fault(value);

	if (fault)
		config_value_fault(config, key, value, fault);
	else
		text_copy(config->declared->layout, sizeof(config->declared->layout), value);
}

static void take_owner(struct config *config, const struct config_key *key, const char *value)
{
	const char *fault = "";
	int r = config_find_user(value, &config->declared->says.permission.uid, &fault);

	config_judge(config, key, value, r, fault);
}

static void take_group(struct config *config, const struct config_key *key, const char *value)
{
	const char *fault = "";
	int r = config_find_group(value, &config->declared->says.permission.gid, &fault);

	config_judge(config, key, value, r, fault);
}

static void take_mode(struct config *config, const struct config_key *key, const char *value)
{
	const char *fault = config_parse_mode(value, &config->declared->says.permission.mode);

	if (fault)
		config_value_fault(config, key, value, fault);
}

static void take_backing(struct config *config, const struct config_key *key, const char *value)
{
	const char *fault = config_parse_backing(value, &config->declared->says.backing);

	if (fault)
		config_value_fault(config, key, value, fault);
}

/* u:NAME:ACCESS and g:NAME:ACCESS */
static int parse_entry(const char *value, struct wire_acl_entry *entry, const char **ret_fault)
{
	const char *colon = strrchr(value, ':');
	char name[CONFIG_ITEM_MAX], letter[2] = {value[0], '\0'};

	*ret_fault = "is no entry; write u:alice:rw or g:ops:r";
	if (!colon || colon < value + 3 || value[1] != ':' ||
	    wire_subject_parse(letter, &entry->subject) < 0 ||
	    wire_access_parse(colon + 1, &entry->access) < 0)
		return -EINVAL;
	text_copy(name, (size_t)(colon - value) - 1, value + 2);
	return entry->subject == WIRE_SUBJECT_USER ? config_find_user(name, &entry->id, ret_fault)
						   : config_find_group(name, &entry->id, ret_fault);
}

static void take_entry(struct config *config, const struct config_key *key, const char *value)
{
	struct declared *declared = config->declared;
	struct permission *permission = &declared->says.permission;
	const char *fault = "";
	int r;

	if (permission->n_acl == WIRE_ACL_MAX) {
		config_value_fault(config, key, value, "is one more than the 32 that there can be");
		return;
	}
	r = parse_entry(value, &declared->acl[permission->n_acl], &fault);
	if (r == 0)
		permission->n_acl++;
	config_judge(config, key, value, r, fault);
}

static void forget_entries(struct config *config)
{
	config->declared->says.permission.n_acl = 0;
}

static const struct config_key keys[] = {
	{"Kind", 0, take_kind, NULL},           {"Size", 1, take_size, NULL},
	{"Layout", 2, take_layout, NULL},       {"Owner", 3, take_owner, NULL},
	{"Group", 4, take_group, NULL},         {"Mode", 5, take_mode, NULL},
	{"Acl", 6, take_entry, forget_entries}, {"Backing", 7, take_backing, NULL},
};

static void begin_object(struct config *config, const char *argument)
{
	const char *fault = wire_name_fault(argument);
	struct declared *declared;

	config->no_object = (struct declared){.is_faulty = true};
	config->declared = &config->no_object;
	if (*argument == '\0') {
		config_fault(config, "[Object] is about no object; write [Object sensors/lab]");
		return;
	}
	if (fault) {
		config_fault(config, "%s: the name %s", config->title, fault);
		return;
	}
	declared = policy_declare(config->policy, argument);
	if (declared && !declared->rule)
		declared->rule = policy_add_rule(config->policy, config->file, config->line,
						 "%s:%u", config->file, config->line);
	if (!declared || !declared->rule) {
		config->has_no_memory = true;
		return;
	}
	config->declared = declared;
	config_begin_section(config, &declared->beginning);
}

static const struct config_section sections[] = {
	{"Object", keys, ARRAY_SIZE(keys), begin_object},
};

const struct config_sections config_object_sections = {
	.sections = sections,
	.n = ARRAY_SIZE(sections),
	.place = " in objects.d",
	.text = "[Object NAME]",
};

/* The end. */

/* What was not said. Returns false, having said so, when it has no group. */
static bool complete(struct config *config, struct declaration *says)
{
	struct policy_defaults defaults;
	const char *fault;
	int r = 0;

	policy_defaults(config->policy, says->name, &defaults);
	if (says->permission.mode == WIRE_MODE_DEFAULT)
		says->permission.mode = defaults.mode;
	if (says->permission.gid == CREDENTIALS_NO_GROUP)
		r = config_find_group_of(says->permission.uid, &says->permission.gid, &fault);
	if (r == -ENOMEM)
		config->has_no_memory = true;
	else if (r < 0)
		config_fault(config, "%s: its owner, uid %u, %s", config->title,
			     says->permission.uid, fault);
	return r == 0;
}

/* What is wrong with it as a whole, as the end of a sentence, or NULL. */
static const char *fault_of(const struct declaration *says)
{
	bool is_segment = says->kind == WIRE_KIND_SEGMENT;
	const char *fault = access_mode_fault(is_segment, says->permission.mode);

	if (is_segment && says->size == 0)
		return "has no Size=; write how much memory it has";
	if (!is_segment && says->size > 0)
		return "is a FIFO, which has no size; take out Size=";
	if (!is_segment && says->layout[0])
		return "is a FIFO, which has no layout; take out Layout=";
	if (!is_segment && says->backing != WIRE_BACKING_AUTO)
		return "is a FIFO, which has no choice of backings; take out Backing=";
	return fault ? fault : access_group_fault(&says->permission);
}

static void judge_list(struct config *config, const struct declaration *says)
{
	unsigned at;
	const char *fault =
		access_list_fault(says->kind == WIRE_KIND_SEGMENT, &says->permission, &at);
	const struct wire_acl_entry *entry;

	if (!fault)
		return;
	entry = &says->permission.acl[at];
	config_fault(config, "%s: the entry %s:%" PRIu32 ":%s %s", config->title,
		     wire_subject_text(entry->subject), entry->id, wire_access_text(entry->access),
		     fault);
}

static void judge(struct config *config, struct declared *declared)
{
	const char *fault;

	config->declared = declared;
	config->file = declared->rule->file;
	config->line = declared->rule->line;
	(void)snprintf(config->title, sizeof(config->title), "[Object %s]", declared->name);
	declared->says.where = declared->rule->text;
	if (!complete(config, &declared->says))
		return;
	fault = fault_of(&declared->says);
	if (fault)
		config_fault(config, "%s %s", config->title, fault);
	judge_list(config, &declared->says);
}

void config_end_objects(struct config *config)
{
	const struct declaration **next = &config->policy->declarations;
	struct declared *declared;

	for (declared = config->policy->declared; declared && !config->has_no_memory;
	     declared = declared->handle.next) {
		if (!declared->is_faulty)
			judge(config, declared);
		if (declared->is_faulty)
			continue;
		*next = &declared->says;
		next = &declared->says.next;
	}
}
