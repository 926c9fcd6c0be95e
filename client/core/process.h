/*
 * Which process this is, asked at every call and so without a system call.
 */
#ifndef CORE_PROCESS_H
#define CORE_PROCESS_H

#include <sys/types.h>

/* getpid(2), remembered until the next fork. */
pid_t process_id(void);

/* Whether PID, remembered when a handle was made, is this process. Returns 0, or -EOWNERDEAD with a
 * text. */
int process_check(pid_t pid);

#endif
