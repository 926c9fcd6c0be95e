#include "list.h"

#include <unistd.h>

#include "look.h"

static int take_object(struct shmb_page *page, void *place)
{
	struct shmb_object said;
	int r = shmb_page_next_object(page, &said);

	if (r == 0)
		top_object_make(&said, place);
	return r;
}

/* What this program holds is not what anybody wants to see. */
static int take_holder(struct shmb_page *page, void *place)
{
	const struct shmb_holder *holder = place;
	int r = shmb_page_next_holder(page, place);

	return r == 0 && holder->pid == (uint32_t)getpid() ? GATHER_PASSED_OVER : r;
}

int top_list_objects(struct shmb_connection *broker, const char *prefix, struct gathering *list)
{
	return gather_pages(broker, prefix, list, shmb_list, take_object);
}

int top_list_holders(struct shmb_connection *broker, struct gathering *list)
{
	return gather_pages(broker, NULL, list, shmb_who, take_holder);
}
