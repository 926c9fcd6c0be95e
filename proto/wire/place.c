/*
 * A directory that belongs to somebody else is passed over: with su or sudo the environment may
 * still be the former user's, and a broker of ours in there would lock him out of his own.
 */
#include "wire/place.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

static bool is_anothers(const char *path, uid_t uid)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_uid != uid;
}

static bool is_own_directory(const char *path, uid_t uid)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid;
}

void wire_place_of_user(const char *xdg_runtime_dir, uid_t uid,
			char directory[static WIRE_PLACE_MAX])
{
	char run[64];

	snprintf(run, sizeof(run), "/run/user/%u", uid);
	if (xdg_runtime_dir && xdg_runtime_dir[0] == '/' && !is_anothers(xdg_runtime_dir, uid))
		snprintf(directory, WIRE_PLACE_MAX, "%s/shmbroker", xdg_runtime_dir);
	else if (is_own_directory(run, uid))
		snprintf(directory, WIRE_PLACE_MAX, "%s/shmbroker", run);
	else
		snprintf(directory, WIRE_PLACE_MAX, "/tmp/shmbroker-%u", uid);
}
