/*
 * Which process a pid means: pids come round again, and a mark that no other process has had tells
 * them apart.
 */
#ifndef OBJECTS_PROCESS_H
#define OBJECTS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The mark of PID, whose pidfd is PIDFD (-1 for none), until the machine is booted again; 0 when
 * there is none to be had. BY_START: as on a kernel before 6.9, by when it began. */
uint64_t process_mark(pid_t pid, int pidfd, bool by_start);

/*
 * A pidfd of the process that had PID and MARK; -ESRCH when it has ended, else -errno. Where there
 * is no mark to compare (/proc with hidepid=), it is the one that has PID.
 */
int process_open(pid_t pid, uint64_t mark);

#endif
