/*
 * What /proc says of a process: open descriptors, memory, time on the processor, state.
 */
#ifndef SUPPORT_PROC_H
#define SUPPORT_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Number of open descriptors; the one that counting needs is not counted. -1 when PID is gone. */
int proc_count_fds(pid_t pid);

/* Number of threads; -1 when PID is gone. */
int proc_count_threads(pid_t pid);

/* Whether PID has a thread of this NAME. */
bool proc_has_thread(pid_t pid, const char *name);

/* Resident memory without what is shared with others, in KiB; -1 when PID is gone. */
long proc_private_kib(pid_t pid);

/* Resident memory that is backed by no file, in KiB, as the kernel counts it by the way: cheap, and
 * off by a few pages a thread. -1 when PID is gone. */
long proc_anonymous_kib(pid_t pid);

/* Time on the processor, user and system, in milliseconds; -1 when PID is gone. */
long proc_cpu_ms(pid_t pid);

/* When it began, in ticks since boot; 0 when PID is gone. */
uint64_t proc_began_at(pid_t pid);

/* 'R', 'S', 'T', 'Z'...; 0 when PID is gone. */
char proc_state(pid_t pid);

/* True while PID is there and not a zombie. */
bool proc_is_alive(pid_t pid);

#endif
