/*
 * What a unit of systemd says about what ends with it, and whether it comes back.
 */
#ifndef SHMCTL_DOCTOR_UNIT_H
#define SHMCTL_DOCTOR_UNIT_H

#include <stdbool.h>

struct unit {
	char user[64]; /* as it stands there; "" where it does not say */
	bool removes_ipc;
	bool is_dynamic_user;
	bool has_own_ipc;
	bool has_own_users;
	bool has_start_interval; /* starts are limited where it has both */
	bool has_start_burst;
	bool restarts;
	bool keeps_directory;
	bool keeps_descriptors;
};

#define UNIT_DIRECTORY          "/systemd/system/" /* below each base of config.h */
#define UNIT_DIRECTORY_OF_USERS "/systemd/user/"

/*
 * Read the unit NAME, a service, in DIRECTORY, with its drop-ins; what it does not say is systemd's
 * default. Returns 0; -ENOENT when there is none, or it is masked; else -errno.
 */
int unit_read(const char *root, const char *directory, const char *name, struct unit *ret_unit);

#endif
