/*
 * First into custody, then written down: a crash between leaves a descriptor of nobody's, which the
 * next start closes. Readers make doorbells, and nobody pays for one: so they take custody's room
 * only as long as half of it is left for objects, and else end with the broker.
 */
#include "objects/doorbell.h"

#include <unistd.h>

#include "objects/custody.h"
#include "objects/keeper.h"
#include "objects/object.h"
#include "objects/registry.h"

uint64_t doorbell_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

static int make(struct object *object)
{
	struct registry *registry = object->registry;
	struct doorbell *doorbell = &object->doorbell;
	int r = segment_plan(&doorbell->page, WIRE_BACKING_MEMFD);

	if (r == 0)
		r = segment_make(&doorbell->page, doorbell_size(), &object->grant, object->name);
	if (r < 0)
		return r;
	if (keeper_has_spare(registry->keeper))
		r = custody_give(registry, doorbell->page.memfd.fd, &doorbell->stored);
	if (r == 0)
		r = keeper_note(registry->keeper, object);
	if (r < 0)
		doorbell_end(registry, doorbell);
	return r;
}

int doorbell_descriptor(struct object *object, int *ret_fd)
{
	int r = object->doorbell.page.backing ? 0 : make(object);

	return r < 0 ? r : segment_descriptor(&object->doorbell.page, WIRE_ACCESS_BOTH, ret_fd);
}

void doorbell_end(struct registry *registry, struct doorbell *doorbell)
{
	custody_end(registry, &doorbell->stored);
	segment_destroy(&doorbell->page);
}

void doorbell_abandon(struct doorbell *doorbell)
{
	segment_abandon(&doorbell->page);
}
