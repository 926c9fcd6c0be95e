/*
 * System V segments as the kernel counts them, by who made them.
 */
#ifndef SUPPORT_SYSV_H
#define SUPPORT_SYSV_H

#include <sys/types.h>

/* How many segments the process CREATOR made, since this program was started, that are still there.
 */
int sysv_count_of(pid_t creator);

/* Remove them all. Returns how many there were. */
int sysv_remove_of(pid_t creator);

#endif
