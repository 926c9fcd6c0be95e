/*
 * membarrier(2), the form for processes that know nothing of each other.
 */
#include "core/barrier.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fence.h"

static bool ask(int command)
{
	return syscall(SYS_membarrier, command, 0, 0) == 0;
}

bool barrier_enable(void)
{
	return ask(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
}

void barrier_dear(void)
{
	fence_full();
	(void)ask(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
}
