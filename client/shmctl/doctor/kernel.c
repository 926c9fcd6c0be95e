/*
 * Limits of the kernel for System V segments, which are those of an IPC namespace, and how it has
 * huge pages.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "doctor.h"
#include "files.h"
#include "words/readable.h"

#define SHMMNI_MOST   32768               /* unless the kernel was started with ipcmni_extend */
#define SHMMAX_OF_OLD (32u << 20)         /* what it was before Linux 3.16 */
#define SIZE_OF_ANY   (UINT64_C(1) << 60) /* more than there can be */
#define HUGE_FILE     "/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define HUGE_MOST     4096

/* The severity of USED of LIMIT. */
static enum severity judge(uint64_t used, uint64_t limit)
{
	if (used >= limit)
		return SEVERITY_PROBLEM;
	return doctor_is_nearly(used, limit) ? SEVERITY_WARNING : SEVERITY_OK;
}

/* Of a limit, and of what it limits. Returns whether both are known. */
static bool look_up(const struct machine *machine, struct findings *findings, const char *file,
		    uint64_t *ret_limit)
{
	int r = files_read_number(machine->root, file, ret_limit);

	if (r < 0)
		findings_add_unknown(findings, file, r);
	else if (machine->sysv_fault < 0)
		findings_add_unknown(findings, SYSV_FILE, machine->sysv_fault);
	return r == 0 && machine->sysv_fault == 0;
}

void check_segments_limit(const struct machine *machine, struct findings *findings)
{
	uint64_t limit;
	enum severity severity;

	if (!look_up(machine, findings, "/proc/sys/kernel/shmmni", &limit))
		return;
	severity = judge(machine->sysv.n, limit);
	findings_add(findings, severity, "kernel.shmmni",
		     "%zu of %" PRIu64 " System V segments are used", machine->sysv.n, limit);
	if (severity >= SEVERITY_WARNING && limit < SHMMNI_MOST)
		findings_mend(findings,
			      "sysctl -w kernel.shmmni=%" PRIu64 ", and the same in a file of "
			      "/etc/sysctl.d; see what is stale; or make memfds: Backing=memfd",
			      limit * 2 > SHMMNI_MOST || limit == 0 ? SHMMNI_MOST : limit * 2);
	else if (severity >= SEVERITY_WARNING)
		findings_mend(findings, "remove what is stale, or make memfds: Backing=memfd in "
					"shmbrokerd.conf; the kernel allows hardly more");
}

static uint64_t saturating_add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return checked_add_u64(a, b, &sum) ? sum : UINT64_MAX;
}

/* Of UNITS of so many bytes. */
static const char *size_text(uint64_t units, uint64_t bytes, char text[static UNITS_TEXT_MAX])
{
	uint64_t size;

	return checked_mul_u64(units, bytes, &size) && size < SIZE_OF_ANY
		       ? readable_size(size, text)
		       : "any size";
}

void check_pages_limit(const struct machine *machine, struct findings *findings)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), pages = 0, limit;
	char used[UNITS_TEXT_MAX], most[UNITS_TEXT_MAX];
	enum severity severity;

	if (!look_up(machine, findings, "/proc/sys/kernel/shmall", &limit))
		return;
	for (size_t i = 0; i < machine->sysv.n; i++) {
		uint64_t size = machine->sysv.all[i].size;

		pages = saturating_add(pages, size / page + (size % page > 0));
	}
	severity = judge(pages, limit);
	findings_add(findings, severity, "kernel.shmall",
		     "System V segments have %s together, and may have %s",
		     size_text(pages, page, used), size_text(limit, page, most));
	if (severity >= SEVERITY_WARNING)
		findings_mend(findings,
			      "sysctl -w kernel.shmall=%" PRIu64 " (pages), and the same in a file "
			      "of /etc/sysctl.d; or make memfds: Backing=memfd",
			      limit > UINT64_MAX / 2 ? limit
			      : limit                ? limit * 2
						     : pages * 2);
}

static uint64_t largest_segment(const struct sysv_table *table)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < table->n; i++)
		if (table->all[i].size > largest)
			largest = table->all[i].size;
	return largest;
}

void check_size_limit(const struct machine *machine, struct findings *findings)
{
	char used[UNITS_TEXT_MAX], most[UNITS_TEXT_MAX];
	uint64_t limit, largest;
	enum severity severity;

	if (!look_up(machine, findings, "/proc/sys/kernel/shmmax", &limit))
		return;
	largest = largest_segment(&machine->sysv);
	severity = judge(largest, limit) == SEVERITY_OK ? SEVERITY_OK : SEVERITY_WARNING;
	if (severity == SEVERITY_OK && limit <= SHMMAX_OF_OLD)
		severity = SEVERITY_NOTE;
	findings_add(findings, severity, "kernel.shmmax",
		     "the largest System V segment has %s, and may have %s",
		     size_text(largest, 1, used), size_text(limit, 1, most));
	if (severity > SEVERITY_OK)
		findings_mend(findings,
			      "sysctl -w kernel.shmmax=18446744073692774399, which is the "
			      "kernel's own, and the same in a file of /etc/sysctl.d");
}

struct huge_mode {
	const char *word;
	const char *text;
};

static const struct huge_mode huge_modes[] = {
	{"[never]", "is \"never\": SHMB_HUGE does nothing, as all shared memory has small pages"},
	{"[deny]", "is \"deny\": nothing gets huge pages, as after an emergency"},
	{"[always]",
	 "is \"always\": each segment takes whole huge pages, also where little is used"},
	{"[force]", "is \"force\", which is for tests: all shared memory takes whole huge pages"},
};

void check_huge_pages(const struct machine *machine, struct findings *findings)
{
	char *text = NULL;
	int r = files_read_text(machine->root, HUGE_FILE, HUGE_MOST, &text);

	if (r < 0) {
		findings_add_unknown(findings, HUGE_FILE, r);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(huge_modes); i++) {
		if (!strstr(text, huge_modes[i].word))
			continue;
		findings_add(findings, SEVERITY_NOTE, HUGE_FILE, "%s", huge_modes[i].text);
		findings_mend(findings, "where segments are to have them: echo advise > " HUGE_FILE
					", and open with SHMB_HUGE");
	}
	if (!strchr(text, '['))
		findings_add_unknown(findings, HUGE_FILE, -EBADMSG);
	free(text);
}
