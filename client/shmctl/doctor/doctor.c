/*
 * The table of checks, and what they have found. To add one: a row here, its function in the file
 * of its subject, and its part of a unit test with a machine that is well and one that is not.
 */
#include "doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "files.h"

#define NEARLY_PERCENT 80
#define BROKER_COMMAND "shmbrokerd"
#define COMMAND_MOST   4096 /* of the file that has it */

// clang-format off

const struct check check_table[] = {
	{"broker",            "the broker",                                  check_broker},
	{"ipc-namespace",     "the IPC namespace",                           check_ipc_namespace},
	{"process-namespace", "the process namespace",                       check_process_namespace},
	{"shmmni",            "the number of System V segments",             check_segments_limit},
	{"shmall",            "the memory of System V segments",             check_pages_limit},
	{"shmmax",            "the size of System V segments",               check_size_limit},
	{"stale-segments",    "System V segments of other programs",         check_stale_segments},
	{"logind",            "what logind removes at the end of a session", check_logind},
	{"broker-unit",       "the unit of the broker",                      check_broker_unit},
	{"other-units",       "what other units remove at their end",        check_other_units},
	{"huge-pages",        "huge pages of shared memory",                 check_huge_pages},
	{"descriptors",       "the number of open files",                    check_descriptors},
	{"room",              "the room in file systems",                    check_room},
};

// clang-format on

const size_t check_table_n = ARRAY_SIZE(check_table);

const char *const severity_words[SEVERITIES] = {"ok", "note", "warning", "problem"};

bool doctor_is_nearly(uint64_t used, uint64_t limit)
{
	return used >= limit / 100 * NEARLY_PERCENT + (limit % 100 * NEARLY_PERCENT + 99) / 100;
}

bool doctor_is_broker(const char *root, uint32_t pid, char command[static COMMAND_MAX])
{
	char name[sizeof("/proc//comm") + 10];
	char *text = NULL;

	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/comm", pid);
	command[0] = '\0';
	if (files_read_text(root, name, COMMAND_MOST, &text) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	text_copy(command, COMMAND_MAX, text);
	free(text);
	return strcmp(command, BROKER_COMMAND) == 0;
}

int doctor_examine(struct machine *machine, struct findings *findings)
{
	machine->sysv_fault = sysv_read(machine->root, &machine->sysv);
	for (size_t i = 0; i < check_table_n; i++) {
		size_t before = findings->n;

		findings->check = check_table[i].name;
		check_table[i].run(machine, findings);
		if (findings->n == before)
			findings_add(findings, SEVERITY_OK, check_table[i].looks_at,
				     "nothing is the matter");
	}
	sysv_free(&machine->sysv);
	return findings->is_short_of_memory ? -ENOMEM : 0;
}

/* One line; NULL when there is no memory. */
static attr_printf(1, 0) char *compose(const char *format, va_list arguments)
{
	char *text;

	if (vasprintf(&text, format, arguments) < 0)
		return NULL;
	text_one_line(text);
	return text;
}

static struct finding *next_finding(struct findings *findings)
{
	if (findings->n == findings->room) {
		size_t room = findings->room ? findings->room * 2 : 32;
		struct finding *longer = reallocarray(findings->all, room, sizeof(*longer));

		if (!longer)
			return NULL;
		findings->all = longer;
		findings->room = room;
	}
	return &findings->all[findings->n];
}

void findings_add(struct findings *findings, enum severity severity, const char *subject,
		  const char *format, ...)
{
	struct finding *finding = next_finding(findings);
	va_list arguments;

	if (!finding) {
		findings->is_short_of_memory = true;
		return;
	}
	*finding = (struct finding){.check = findings->check, .severity = severity};
	findings->n++;
	va_start(arguments, format);
	finding->text = compose(format, arguments);
	va_end(arguments);
	finding->subject = strdup(subject);
	if (!finding->text || !finding->subject)
		findings->is_short_of_memory = true;
	else
		text_one_line(finding->subject);
}

void findings_mend(struct findings *findings, const char *format, ...)
{
	struct finding *finding;
	va_list arguments;

	if (findings->is_short_of_memory || findings->n == 0)
		return;
	finding = &findings->all[findings->n - 1];
	va_start(arguments, format);
	finding->mend = compose(format, arguments);
	va_end(arguments);
	if (!finding->mend)
		findings->is_short_of_memory = true;
}

void findings_add_unknown(struct findings *findings, const char *subject, int r)
{
	findings_add(findings, SEVERITY_NOTE, subject, "cannot be looked at: %s",
		     r == -EBADMSG ? "what is there makes no sense" : strerror(-r));
	if (r == -EACCES || r == -EPERM)
		findings_mend(findings, "look again as root");
	else
		findings_mend(findings, "see what hides it: a container, or a kernel without it");
}

size_t findings_count(const struct findings *findings, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->all[i].severity == severity;
	return n;
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		free(findings->all[i].subject);
		free(findings->all[i].text);
		free(findings->all[i].mend);
	}
	free(findings->all);
	*findings = (struct findings){0};
}

void check_broker(const struct machine *machine, struct findings *findings)
{
	if (!machine->no_broker)
		return;
	if (machine->wants_broker) {
		findings_add(findings, SEVERITY_PROBLEM, "broker", "no broker answers: %s",
			     machine->no_broker);
		findings_mend(findings,
			      "see whether it runs: systemctl status shmbrokerd.socket shmbrokerd; "
			      "whether you may reach it: ls -l of its socket; or name another by "
			      "--socket");
	} else {
		findings_add(findings, SEVERITY_NOTE, "broker", "no broker answers: %s",
			     machine->no_broker);
		findings_mend(findings, "the first program that wants one starts it");
	}
}
