#include "list.h"

#include <errno.h>
#include <unistd.h>

#include "look.h"

static int take_objects(struct shmb_page *page, struct gathering *list)
{
	struct shmb_object said;

	for (;;) {
		struct top_object *object = gathering_next(list);
		int r = object ? shmb_page_next_object(page, &said) : -ENOMEM;

		if (r != 0)
			return r == SHMB_EMPTY ? 0 : r;
		top_object_make(&said, object);
		list->n++;
	}
}

static int take_holders(struct shmb_page *page, struct gathering *list)
{
	for (;;) {
		struct shmb_holder *holder = gathering_next(list);
		int r = holder ? shmb_page_next_holder(page, holder) : -ENOMEM;

		if (r != 0)
			return r == SHMB_EMPTY ? 0 : r;
		/* What this program holds is not what anybody wants to see. */
		list->n += holder->pid != (uint32_t)getpid();
	}
}

/* Page after page into LIST. Returns 0 or -errno. */
static int gather(struct shmb_connection *broker, const char *which, struct gathering *list,
		  int (*ask)(struct shmb_connection *, const char *, uint64_t *,
			     struct shmb_page **),
		  int (*take)(struct shmb_page *, struct gathering *))
{
	uint64_t cursor = 0, before;
	int r;

	do {
		struct shmb_page *page;

		before = cursor;
		r = ask(broker, which, &cursor, &page);
		if (r < 0)
			return r;
		r = take(page, list);
		shmb_page_free(page);
		if (r < 0)
			return r;
	} while (cursor > before);
	return cursor ? -EPROTO : 0;
}

int top_list_objects(struct shmb_connection *broker, const char *prefix, struct gathering *list)
{
	return gather(broker, prefix, list, shmb_list, take_objects);
}

int top_list_holders(struct shmb_connection *broker, struct gathering *list)
{
	return gather(broker, NULL, list, shmb_who, take_holders);
}
