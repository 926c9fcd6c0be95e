/*
 * A table of settings, and what each does to a struct unit.
 */
#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/text.h"
#include "config.h"

/* Whether VALUE, which may have a unit behind it, is 0. */
static bool is_zero(const char *value)
{
	size_t zeros = strspn(value, "0");

	return zeros > 0 && (value[zeros] < '0' || value[zeros] > '9') && value[zeros] != '.';
}

static void take_user(struct unit *unit, const char *value)
{
	text_copy(unit->user, sizeof(unit->user), value);
}

static void take_remove_ipc(struct unit *unit, const char *value)
{
	config_take_truth(value, &unit->removes_ipc);
}

static void take_dynamic_user(struct unit *unit, const char *value)
{
	config_take_truth(value, &unit->is_dynamic_user);
}

static void take_private_ipc(struct unit *unit, const char *value)
{
	config_take_truth(value, &unit->has_own_ipc);
}

/* Later versions know more words than yes and no. */
static void take_private_users(struct unit *unit, const char *value)
{
	unit->has_own_users = value[0] != '\0' && strcmp(value, "identity") != 0;
	config_take_truth(value, &unit->has_own_users);
}

static void take_start_interval(struct unit *unit, const char *value)
{
	if (value[0])
		unit->has_start_interval = !is_zero(value);
}

static void take_start_burst(struct unit *unit, const char *value)
{
	if (value[0])
		unit->has_start_burst = !is_zero(value);
}

static void take_restart(struct unit *unit, const char *value)
{
	unit->restarts = strcmp(value, "always") == 0;
}

static void take_preserve(struct unit *unit, const char *value)
{
	if (strcmp(value, "restart") == 0)
		unit->keeps_directory = true;
	else
		config_take_truth(value, &unit->keeps_directory);
}

static void take_store_max(struct unit *unit, const char *value)
{
	if (value[0])
		unit->keeps_descriptors = !is_zero(value);
}

static const struct setting {
	const char *section;
	const char *key;
	void (*take)(struct unit *unit, const char *value);
} settings[] = {
	{"Service", "User", take_user},
	{"Service", "RemoveIPC", take_remove_ipc},
	{"Service", "DynamicUser", take_dynamic_user},
	{"Service", "PrivateIPC", take_private_ipc},
	{"Service", "PrivateUsers", take_private_users},
	{"Service", "Restart", take_restart},
	{"Service", "RuntimeDirectoryPreserve", take_preserve},
	{"Service", "FileDescriptorStoreMax", take_store_max},
	{"Unit", "StartLimitIntervalSec", take_start_interval},
	{"Unit", "StartLimitInterval", take_start_interval},
	{"Service", "StartLimitInterval", take_start_interval},
	{"Unit", "StartLimitBurst", take_start_burst},
	{"Service", "StartLimitBurst", take_start_burst},
};

struct reading {
	struct unit unit;
	bool is_there; /* something was said */
};

static void take(void *data, const char *section, const char *key, const char *value)
{
	struct reading *reading = data;

	reading->is_there = true;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (strcmp(settings[i].section, section) == 0 && strcmp(settings[i].key, key) == 0)
			settings[i].take(&reading->unit, value);
}

int unit_read(const char *root, const char *directory, const char *name, struct unit *ret_unit)
{
	struct reading reading = {.unit = {.has_start_interval = true, .has_start_burst = true}};
	char path[PATH_MAX], general[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s%s", directory, name);
	int r;

	if (length < 0 || length >= (int)sizeof(path))
		return -ENAMETOOLONG;
	snprintf(general, sizeof(general), "%sservice", directory);
	r = config_read(root, path, general, take, &reading);
	if (r == 0 && !reading.is_there)
		r = -ENOENT;
	if (r == 0)
		*ret_unit = reading.unit;
	return r;
}
