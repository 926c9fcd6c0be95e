/*
 * Who holds what: the ledger of the broker, of which the rows are left out that were not asked for.
 *
 * The unit of each process is looked up once, however much it holds.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "facts/gather.h"
#include "families.h"
#include "output/who.h"
#include "session.h"
#include "words/systemd_unit.h"

struct process {
	uint32_t pid;
	int status; /* 0, or -errno when its unit cannot be known */
	char unit[SYSTEMD_UNIT_MAX];
};

struct processes {
	struct process *all; /* in the order of their pids */
	size_t n;
};

static void processes_cleanup(struct processes *processes)
{
	free(processes->all);
}

static int compare_pids(const void *one, const void *other)
{
	uint32_t pid = ((const struct process *)one)->pid;
	uint32_t than = ((const struct process *)other)->pid;

	return (pid > than) - (pid < than);
}

/* Whether a holder is one of those that were asked for, but for the unit. */
static bool is_wanted(const struct arguments *arguments, const struct shmb_holder *holder)
{
	return (arguments->pid == 0 || holder->pid == arguments->pid) &&
	       (!arguments->has_user || holder->uid == arguments->uid);
}

/* Keep those that are wanted. */
static void sift(const struct arguments *arguments, struct gathering *holders)
{
	struct shmb_holder *all = holders->elements;
	size_t n = 0;

	for (size_t i = 0; i < holders->n; i++)
		if (is_wanted(arguments, &all[i]))
			all[n++] = all[i];
	holders->n = n;
}

/* Look up where each process belongs. Returns 0 or -ENOMEM. */
static int find_units(const struct shmb_holder *holders, size_t n, struct processes *ret)
{
	struct process *all = calloc(n + 1, sizeof(*all));
	size_t found = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		all[i].pid = holders[i].pid;
	qsort(all, n, sizeof(*all), compare_pids);
	for (size_t i = 0; i < n; i++) {
		if (found > 0 && all[found - 1].pid == all[i].pid)
			continue;
		all[found].pid = all[i].pid;
		all[found].status = systemd_unit_of(all[found].pid, all[found].unit);
		found++;
	}
	*ret = (struct processes){.all = all, .n = found};
	return 0;
}

static const struct process *find_process(const struct processes *processes, uint32_t pid)
{
	const struct process key = {.pid = pid};

	return bsearch(&key, processes->all, processes->n, sizeof(key), compare_pids);
}

/* Say so when some are left out since nobody knows where they belong. */
static int complain_unknown(const struct processes *processes)
{
	const struct process *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < processes->n; i++) {
		if (processes->all[i].status == 0)
			continue;
		if (n++ == 0)
			first = &processes->all[i];
	}
	if (!first)
		return STATUS_DONE;
	return complain_failed("the unit of %zu %s cannot be known, and %s left out: "
			       "/proc/%" PRIu32 "/cgroup: %s; ask as root",
			       n, n == 1 ? "process" : "processes", n == 1 ? "it is" : "they are",
			       first->pid, strerror(-first->status));
}

/* Print HOLDERS, or those of them who are in the unit that was asked for. */
static int print(struct session *session, const struct gathering *holders,
		 const struct processes *processes)
{
	const char *unit = session->arguments.unit;
	const struct shmb_holder *all = holders->elements;
	struct whereabouts *shown = calloc(holders->n + 1, sizeof(*shown));
	size_t n = 0;
	int r;

	if (!shown)
		return complain_output(-ENOMEM);
	for (size_t i = 0; i < holders->n; i++) {
		const struct process *process = find_process(processes, all[i].pid);

		if (unit[0] && strcmp(process->unit, unit) != 0)
			continue;
		shown[n++] = (struct whereabouts){.holder = &all[i], .unit = process->unit};
	}
	r = session->output->who(session->out, shown, n);
	free(shown);
	return complain_output(r);
}

int who_holds(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	autogathering holders = {.size = sizeof(struct shmb_holder)};
	attr_cleanup(processes_cleanup) struct processes processes = {.n = 0};
	int status = gather_holders(session->broker, session_operand(session, 0), &holders);

	if (status != STATUS_DONE)
		return status;
	sift(arguments, &holders);
	if (find_units(holders.elements, holders.n, &processes) < 0)
		return complain_output(-ENOMEM);
	status = print(session, &holders, &processes);
	if (status == STATUS_DONE && arguments->unit[0])
		status = complain_unknown(&processes);
	return status;
}
