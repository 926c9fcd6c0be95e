#include "gather.h"
#include "words/complain.h"

#include <errno.h>

static void page_cleanup(struct shmb_page **page)
{
	shmb_page_free(*page);
}

void *gathering_next(struct gathering *gathering)
{
	if (gathering->n == gathering->room) {
		size_t room = gathering->room ? gathering->room * 2 : 64;
		void *longer = reallocarray(gathering->elements, room, gathering->size);

		if (!longer)
			return NULL;
		gathering->elements = longer;
		gathering->room = room;
	}
	return (char *)gathering->elements + gathering->n * gathering->size;
}

static int take_object(struct shmb_page *page, void *place)
{
	return shmb_page_next_object(page, place);
}

static int take_holder(struct shmb_page *page, void *place)
{
	return shmb_page_next_holder(page, place);
}

/* Empty PAGE into GATHERING. Returns 0 or -errno. */
static int gather_page(struct gathering *gathering, struct shmb_page *page,
		       int (*take)(struct shmb_page *page, void *place))
{
	for (;;) {
		void *place = gathering_next(gathering);
		int r = place ? take(page, place) : -ENOMEM;

		if (r != 0)
			return r == SHMB_EMPTY ? 0 : r;
		gathering->n++;
	}
}

/* Ask for page after page. Returns STATUS_DONE, or STATUS_FAILED when that has been said. */
static int gather(struct shmb_connection *broker, const char *which, struct gathering *gathering,
		  int (*ask)(struct shmb_connection *broker, const char *which, uint64_t *cursor,
			     struct shmb_page **ret_page),
		  int (*take)(struct shmb_page *page, void *place))
{
	uint64_t cursor = 0, before;
	int r;

	do {
		attr_cleanup(page_cleanup) struct shmb_page *page = NULL;

		before = cursor;
		if (ask(broker, which, &cursor, &page) < 0)
			return complain_library();
		r = gather_page(gathering, page, take);
		if (r == -ENOMEM)
			return complain_failed("there is no memory for the whole list");
		if (r < 0)
			return complain_library();
		if (cursor && cursor <= before)
			return complain_failed("the broker's list does not come to an end; it is "
					       "no shmbrokerd, or a broken one");
	} while (cursor);
	return STATUS_DONE;
}

int gather_objects(struct shmb_connection *broker, const char *prefix, struct gathering *gathering)
{
	return gather(broker, prefix, gathering, shmb_list, take_object);
}

int gather_holders(struct shmb_connection *broker, const char *name, struct gathering *gathering)
{
	return gather(broker, name, gathering, shmb_who, take_holder);
}
