/*
 * The id is a new one each time: memory is renewed, and the new is in custody before the old is out
 * of it.
 */
#include "objects/custody.h"

#include <errno.h>

#include "objects/keeper.h"
#include "objects/registry.h"

int custody_give(struct registry *registry, int fd, uint64_t *ret_stored)
{
	uint64_t id = registry_next_id(registry);
	int r = keeper_store(registry->keeper, id, fd);

	*ret_stored = r == 0 ? id : 0;
	return r == -ENOTCONN ? 0 : r;
}

void custody_end(struct registry *registry, uint64_t *stored)
{
	if (*stored)
		keeper_release(registry->keeper, *stored);
	*stored = 0;
}
