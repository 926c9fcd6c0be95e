/*
 * Commands that look and change nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "families.h"
#include "session.h"

/* What the pages of a list bring together: N elements of SIZE bytes. */
struct gathering {
	void *elements;
	size_t size;
	size_t n;
	size_t room;
};

static void gathering_cleanup(struct gathering *gathering)
{
	free(gathering->elements);
}

static void page_cleanup(struct shmb_page **page)
{
	shmb_page_free(*page);
}

/* The place after the last element, or NULL when there is no memory for one more. */
static void *gathering_next(struct gathering *gathering)
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
static int gather(struct session *session, struct gathering *gathering,
		  int (*ask)(struct shmb_connection *broker, const char *which, uint64_t *cursor,
			     struct shmb_page **ret_page),
		  int (*take)(struct shmb_page *page, void *place))
{
	const struct arguments *arguments = &session->arguments;
	const char *which = arguments->operands_n > 0 ? arguments->operands[0] : NULL;
	uint64_t cursor = 0, before;

	do {
		attr_cleanup(page_cleanup) struct shmb_page *page = NULL;

		before = cursor;
		if (ask(session->broker, which, &cursor, &page) < 0)
			return complain_library();
		if (gather_page(gathering, page, take) < 0)
			return complain_failed("there is no memory for the whole list, or the "
					       "broker's answer makes no sense");
		if (cursor && cursor <= before)
			return complain_failed("the broker's list does not come to an end; it is "
					       "no shmbrokerd, or a broken one");
	} while (cursor);
	return STATUS_DONE;
}

int look_status(struct session *session)
{
	struct shmb_totals status;

	if (shmb_status(session->broker, &status) < 0)
		return complain_library();
	return complain_output(session->output->status(session->out, &status));
}

int look_list(struct session *session)
{
	attr_cleanup(gathering_cleanup) struct gathering objects = {
		.size = sizeof(struct shmb_object)};
	int status = gather(session, &objects, shmb_list, take_object);

	if (status != STATUS_DONE)
		return status;
	return complain_output(session->output->list(session->out, objects.elements, objects.n));
}

int look_show(struct session *session)
{
	struct shmb_object object;

	if (shmb_stat(session->broker, session->arguments.operands[0], &object) < 0)
		return complain_library();
	return complain_output(session->output->show(session->out, &object));
}

int look_key(struct session *session)
{
	const char *name = session->arguments.operands[0];
	struct shmb_object object;

	if (shmb_stat(session->broker, name, &object) < 0)
		return complain_library();
	if (object.kind == SHMB_KIND_FIFO)
		return complain_failed("\"%s\" is a FIFO and has no key; its path is %s", name,
				       object.path);
	if (object.key == 0)
		return complain_failed("\"%s\" is a memfd and has no key; a segment gets one when "
				       "it is created with --key",
				       name);
	return complain_output(session->output->key(session->out, &object));
}

int look_who(struct session *session)
{
	attr_cleanup(gathering_cleanup) struct gathering holders = {
		.size = sizeof(struct shmb_holder)};
	int status = gather(session, &holders, shmb_who, take_holder);

	if (status != STATUS_DONE)
		return status;
	return complain_output(session->output->who(session->out, holders.elements, holders.n));
}
