/*
 * Which unit of systemd a process is in, as its cgroup says: no daemon is asked.
 *
 * A unit is a directory of the tree of cgroups, called as the unit is. A process is in the
 * innermost one that is a service, a scope or a slice, also where the service has cgroups of its
 * own below.
 */
#ifndef SHMCTL_WORDS_SYSTEMD_UNIT_H
#define SHMCTL_WORDS_SYSTEMD_UNIT_H

#include <stdint.h>
#include <stdio.h>

#define SYSTEMD_UNIT_MAX 256 /* with its end */

/*
 * The name of a unit as it is typed: without an ending it is a service. Returns NULL, or what is
 * wrong with TEXT as the end of a sentence.
 */
const char *systemd_unit_read_name(const char *text, char ret_unit[static SYSTEMD_UNIT_MAX]);

/*
 * What a /proc/PID/cgroup says. *ret_unit is "" when it is no unit that the process is in. Returns
 * 0, or -errno when it cannot be read.
 */
int systemd_unit_parse(FILE *cgroup, char ret_unit[static SYSTEMD_UNIT_MAX]);

/*
 * The unit of a process as this machine counts them; "" for none, and when the process is gone.
 * Returns 0, or -errno when it cannot be known.
 */
int systemd_unit_of(uint32_t pid, char ret_unit[static SYSTEMD_UNIT_MAX]);

#endif
