/*
 * Units that take away what the broker has: its own, by what was put into a drop-in, and others
 * that run as its user.
 *
 * The unit of a broker that was started by hand is none of its, but is what the next boot starts.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "doctor.h"
#include "files.h"
#include "unit.h"
#include "words/subject.h"

#define BROKER_UNIT  "shmbrokerd.service"
#define SYSTEMD_RUNS "/run/systemd/system"
#define SERVICE      ".service"

static bool has_removed_ipc(const struct unit *unit)
{
	return unit->removes_ipc;
}

static bool has_dynamic_user(const struct unit *unit)
{
	return unit->is_dynamic_user;
}

static bool has_own_ipc(const struct unit *unit)
{
	return unit->has_own_ipc;
}

static bool has_own_users(const struct unit *unit)
{
	return unit->has_own_users;
}

static bool has_start_limit(const struct unit *unit)
{
	return unit->has_start_interval && unit->has_start_burst;
}

static bool has_no_restart(const struct unit *unit)
{
	return !unit->restarts;
}

static bool has_no_store(const struct unit *unit)
{
	return !unit->keeps_descriptors;
}

static bool has_no_directory(const struct unit *unit)
{
	return !unit->keeps_directory;
}

static const struct flaw {
	bool (*has)(const struct unit *unit);
	enum severity severity;
	const char *text;
	const char *mend; /* a setting, by a drop-in */
} flaws[] = {
	{has_removed_ipc, SEVERITY_PROBLEM,
	 "has RemoveIPC=yes: when it ends, its System V segments that nobody is attached to are "
	 "removed",
	 "RemoveIPC=no"},
	{has_dynamic_user, SEVERITY_PROBLEM,
	 "has DynamicUser=yes: when it ends, its System V segments are removed",
	 "DynamicUser=no and User=shmbroker"},
	{has_own_ipc, SEVERITY_PROBLEM,
	 "has PrivateIPC=yes: nobody else reaches its System V segments, which end with it",
	 "PrivateIPC=no"},
	{has_own_users, SEVERITY_PROBLEM,
	 "has PrivateUsers=: the broker cannot tell who its clients are, and refuses them",
	 "PrivateUsers=no"},
	{has_start_limit, SEVERITY_WARNING,
	 "limits starts: after some restarts it stays down, and memfds and FIFOs are lost",
	 "StartLimitIntervalSec=0 under [Unit]"},
	{has_no_restart, SEVERITY_WARNING,
	 "has no Restart=always: a broker that dies stays away until the next client comes",
	 "Restart=always"},
	{has_no_store, SEVERITY_WARNING,
	 "has no FileDescriptorStoreMax=: memfds and FIFOs are lost with each restart",
	 "FileDescriptorStoreMax=7000"},
	{has_no_directory, SEVERITY_WARNING,
	 "has no RuntimeDirectoryPreserve=: what is known of objects is lost with each restart",
	 "RuntimeDirectoryPreserve=yes"},
};

static bool systemd_runs(const struct machine *machine)
{
	char path[PATH_MAX];
	struct stat st;

	return files_path(machine->root, SYSTEMD_RUNS, path) && stat(path, &st) == 0;
}

void check_broker_unit(const struct machine *machine, struct findings *findings)
{
	bool is_users = !machine->no_broker && machine->broker.per_user;
	const char *of_user = is_users ? " --user" : "";
	struct unit unit;
	int r;

	if (!systemd_runs(machine)) {
		findings_add(findings, SEVERITY_OK, BROKER_UNIT, "systemd does not run here");
		return;
	}
	r = unit_read(machine->root, is_users ? UNIT_DIRECTORY_OF_USERS : UNIT_DIRECTORY,
		      BROKER_UNIT, &unit);
	if (r == -ENOENT && is_users)
		return;
	if (r == -ENOENT) {
		findings_add(findings, SEVERITY_NOTE, BROKER_UNIT,
			     "is not there, or masked: nothing starts a broker of the machine");
		findings_mend(findings, "where the machine is to have one, see docs/INSTALL.md");
	} else if (r < 0) {
		findings_add_unknown(findings, BROKER_UNIT, r);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(flaws); i++) {
		if (!flaws[i].has(&unit))
			continue;
		findings_add(findings, flaws[i].severity, BROKER_UNIT, "%s", flaws[i].text);
		findings_mend(findings, "systemctl%s edit " BROKER_UNIT ": %s", of_user,
			      flaws[i].mend);
	}
}

