/*
 * Open files, of the machine and of the broker, and room where the broker writes down what it has,
 * and where shared memory of other programs lies.
 */
#include "room.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "files.h"
#include "wire/place.h"
#include "words/readable.h"

#define FILE_NR         "/proc/sys/fs/file-nr"
#define FILE_NR_MOST    4096
#define LIMITS_MOST     65536
#define OPEN_FILES      "Max open files"
#define LEFT_PERCENT    10
#define LEFT_BYTES      (UINT64_C(64) << 20) /* with as much left, a large one is not full */
#define LEFT_INODES     4096
#define NAME_OF_PROCESS 64

/* Of the machine: allocated, free, most. */
static void check_machine_files(const struct machine *machine, struct findings *findings)
{
	uint64_t used, spare, most;
	char *text = NULL;
	const char *at;
	int r = files_read_text(machine->root, FILE_NR, FILE_NR_MOST, &text);

	if (r == 0) {
		at = text;
		if (files_take_number(&at, &used) < 0 || files_take_number(&at, &spare) < 0 ||
		    files_take_number(&at, &most) < 0)
			r = -EBADMSG;
	}
	free(text);
	if (r < 0) {
		findings_add_unknown(findings, FILE_NR, r);
		return;
	}
	findings_add(findings, doctor_is_nearly(used, most) ? SEVERITY_WARNING : SEVERITY_OK,
		     "fs.file-max", "%" PRIu64 " of %" PRIu64 " open files of the machine are used",
		     used, most);
	if (doctor_is_nearly(used, most))
		findings_mend(findings,
			      "see who has them (lsof), or sysctl -w fs.file-max=%" PRIu64
			      ", and the same in a file of /etc/sysctl.d",
			      most > UINT64_MAX / 2 ? most : most * 2);
}

/* Entries of the directory, or -errno. */
static int64_t count_entries(const char *root, const char *name)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	int64_t n = 0;
	DIR *names = files_path(root, name, path) ? opendir(path) : NULL;

	if (!names)
		return -errno;
	while ((entry = readdir(names)))
		n += entry->d_name[0] != '.';
	(void)closedir(names);
	return n;
}

/* The soft limit, which is the first of the two. */
static int read_open_files(const char *root, const char *name, uint64_t *ret_limit)
{
	char *text = NULL;
	const char *at;
	int r = files_read_text(root, name, LIMITS_MOST, &text);

	if (r < 0)
		return r;
	at = strstr(text, OPEN_FILES);
	if (at)
		at += strlen(OPEN_FILES);
	if (at && strncmp(at + strspn(at, " "), "unlimited", strlen("unlimited")) == 0)
		*ret_limit = UINT64_MAX;
	else if (!at || files_take_number(&at, ret_limit) < 0)
		r = -EBADMSG;
	free(text);
	return r;
}

/* Only root and the broker's user may look at these. */
static void check_broker_files(const struct machine *machine, struct findings *findings)
{
	char files[NAME_OF_PROCESS], limits[NAME_OF_PROCESS];
	uint64_t limit = 0;
	int64_t n;
	int r;

	snprintf(files, sizeof(files), "/proc/%" PRIu32 "/fd", machine->totals.pid);
	snprintf(limits, sizeof(limits), "/proc/%" PRIu32 "/limits", machine->totals.pid);
	n = count_entries(machine->root, files);
	r = n < 0 ? (int)n : read_open_files(machine->root, limits, &limit);
	if (r < 0) {
		findings_add_unknown(findings, files, r);
		return;
	}
	findings_add(findings,
		     doctor_is_nearly((uint64_t)n, limit) ? SEVERITY_WARNING : SEVERITY_OK,
		     "broker", "has %" PRId64 " of the %" PRIu64 " open files that it may have", n,
		     limit);
	if (doctor_is_nearly((uint64_t)n, limit))
		findings_mend(findings, "see who has the connections and the memfds (shmctl who), "
					"or raise LimitNOFILE= in its unit and restart it");
}

void check_descriptors(const struct machine *machine, struct findings *findings)
{
	check_machine_files(machine, findings);
	if (!machine->no_broker)
		check_broker_files(machine, findings);
}

static bool is_short(uint64_t left, uint64_t all, uint64_t enough)
{
	return left < enough && left < all / 100 * LEFT_PERCENT + all % 100 * LEFT_PERCENT / 100;
}

void room_judge(const char *path, const struct statvfs *room, struct findings *findings)
{
	char left[UNITS_TEXT_MAX], all[UNITS_TEXT_MAX];
	uint64_t left_bytes, all_bytes;
	enum severity severity = SEVERITY_OK;

	if (!checked_mul_u64(room->f_bavail, room->f_frsize, &left_bytes))
		left_bytes = UINT64_MAX;
	if (!checked_mul_u64(room->f_blocks, room->f_frsize, &all_bytes))
		all_bytes = UINT64_MAX;
	/* Some file systems count nothing. */
	if (room->f_blocks > 0 && is_short(left_bytes, all_bytes, LEFT_BYTES))
		severity = left_bytes == 0 ? SEVERITY_PROBLEM : SEVERITY_WARNING;
	findings_add(findings, severity, path, "%s of %s are left", readable_size(left_bytes, left),
		     readable_size(all_bytes, all));
	if (severity > SEVERITY_OK)
		findings_mend(findings, "see what fills it (du -x %s), or make it larger", path);
	if (room->f_files > 0 && is_short(room->f_favail, room->f_files, LEFT_INODES)) {
		findings_add(findings, room->f_favail == 0 ? SEVERITY_PROBLEM : SEVERITY_WARNING,
			     path, "%" PRIu64 " of %" PRIu64 " files are left",
			     (uint64_t)room->f_favail, (uint64_t)room->f_files);
		findings_mend(findings, "see what fills it (du -x --inodes %s), or make it larger",
			      path);
	}
}

static void look_at_room(const struct machine *machine, struct findings *findings, const char *name)
{
	char path[PATH_MAX];
	struct statvfs room;

	if (!files_path(machine->root, name, path))
		findings_add_unknown(findings, name, -ENAMETOOLONG);
	else if (statvfs(path, &room) < 0)
		findings_add_unknown(findings, name, -errno);
	else
		room_judge(name, &room, findings);
}

void check_room(const struct machine *machine, struct findings *findings)
{
	look_at_room(machine, findings, machine->no_broker ? "/run" : machine->totals.directory);
	look_at_room(machine, findings, "/dev/shm");
}
