/*
 * clock_gettime(2) for the whole program, the libraries it uses among it: a definition in the
 * program comes before the one in libc. Only the monotonic clocks are ours; whoever measures the
 * time of day, as libFuzzer does, sees the true one.
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

#define NS_PER_S UINT64_C(1000000000)

static bool is_frozen;
static uint64_t frozen_ns;
static uint64_t ahead_ns;

static uint64_t true_ns(void)
{
	struct timespec now = {0};

	(void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
	uint64_t ns;

	if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, clock, ret);
	ns = (is_frozen ? frozen_ns : true_ns()) + ahead_ns;
	ret->tv_sec = (time_t)(ns / NS_PER_S);
	ret->tv_nsec = (long)(ns % NS_PER_S);
	return 0;
}

void fuzz_clock_freeze(void)
{
	frozen_ns = true_ns();
	is_frozen = true;
}

void fuzz_clock_pass(uint64_t ms)
{
	ahead_ns += ms * UINT64_C(1000000);
}

void fuzz_clock_reset(void)
{
	is_frozen = false;
	ahead_ns = 0;
}
