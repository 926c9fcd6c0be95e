/*
 * The table of resources, and what this machine has of each.
 */
#include "rules/resources.h"

#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/sysinfo.h>

#include "base/attr.h"

/* What a limit can be a share of. What cannot be found out bounds nothing. */
enum total { TOTAL_MEMORY, TOTAL_DESCRIPTORS, TOTAL_SYSV, TOTAL_ANYTHING };

struct row {
	const char *key;
	const char *unit;
	uint64_t limit;
	unsigned share;
	enum total of;
};

#define ROW(number, name, key, unit, limit, share, of)                                             \
	[number] = {key, unit, limit, share, TOTAL_##of},

static const struct row rows[] = {RESOURCES(ROW)};

_Static_assert(ARRAY_SIZE(rows) == RESOURCES_N, "the numbers of resources have no gap");

static uint64_t memory(void)
{
	struct sysinfo machine;

	return sysinfo(&machine) == 0 ? (uint64_t)machine.totalram * machine.mem_unit
				      : RESOURCE_INFINITY;
}

/* The hard limit, to which the broker raises its own. */
static uint64_t descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max == RLIM_INFINITY)
		return RESOURCE_INFINITY;
	return limit.rlim_max;
}

static uint64_t sysv_segments(void)
{
	struct shminfo kernel;

	if (shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&kernel) < 0)
		return RESOURCE_INFINITY;
	return kernel.shmmni;
}

static uint64_t total_of(enum total of)
{
	switch (of) {
	case TOTAL_MEMORY:
		return memory();
	case TOTAL_DESCRIPTORS:
		return descriptors();
	case TOTAL_SYSV:
		return sysv_segments();
	default:
		return RESOURCE_INFINITY;
	}
}

const char *resource_key(enum resource resource)
{
	return rows[resource].key;
}

const char *resource_unit(enum resource resource)
{
	return rows[resource].unit;
}

void resources_built_in(uint64_t ret_limits[static RESOURCES_N])
{
	for (enum resource i = 0; i < RESOURCES_N; i++) {
		uint64_t total = total_of(rows[i].of);
		uint64_t most =
			total == RESOURCE_INFINITY ? RESOURCE_INFINITY : total / rows[i].share;

		ret_limits[i] = rows[i].limit < most ? rows[i].limit : most;
	}
}
