#include "gather.h"

#include <errno.h>

#include "words/complain.h"

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
static int gather_page(struct gathering *gathering, struct shmb_page *page, gather_take *take)
{
	for (;;) {
		void *place = gathering_next(gathering);
		int r = place ? take(page, place) : -ENOMEM;

		if (r != 0 && r != GATHER_PASSED_OVER)
			return r == SHMB_EMPTY ? 0 : r;
		gathering->n += r == 0;
	}
}

int gather_pages(struct shmb_connection *broker, const char *which, struct gathering *gathering,
		 gather_ask *ask, gather_take *take)
{
	uint64_t cursor = 0, before;
	int r;

	do {
		attr_cleanup(page_cleanup) struct shmb_page *page = NULL;

		before = cursor;
		r = ask(broker, which, &cursor, &page);
		if (r == 0)
			r = gather_page(gathering, page, take);
		if (r == 0 && cursor && cursor <= before)
			r = -ELOOP;
	} while (r == 0 && cursor);
	return r;
}

/* The same, and what went wrong is said. */
static int gather(struct shmb_connection *broker, const char *which, struct gathering *gathering,
		  gather_ask *ask, gather_take *take)
{
	int r = gather_pages(broker, which, gathering, ask, take);

	if (r == -ENOMEM)
		return complain_failed("there is no memory for the whole list");
	if (r == -ELOOP)
		return complain_failed("the broker's list does not come to an end; it is no "
				       "shmbrokerd, or a broken one");
	return r < 0 ? complain_library() : STATUS_DONE;
}

int gather_objects(struct shmb_connection *broker, const char *prefix, struct gathering *gathering)
{
	return gather(broker, prefix, gathering, shmb_list, take_object);
}

int gather_holders(struct shmb_connection *broker, const char *name, struct gathering *gathering)
{
	return gather(broker, name, gathering, shmb_who, take_holder);
}
