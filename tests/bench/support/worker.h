/*
 * Processes that a benchmark forks: pinned, and dead when it is.
 */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include <stdint.h>
#include <sys/types.h>

/* Fork, and run FUNCTION there on CORE, which does not return. Returns the pid. */
pid_t worker_start(int core, void (*function)(void *data), void *data);

/* SIGKILL, and wait for its end. */
void worker_end(pid_t pid);

/* In memory that workers share: sleep until *WORD is not VALUE; count it up, and wake them. */
void gate_wait(_Atomic uint32_t *word, uint32_t value);
void gate_count(_Atomic uint32_t *word);

/* Sleep until *WORD is not VALUE, for the process that has started the N workers: when one of them
 * ends meanwhile, so does the benchmark. */
void workers_wait(const pid_t *workers, unsigned n, _Atomic uint32_t *word, uint32_t value);

#endif