/* Whether it is a unit of its own, and no other name of one. */
static bool is_unit(const char *path, const char *name)
{
	size_t length = strlen(name);
	char target[PATH_MAX];
	const char *last;
	ssize_t n;

	if (length <= strlen(SERVICE) || strcmp(name + length - strlen(SERVICE), SERVICE) != 0 ||
	    strcmp(name, BROKER_UNIT) == 0)
		return false;
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return true;
	target[n] = '\0';
	last = strrchr(target, '/');
	return strcmp(last ? last + 1 : target, name) == 0;
}

/* Which segments would go with a unit of this user; 0 for a user who is not known. */
static size_t segments_of(const struct machine *machine, const char *user)
{
	uint32_t uid;
	size_t n = 0;

	if (!user[0] || subject_read_user(user, &uid))
		return 0;
	for (size_t i = 0; i < machine->sysv.n; i++)
		n += machine->sysv.all[i].uid == uid;
	return n;
}

static bool is_brokers_user(const struct machine *machine, const char *user)
{
	uint32_t uid;

	return !machine->no_broker && !subject_read_user(user[0] ? user : "0", &uid) &&
	       uid == machine->broker.uid;
}

static void judge_unit(const struct machine *machine, struct findings *findings, const char *name,
		       const struct unit *unit)
{
	size_t n = segments_of(machine, unit->user);
	bool is_brokers = is_brokers_user(machine, unit->user);

	/* systemd removes nothing of root's. */
	if (!(unit->removes_ipc || unit->is_dynamic_user) || !unit->user[0] ||
	    strcmp(unit->user, "root") == 0 || strcmp(unit->user, "0") == 0 ||
	    (n == 0 && !is_brokers))
		return;
	findings_add(findings, is_brokers ? SEVERITY_PROBLEM : SEVERITY_WARNING, name,
		     "has RemoveIPC=yes or DynamicUser=yes: when it ends, the System V segments of "
		     "user %s are removed "
		     "that nobody is attached to%s; now there are %zu",
		     unit->user, is_brokers ? ", the broker's among them" : "", n);
	findings_mend(findings,
		      "systemctl edit %s: another user, or none of the two, under [Service]", name);
}

/* Whether a base before this one has the unit too, which then counts. */
static bool is_overridden(const char *root, size_t base, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < base; i++)
		if (snprintf(path, sizeof(path), "%s%s%s%s", root, config_bases[i], UNIT_DIRECTORY,
			     name) < (int)sizeof(path) &&
		    lstat(path, &st) == 0)
			return true;
	return false;
}

/* The units in one base, but those that an earlier one has. */
static void look_at_base(const struct machine *machine, struct findings *findings, size_t base)
{
	char directory[PATH_MAX], path[PATH_MAX];
	const struct dirent *entry;
	DIR *names;

	snprintf(directory, sizeof(directory), "%s%s%s", machine->root, config_bases[base],
		 UNIT_DIRECTORY);
	names = opendir(directory);
	if (!names && errno != ENOENT)
		findings_add_unknown(findings, directory + strlen(machine->root), -errno);
	while (names && (entry = readdir(names))) {
		struct unit unit;

		if (snprintf(path, sizeof(path), "%s%s", directory, entry->d_name) >=
			    (int)sizeof(path) ||
		    !is_unit(path, entry->d_name) ||
		    is_overridden(machine->root, base, entry->d_name))
			continue;
		if (unit_read(machine->root, UNIT_DIRECTORY, entry->d_name, &unit) == 0)
			judge_unit(machine, findings, entry->d_name, &unit);
	}
	if (names)
		(void)closedir(names);
}

void check_other_units(const struct machine *machine, struct findings *findings)
{
	if (!systemd_runs(machine)) {
		findings_add(findings, SEVERITY_OK, "other units", "systemd does not run here");
		return;
	}
	for (size_t i = 0; i < CONFIG_BASES; i++)
		look_at_base(machine, findings, i);
}
