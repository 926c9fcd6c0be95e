/*
 * The offset of a time namespace stands in /proc as the one of the children that the process will
 * have, which is its own unless it has made a namespace for them and not forked yet.
 */
#include "formats/cache_clock.h"

#include <inttypes.h>
#include <stdio.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

#define LOOKS 10u /* at a thread that hardly ever runs */

static int64_t read_namespace_ns(void)
{
	FILE *file = fopen("/proc/self/timens_offsets", "re");
	int64_t s, ns, offset = 0;
	char line[128], clock[32];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%31s %" SCNd64 " %" SCNd64, clock, &s, &ns) == 3 &&
		    clock[0] == 'b')
			offset = s * NS_PER_S + ns;
	fclose(file);
	return offset;
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec now = {0};

	(void)clock_gettime(id, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* How far the coarse clock is behind: the difference of two looks, which is wrong by as long as the
 * thread did not run between them; so it is looked again if that was long. */
static int64_t lag_ns(const struct cache_clock *clock)
{
	int64_t before, boot, after;
	unsigned looks = 0;

	do {
		before = clock_ns(CLOCK_MONOTONIC);
		boot = clock_ns(CLOCK_BOOTTIME);
		after = clock_ns(CLOCK_MONOTONIC);
	} while (after - before > NS_PER_MS && ++looks < LOOKS);
	return boot - clock->namespace_ns - before;
}

uint64_t cache_clock_check(struct cache_clock *clock, uint64_t now_ms)
{
	uint64_t lag = (uint64_t)(lag_ns(clock) / NS_PER_MS);

	atomic_store_explicit(&clock->lag_ms, lag, memory_order_relaxed);
	atomic_store_explicit(&clock->checked_ms, now_ms, memory_order_relaxed);
	return lag;
}

void cache_clock_init(struct cache_clock *clock)
{
	clock->namespace_ns = read_namespace_ns();
	(void)cache_clock_check(clock, (uint64_t)(clock_ns(CLOCK_MONOTONIC_COARSE) / NS_PER_MS));
}
