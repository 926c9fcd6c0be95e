/*
 * System V segments that nobody is attached to, and that are none of the broker's: memory that some
 * program has forgotten. They are named, the largest first, and never removed.
 *
 * Of a broker's segments those may not be seen that the caller may not open: whatever the broker's
 * user made is taken for its, unless all are seen. What a broker made that runs, be it another one,
 * is that one's. Where none answers, nobody knows more.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "doctor.h"
#include "words/readable.h"
#include "words/subject.h"

#define NAMED_MAX 20

static bool sees_all(const struct machine *machine)
{
	return machine->uid == 0 || machine->uid == machine->broker.uid;
}

/* An id alone means nothing: in another namespace it is another segment's. */
static bool is_brokers(const struct machine *machine, const struct sysv_segment *segment)
{
	char command[COMMAND_MAX];

	if (doctor_is_broker(machine->root, segment->maker_pid, command))
		return true;
	if (machine->no_broker || !machine->broker.sysv)
		return false;
	if (segment->maker_uid == machine->broker.uid &&
	    (!sees_all(machine) || segment->maker_pid == machine->totals.pid))
		return true;
	for (size_t i = 0; i < machine->objects_n; i++)
		if (machine->objects[i].key != 0 && machine->objects[i].key == segment->key &&
		    machine->objects[i].shmid == segment->shmid)
			return true;
	return false;
}

static int compare_sizes(const void *a, const void *b)
{
	const struct sysv_segment *first = a, *second = b;

	if (first->size != second->size)
		return first->size < second->size ? 1 : -1;
	return (first->shmid > second->shmid) - (first->shmid < second->shmid);
}

static void add_segment(const struct machine *machine, struct findings *findings,
			const struct sysv_segment *segment)
{
	uint64_t now = machine->now > 0 ? (uint64_t)machine->now : 0;
	uint64_t seconds = now > segment->changed ? now - segment->changed : 0;
	char subject[32], size[UNITS_TEXT_MAX], age[UNITS_TEXT_MAX], user[SUBJECT_TEXT_MAX];

	snprintf(subject, sizeof(subject), "segment %" PRIu32, segment->shmid);
	findings_add(findings, machine->no_broker ? SEVERITY_NOTE : SEVERITY_WARNING, subject,
		     "nobody is attached to it, for %s: %s of %s, key 0x%08" PRIx32
		     ", made by process %" PRIu32 "%s",
		     readable_age(seconds < UINT64_MAX / 1000 ? seconds * 1000 : UINT64_MAX, age),
		     readable_size(segment->size, size), subject_user_text(segment->uid, user),
		     segment->key, segment->maker_pid,
		     machine->no_broker ? "; it may be of a broker that does not run" : "");
	findings_mend(findings,
		      "%slook: ipcs -m -i %" PRIu32 "; when no program wants it any more, as %s: "
		      "ipcrm -m %" PRIu32,
		      machine->no_broker ? "start the broker, which knows its own, and " : "",
		      segment->shmid, user, segment->shmid);
}

/* Those beyond the ones that are named. */
static void add_rest(struct findings *findings, const struct sysv_segment *stale, size_t n)
{
	uint64_t bytes = 0;
	char size[UNITS_TEXT_MAX];

	for (size_t i = 0; i < n; i++)
		bytes = stale[i].size > UINT64_MAX - bytes ? UINT64_MAX : bytes + stale[i].size;
	findings_add(findings, SEVERITY_WARNING, "segments",
		     "nobody is attached to %zu more, which have %s together", n,
		     readable_size(bytes, size));
	findings_mend(findings, "look: ipcs -m, those with 0 in the column nattch");
}

void check_stale_segments(const struct machine *machine, struct findings *findings)
{
	const struct sysv_table *table = &machine->sysv;
	struct sysv_segment *stale;
	size_t n = 0;

	if (machine->sysv_fault < 0) {
		findings_add_unknown(findings, SYSV_FILE, machine->sysv_fault);
		return;
	}
	if (table->odd > 0)
		findings_add(findings, SEVERITY_NOTE, SYSV_FILE,
			     "%zu lines of it make no sense and are left out", table->odd);
	stale = calloc(table->n + 1, sizeof(*stale));
	if (!stale) {
		findings->is_short_of_memory = true;
		return;
	}
	for (size_t i = 0; i < table->n; i++)
		if (table->all[i].attached == 0 && !is_brokers(machine, &table->all[i]))
			stale[n++] = table->all[i];
	qsort(stale, n, sizeof(*stale), compare_sizes);
	for (size_t i = 0; i < n && i < NAMED_MAX; i++)
		add_segment(machine, findings, &stale[i]);
	if (n > NAMED_MAX)
		add_rest(findings, stale + NAMED_MAX, n - NAMED_MAX);
	free(stale);
}
