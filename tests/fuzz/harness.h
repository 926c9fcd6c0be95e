/*
 * What every fuzzer needs around its one function: a way to fail that says why, a place of its own
 * in the file system and in System V, and a clock that obeys it.
 *
 * A fuzzer is one file with LLVMFuzzerTestOneInput(). It is linked with libFuzzer under the preset
 * `fuzz`, and everywhere else with replay.c, which runs it over its corpus.
 */
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* The entry that libFuzzer and replay.c call. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Say what does not hold, and abort: a finding. */
attr_printf(1, 2) _Noreturn void fuzz_fail(const char *format, ...);

#define FUZZ_REQUIRE(condition, ...)                                                               \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__VA_ARGS__);                                                    \
	} while (0)

/*
 * Prepare the process, once; later calls do nothing. A directory is made, which goes with the
 * process, and where that is allowed the process gets an IPC namespace with tight limits: what a
 * crash leaves in it ends with the process too.
 */
void fuzz_prepare(void);

const char *fuzz_directory(void);

/* Whether System V segments may be made at all: only in a namespace that nobody else sees. */
bool fuzz_has_sysv(void);

/* How many there are, and the end of all of them; 0 without a namespace. */
int fuzz_count_sysv(void);
void fuzz_remove_sysv(void);

/* Open descriptors of this process. */
int fuzz_count_fds(void);

/*
 * Until further notice there are so many descriptors to be had, and no more. A finding lifts the
 * limit by itself, so that it can be written down.
 */
void fuzz_limit_fds(unsigned more);
void fuzz_lift_limit(void);

/*
 * CLOCK_MONOTONIC for everything in the process: it stands still, or runs; in both cases it goes
 * ahead when told. fuzz_clock_reset() gives the true time back.
 */
void fuzz_clock_freeze(void);
void fuzz_clock_pass(uint64_t ms);
void fuzz_clock_reset(void);

#endif
