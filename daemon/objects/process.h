/*
 * Which process a pid means: pids come round again, and the time at which a process began tells
 * them apart.
 */
#ifndef OBJECTS_PROCESS_H
#define OBJECTS_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* When PID began, in ticks since boot; 0 when that cannot be told. */
uint64_t process_start(pid_t pid);

/*
 * A pidfd of the process that had PID and began at START; -ESRCH when it has ended, else -errno.
 * Where it cannot be told when a process begins (/proc with hidepid=), it is the one that has PID.
 */
int process_open(pid_t pid, uint64_t start);

#endif
