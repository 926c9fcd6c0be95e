/*
 * The engine's children: what they have to say, and waiting for them with a bound.
 *
 * There is one victim and one survivor at a time. Each has a line that is shared with the engine,
 * in which it leaves what it found wrong.
 */
#ifndef CRASH_PROCESS_H
#define CRASH_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#define REMARK_SIZE 160

/* To be called once, before any other call here. */
void process_init(void);

/* Fork. Returns 0 in the child, which is killed when the engine ends. */
pid_t process_fork(void);

/* Wait for the next that the kernel has to tell of PID, as waitpid(). False when nothing came. */
bool process_await(pid_t pid, int timeout_ms, int *ret_status);

/* SIGKILL, and wait until it is gone. */
void process_kill(pid_t pid);

/* A shared line for remarks, empty at first. */
char *remark_new(void);

/* The end of a child that found nothing wrong (WRONG is NULL), or something. */
_Noreturn void remark_and_exit(char *remark, const char *wrong);

#endif
