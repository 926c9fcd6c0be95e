/*
 * A notice that this library does not know comes from a newer broker and is nothing that it
 * promised: it is passed over.
 */
#include "core/notices.h"

#include <errno.h>
#include <string.h>

#include "core/connection.h"
#include "core/events.h"
#include "core/request.h"
#include "wire/opcodes.h"

static void take_removed(struct shmb_connection *connection,
			 const struct wire_removed_event *removed)
{
	struct shmb_event event = {
		.type = SHMB_EVENT_REMOVED,
		.ending = removed->ending,
		.object = removed->object,
		.generation = removed->generation,
	};

	request_note_removal(connection, removed->object);
	memcpy(event.name, removed->name, sizeof(event.name));
	events_push(&connection->events, &event);
}

static void push_news(struct events *events, const struct wire_news *news)
{
	struct shmb_event event = {
		.type = SHMB_EVENT_NEWS,
		.news = news->kind,
		.ending = news->ending,
		.access = news->access,
		.object = news->object,
		.generation = news->generation,
		.uid = news->uid,
		.pid = news->pid,
	};

	memcpy(event.program, news->program, sizeof(event.program));
	memcpy(event.name, news->name, sizeof(event.name));
	events_push(events, &event);
}

/* Returns 0 or -EBADMSG. */
static int take_news(struct shmb_connection *connection, const struct wire_header *header,
		     const struct wire_news_event *message)
{
	struct wire_news news;
	size_t offset = 0;
	int r;

	while ((r = wire_next(&message->entries, &offset, &wire_news_shape, header->version,
			      &news)) > 0)
		push_news(&connection->events, &news);
	if (message->missed)
		events_overflow(&connection->events);
	return r;
}

int notices_take(struct shmb_connection *connection, const struct wire_header *header,
		 const uint8_t *body, size_t size)
{
	const struct wire_notice *notice = wire_notice(header->code, header->version);
	union {
		struct wire_removed_event removed;
		struct wire_news_event news;
	} message;
	int r;

	if (!notice)
		return 0;
	r = wire_decode(notice->message, header->version, body, size, &message);
	if (r == 0 && notice->number == WIRE_EVENT_REMOVED)
		take_removed(connection, &message.removed);
	else if (r == 0 && notice->number == WIRE_EVENT_ENDING)
		connection->broker_ends = true;
	else if (r == 0)
		r = take_news(connection, header, &message.news);
	if (r < 0)
		return -EBADMSG;
	if (connection->n_dispatching == 0)
		pollable_ring(&connection->pollable);
	return 0;
}
