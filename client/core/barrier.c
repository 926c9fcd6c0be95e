/*
 * membarrier(2), the form for processes that know nothing of each other.
 */
#include "core/barrier.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

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

void barrier_side_init(struct barrier_side *side, _Atomic uint32_t *unfenced)
{
	*side = (struct barrier_side){.unfenced = unfenced, .may_be_cheap = barrier_enable()};
	barrier_turn_dear(side);
}

void barrier_turn_cheap(struct barrier_side *side)
{
	atomic_store_explicit(side->unfenced, 1, memory_order_relaxed);
	/* Pairs with the fence of who sleeps: either he sees the mark, or we what he has said. */
	fence_full();
	side->is_cheap = true;
}
