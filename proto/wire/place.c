/*
 * The one look at the file system that the rule needs is whether /run/user/UID is there.
 */
#include "wire/place.h"

#include <stdio.h>
#include <sys/stat.h>

void wire_place_of_user(const char *xdg_runtime_dir, uid_t uid,
			char directory[static WIRE_PLACE_MAX])
{
	char run[64];
	struct stat st;

	if (xdg_runtime_dir && xdg_runtime_dir[0] == '/') {
		snprintf(directory, WIRE_PLACE_MAX, "%s/shmbroker", xdg_runtime_dir);
		return;
	}
	snprintf(run, sizeof(run), "/run/user/%u", uid);
	if (stat(run, &st) == 0 && S_ISDIR(st.st_mode))
		snprintf(directory, WIRE_PLACE_MAX, "%s/shmbroker", run);
	else
		snprintf(directory, WIRE_PLACE_MAX, "/tmp/shmbroker-%u", uid);
}
