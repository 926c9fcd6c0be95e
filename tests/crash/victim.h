/*
 * The victim: a traced process that does an operation, one instruction at a time, and is killed at
 * any of them.
 *
 * x86-64 and aarch64. The kernel stops a process after each instruction; what counts as one:
 *
 *   a system call          one, whatever the kernel does in it. One that sleeps is waited for
 *   rep movsb and the like one for each repetition
 *   the vDSO               as all other code
 *   a signal handler       as all other code; the victim has none
 *
 * On aarch64 a pair of load-exclusive and store-exclusive never succeeds when it is stepped: build
 * for atomic instructions of their own there (ARMv8.1, or the outlined atomics of gcc on such a
 * machine).
 */
#ifndef CRASH_VICTIM_H
#define CRASH_VICTIM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "operation.h"
#include "process.h"

struct victim {
	pid_t pid; /* -1 when it is gone */
	char remark[REMARK_SIZE];
};

/* What came of letting a victim go on. */
enum advance {
	ADVANCE_ON,    /* it stands where it should */
	ADVANCE_OVER,  /* the operation is done, and the victim stands behind it */
	ADVANCE_WRONG, /* it is dead or does not go on; its remark says why */
};

/* Why nothing can be traced here; NULL when it can. */
const char *victim_impediment(void);

/* Start one that stands before the first instruction of act. False with a remark. */
bool victim_start(struct victim *victim, const struct operation *operation, void *image);

/* One instruction. */
enum advance victim_step(struct victim *victim);

/* Let it run until it comes to the instruction at PC for the first time. */
enum advance victim_run_to(struct victim *victim, uintptr_t pc);

/* Where it stands: the next instruction. */
uintptr_t victim_pc(const struct victim *victim);

/* Whether its next instruction is a system call. */
bool victim_calls(const struct victim *victim);

/* Let it end. False with a remark when the operation says that something is wrong. */
bool victim_finish(struct victim *victim);

void victim_kill(struct victim *victim);

#endif
