/*
 * What will hurt: the state of the machine, and of the broker on it, looked at by one small
 * function for each question.
 *
 * A check changes nothing, and reads files only below machine.root, so that a test can make up the
 * machine. What it finds are findings: what is the matter, with what, and how to mend it.
 */
#ifndef SHMCTL_DOCTOR_DOCTOR_H
#define SHMCTL_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <shmbroker/object.h>

#include "base/attr.h"
#include "sysv.h"

enum severity {
	SEVERITY_OK,
	SEVERITY_NOTE,    /* good to know */
	SEVERITY_WARNING, /* will hurt, some day */
	SEVERITY_PROBLEM, /* hurts */
};

#define SEVERITIES (SEVERITY_PROBLEM + 1)

/* "ok", "note", "warning", "problem". */
extern const char *const severity_words[SEVERITIES];

struct finding {
	const char *check; /* name of the one that found it */
	enum severity severity;
	char *subject; /* what it is about, one line as the others */
	char *text;    /* what is the matter */
	char *mend;    /* what to do; NULL where nothing is to be done */
};

/* A lack of memory is remembered, and told in the end. */
struct findings {
	struct finding *all;
	size_t n;
	size_t room;
	const char *check; /* that is under way */
	bool is_short_of_memory;
};

struct machine {
	const char *root; /* goes before the path of every file; "" for the machine itself */
	uint32_t uid;     /* who looks */
	time_t now;
	const char *no_broker; /* why none answers; NULL when one does */
	bool wants_broker;     /* one should: it was named, or the machine has one */
	/* Of the broker, where one answers. */
	struct shmb_broker_facts broker;
	struct shmb_totals totals;
	const struct shmb_object *objects;
	size_t objects_n;
	/* Read by doctor_examine(). */
	struct sysv_table sysv;
	int sysv_fault; /* 0, or why that could not be read, as -errno */
};

struct check {
	const char *name;
	const char *looks_at; /* as the end of "nothing is the matter with" */
	void (*run)(const struct machine *machine, struct findings *findings);
};

extern const struct check check_table[];
extern const size_t check_table_n;

/* Run all checks. One that finds nothing leaves an "ok". Returns 0, or -ENOMEM when something is
 * missing from the findings. */
int doctor_examine(struct machine *machine, struct findings *findings);

/* Whether so much of a limit is used that it is time to say so. */
bool doctor_is_nearly(uint64_t used, uint64_t limit);

#define COMMAND_MAX 32

/* Whether the process PID is a broker, by its name, which is put into COMMAND; "" when there is no
 * such process. */
bool doctor_is_broker(const char *root, uint32_t pid, char command[static COMMAND_MAX]);

/* Add one to what the check under way has found. */
void findings_add(struct findings *findings, enum severity severity, const char *subject,
		  const char *format, ...) attr_printf(4, 5);

/* Say how to mend what was added last. */
void findings_mend(struct findings *findings, const char *format, ...) attr_printf(2, 3);

/* Add a note that SUBJECT could not be looked at, for the reason R, which is -errno. */
void findings_add_unknown(struct findings *findings, const char *subject, int r);

/* How many are of this severity. */
size_t findings_count(const struct findings *findings, enum severity severity);

void findings_free(struct findings *findings);

static inline void findings_cleanup(struct findings *findings)
{
	findings_free(findings);
}

#define autofindings attr_cleanup(findings_cleanup) struct findings

/* The checks, a subject a file. */
void check_broker(const struct machine *machine, struct findings *findings);

/* kernel.c */
void check_segments_limit(const struct machine *machine, struct findings *findings);
void check_pages_limit(const struct machine *machine, struct findings *findings);
void check_size_limit(const struct machine *machine, struct findings *findings);
void check_huge_pages(const struct machine *machine, struct findings *findings);

/* stale.c */
void check_stale_segments(const struct machine *machine, struct findings *findings);

/* logind.c */
void check_logind(const struct machine *machine, struct findings *findings);

/* units.c */
void check_broker_unit(const struct machine *machine, struct findings *findings);
void check_other_units(const struct machine *machine, struct findings *findings);

/* namespaces.c */
void check_ipc_namespace(const struct machine *machine, struct findings *findings);
void check_process_namespace(const struct machine *machine, struct findings *findings);

/* room.c */
void check_descriptors(const struct machine *machine, struct findings *findings);
void check_room(const struct machine *machine, struct findings *findings);

#endif
