/*
 * A line of /proc/PID/cgroup is ID:CONTROLLERS:PATH, see cgroups(7); systemd has a hierarchy of its
 * own called name=systemd, or the one of version 2, which is 0 and has no controllers. Where there
 * are both the own one decides, since the other may be empty.
 *
 * Directories of cgroups are named by whom they are delegated to, who may be anybody: a name that
 * systemd would not give to a unit is none.
 */
#include "systemd_unit.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/text.h"

#define PATH_OF_CGROUP_MAX 32

static const char *const endings[] = {".service", ".scope", ".slice"};

/* Whether NAME, of LENGTH bytes, is a service, a scope or a slice. */
static bool is_unit(const char *name, size_t length)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789:-_.\\@";

	if (length >= SYSTEMD_UNIT_MAX || strspn(name, allowed) < length)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t ending = strlen(endings[i]);

		if (length > ending && strncmp(name + length - ending, endings[i], ending) == 0)
			return true;
	}
	return false;
}

const char *systemd_unit_read_name(const char *text, char ret_unit[static SYSTEMD_UNIT_MAX])
{
	char name[SYSTEMD_UNIT_MAX];
	int length =
		snprintf(name, sizeof(name), "%s%s", text, strchr(text, '.') ? "" : endings[0]);

	if (length < 0 || !is_unit(name, (size_t)length))
		return "is no unit that programs are in; write NAME.service, NAME.scope or "
		       "NAME.slice";
	text_copy(ret_unit, SYSTEMD_UNIT_MAX, name);
	return NULL;
}

/*
 * The innermost unit of PATH, which loses its end. A name that the kernel could take for a file of
 * its own stands behind an underscore there, and one that begins with an underscore behind a
 * second.
 */
static void find_innermost(char *path, char ret_unit[static SYSTEMD_UNIT_MAX])
{
	char *slash;

	while ((slash = strrchr(path, '/'))) {
		const char *name = slash[1] == '_' ? slash + 2 : slash + 1;
		size_t length = strlen(name);

		if (is_unit(name, length)) {
			memcpy(ret_unit, name, length + 1);
			return;
		}
		*slash = '\0';
	}
}

/* Cut off what the kernel writes behind a cgroup that is gone, and the end of the line. */
static void cut_end(char *line)
{
	static const char gone[] = " (deleted)";
	size_t length;

	line[strcspn(line, "\n")] = '\0';
	length = strlen(line);
	if (length >= strlen(gone) && strcmp(line + length - strlen(gone), gone) == 0)
		line[length - strlen(gone)] = '\0';
}

/* The path of a line that begins so; NULL when it does not. */
static char *path_of(char *line, const char *controllers)
{
	char *colon = strchr(line, ':');
	size_t length = strlen(controllers);

	if (!colon || strncmp(colon, controllers, length) != 0)
		return NULL;
	return colon + length;
}

int systemd_unit_parse(FILE *cgroup, char ret_unit[static SYSTEMD_UNIT_MAX])
{
	char own[SYSTEMD_UNIT_MAX] = "", unified[SYSTEMD_UNIT_MAX] = "";
	char *line = NULL;
	size_t room = 0;
	int r = 0;

	errno = 0;
	while (getline(&line, &room, cgroup) >= 0) {
		char *path;

		cut_end(line);
		if ((path = path_of(line, ":name=systemd:")))
			find_innermost(path, own);
		else if (strncmp(line, "0::", 3) == 0)
			find_innermost(line + 3, unified);
	}
	if (!feof(cgroup))
		r = errno ? -errno : -EIO;
	free(line);
	if (r == 0)
		text_copy(ret_unit, SYSTEMD_UNIT_MAX, own[0] ? own : unified);
	return r;
}

/* Whether there is such a process, also where /proc does not show it. */
static bool is_there(uint32_t pid)
{
	return kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

int systemd_unit_of(uint32_t pid, char ret_unit[static SYSTEMD_UNIT_MAX])
{
	char path[PATH_OF_CGROUP_MAX];
	FILE *cgroup;
	int r;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/cgroup", pid);
	cgroup = fopen(path, "re");
	r = cgroup ? systemd_unit_parse(cgroup, ret_unit) : -errno;
	if (cgroup)
		fclose(cgroup);
	if (r == 0 || (r != -ENOENT && r != -ESRCH) || is_there(pid))
		return r;
	ret_unit[0] = '\0';
	return 0;
}
