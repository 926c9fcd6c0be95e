/*
 * With RemoveIPC=yes, its default, logind removes at the end of a user's last session the System V
 * segments that are his and that nobody is attached to. It leaves users of the system alone, and
 * those who linger.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "doctor.h"
#include "files.h"
#include "words/readable.h"
#include "words/subject.h"

#define SYSTEM_UID_MAX 999 /* what Debian's systemd takes for users of the system */
#define LOGIND_FILE    "/systemd/logind.conf"
#define SYSTEMD_RUNS   "/run/systemd/system"
#define LINGER         "/var/lib/systemd/linger/"

static void take(void *data, const char *section, const char *key, const char *value)
{
	if (strcmp(section, "Login") == 0 && strcmp(key, "RemoveIPC") == 0)
		config_take_truth(value, data);
}

static bool exists(const char *root, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	return files_path(root, name, path) && stat(path, &st) == 0;
}

static bool lingers(const struct machine *machine, const char *user)
{
	char name[sizeof(LINGER) + SUBJECT_TEXT_MAX];

	snprintf(name, sizeof(name), LINGER "%s", user);
	return !strchr(user, '/') && exists(machine->root, name);
}

/* Whether none of those before it is of the same user. */
static bool is_first_of_user(const struct sysv_table *table, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (table->all[i].uid == table->all[at].uid)
			return false;
	return true;
}

static void add_user(const struct machine *machine, struct findings *findings, uint32_t uid)
{
	char user[SUBJECT_TEXT_MAX], subject[SUBJECT_TEXT_MAX + 8], size[UNITS_TEXT_MAX];
	uint64_t bytes = 0;
	size_t n = 0;

	if (lingers(machine, subject_user_text(uid, user)))
		return;
	for (size_t i = 0; i < machine->sysv.n; i++) {
		const struct sysv_segment *segment = &machine->sysv.all[i];

		if (segment->uid != uid)
			continue;
		bytes = segment->size > UINT64_MAX - bytes ? UINT64_MAX : bytes + segment->size;
		n++;
	}
	snprintf(subject, sizeof(subject), "user %s", user);
	findings_add(findings, SEVERITY_WARNING, subject,
		     "logind has RemoveIPC=yes: at the end of his last session it removes those of "
		     "his %zu System V segments (%s) that nobody is attached to then",
		     n, readable_size(bytes, size));
	findings_mend(findings,
		      "RemoveIPC=no under [Login] in a file of /etc/systemd/logind.conf.d and "
		      "systemctl restart systemd-logind; or loginctl enable-linger %s",
		      user);
}

static void add_users(const struct machine *machine, struct findings *findings)
{
	bool is_brokers_seen = false;

	for (size_t i = 0; i < machine->sysv.n; i++) {
		uint32_t uid = machine->sysv.all[i].uid;

		if (uid <= SYSTEM_UID_MAX || !is_first_of_user(&machine->sysv, i))
			continue;
		is_brokers_seen = is_brokers_seen || uid == machine->broker.uid;
		add_user(machine, findings, uid);
	}
	if (!machine->no_broker && machine->broker.uid > SYSTEM_UID_MAX && !is_brokers_seen) {
		findings_add(findings, SEVERITY_NOTE, "broker",
			     "logind has RemoveIPC=yes, and the broker's user is a person: its "
			     "System V segments would end with his last session");
		findings_mend(findings, "make memfds, or see docs/INSTALL.md for a broker of the "
					"machine, which has a user of its own");
	}
}

void check_logind(const struct machine *machine, struct findings *findings)
{
	bool removes = true;
	int r;

	if (!exists(machine->root, SYSTEMD_RUNS)) {
		findings_add(findings, SEVERITY_OK, "logind", "systemd does not run here");
		return;
	}
	r = config_read(machine->root, LOGIND_FILE, NULL, take, &removes);
	if (r < 0 && r != -ENOENT) {
		findings_add_unknown(findings, "/etc" LOGIND_FILE, r);
		return;
	}
	if (!removes)
		findings_add(findings, SEVERITY_OK, "logind", "has RemoveIPC=no");
	else if (machine->sysv_fault < 0)
		findings_add_unknown(findings, SYSV_FILE, machine->sysv_fault);
	else
		add_users(machine, findings);
}
