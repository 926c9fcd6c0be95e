/*
 * The life of a request. Its message and its answer lie behind it in the same allocation, in the
 * form of structs: it is encoded when it is sent, since the protocol version and the hold that it
 * is about may be other ones after a reconnection.
 */
#include "core/request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/units.h"
#include "core/connection.h"
#include "core/error.h"

static size_t aligned(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static size_t answer_size(const struct wire_operation *operation)
{
	size_t size = operation->reply->struct_size;

	return size > sizeof(struct wire_refusal) ? size : sizeof(struct wire_refusal);
}

int request_new(struct shmb_connection *connection, unsigned opcode, const void *message,
		struct shmb_request **ret_request)
{
	const struct wire_operation *operation = wire_operation(opcode, WIRE_VERSION_NEWEST);
	size_t message_at = aligned(sizeof(struct shmb_request));
	size_t answer_at = message_at + aligned(operation->request->struct_size);
	struct shmb_request *request = malloc(answer_at + answer_size(operation));

	if (!request)
		return error_no_memory();
	*request = (struct shmb_request){
		.connection = connection,
		.operation = operation,
		.wants_answer = true,
		.fd = -1,
		.message = (char *)request + message_at,
		.answer = (char *)request + answer_at,
	};
	list_init(&request->link);
	list_init(&request->link_done);
	if (message)
		memcpy(request->message, message, operation->request->struct_size);
	*ret_request = request;
	return 0;
}

void request_free(struct shmb_request *request)
{
	if (request->is_underway)
		request->connection->n_underway--;
	list_remove(&request->link);
	list_remove(&request->link_done);
	fd_close(request->fd);
	free(request);
}

void request_free_all(struct link *list)
{
	for (struct link *link; (link = list_first(list));)
		request_free(container_of(link, struct shmb_request, link));
}

void request_orphan(struct shmb_request *request)
{
	if (!request)
		return;
	request->handle = NULL;
	request->let_go = NULL;
	request->pass_on = NULL;
}

void request_let_go_all(const struct link *list)
{
	LIST_EACH(link, list)
	{
		const struct shmb_request *request = container_of(link, struct shmb_request, link);

		if (request->let_go)
			request->let_go(request->handle);
	}
}

const char *request_subject(const struct shmb_request *request)
{
	return wire_text(request->operation->request, request->message, "name");
}

void request_enqueue(struct shmb_request *request, bool first)
{
	struct shmb_connection *connection = request->connection;

	if (first)
		list_prepend(&connection->unsent, &request->link);
	else
		list_append(&connection->unsent, &request->link);
	request->is_underway = true;
	connection->n_underway++;
}

/* Whether the broker does something for REQUEST until it is told to stop. */
static bool is_lasting(const struct shmb_request *request)
{
	return request->hold.id != 0 || (request->operation->opcode == WIRE_WATCH &&
					 request->is_done && request->status >= 0);
}

/* A hold or a watch becomes the request that ends it. */
static void take_back(struct shmb_request *request)
{
	if (request->operation->opcode == WIRE_WATCH) {
		const struct wire_watch_request *begun = request->message;
		struct wire_unwatch_request message = {.watch = begun->watch};

		request->operation = wire_operation(WIRE_UNWATCH, WIRE_VERSION_NEWEST);
		memcpy(request->message, &message, sizeof(message));
	} else {
		struct wire_release_request message = {.hold = request->hold.id};

		request->operation = wire_operation(WIRE_RELEASE, WIRE_VERSION_NEWEST);
		memcpy(request->message, &message, sizeof(message));
	}
	list_remove(&request->link);
	list_remove(&request->link_done);
	request->fd = fd_close(request->fd);
	request->hold.id = 0;
	request->handle = NULL;
	request->is_done = false;
	request->is_abandoned = true;
	request->wants_answer = false;
	request_enqueue(request, false);
}

/* Nobody wants REQUEST any more: free it, or take back what it brought about, and then there is
 * something to send. */
static bool dispose(struct shmb_request *request)
{
	if (is_lasting(request) && request->connection->phase != PHASE_DEAD) {
		take_back(request);
		return true;
	}
	request_free(request);
	return false;
}

/* The answer to an OPEN is an entry of the ledger. */
static void begin_hold(struct shmb_request *request)
{
	const struct wire_open_request *message = request->message;
	const struct wire_open_reply *reply = request->answer;

	request->hold = (struct hold){
		.id = reply->hold,
		.object = reply->object,
		.generation = reply->generation,
		.access = message->access,
	};
	list_append(&request->connection->holds, &request->link);
}

/* Somebody polls for this one: wake him, and let shmb_dispatch() find it. */
static void announce(struct shmb_request *request)
{
	struct shmb_connection *connection = request->connection;

	if (request->is_waited_for)
		return;
	if (request->done)
		list_append(&connection->done, &request->link_done);
	if (connection->n_dispatching == 0)
		pollable_ring(&connection->pollable);
}

void request_complete(struct shmb_request *request, int status)
{
	bool was_done = request->is_done;

	list_remove(&request->link);
	if (request->is_underway)
		request->connection->n_underway--;
	request->is_underway = false;
	request->status = status;
	request->is_done = true;
	if (request->operation->opcode == WIRE_OPEN && status >= 0)
		begin_hold(request);
	else if (request->operation->opcode == WIRE_WATCH && status >= 0)
		list_append(&request->connection->watches, &request->link);
	else
		list_append(&request->connection->answered, &request->link);
	if (request->answered)
		request->answered(request);
	else if (request->is_abandoned)
		(void)dispose(request);
	else if (!was_done)
		announce(request);
}

bool request_abandon(struct shmb_request *request)
{
	list_remove(&request->link_done);
	request->is_abandoned = true;
	if (!request->is_underway)
		return dispose(request);
	if (request->serial == 0)
		request_free(request); /* never sent: there is nothing to take back */
	return false;
}

attr_printf(2, 0) static void write_reason(struct shmb_request *request, const char *format,
					   va_list arguments)
{
	struct wire_refusal *refusal = request->answer;

	vsnprintf(refusal->reason, sizeof(refusal->reason), format, arguments);
}

void request_fail(struct shmb_request *request, int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_reason(request, format, arguments);
	va_end(arguments);
	request_complete(request, status);
}

/* A text of our own, in the place of the answer. */
attr_printf(2, 3) static void say(struct shmb_request *request, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_reason(request, format, arguments);
	va_end(arguments);
}

void request_time_out(struct shmb_request *request)
{
	const struct shmb_connection *connection = request->connection;
	const char *subject = request_subject(request);
	char what[WIRE_NAME_MAX + 32];
	char time[UNITS_TEXT_MAX];

	snprintf(what, sizeof(what), "%s%s%s%s", request->operation->name,
		 subject[0] ? " of \"" : "", subject, subject[0] ? "\"" : "");
	units_format_duration(request->timeout_ms, time);
	if (connection->turned_away[0])
		say(request, "%s waited %s for the broker at %s, which refuses the connection: %s",
		    what, time, connection->location.address.sun_path, connection->turned_away);
	else if (connection->phase == PHASE_LOST)
		say(request,
		    "%s waited %s for the broker at %s, where none listens now; start it "
		    "again, or connect anew",
		    what, time, connection->location.address.sun_path);
	else
		say(request,
		    "%s was not answered within %s; the broker at %s may be stopped or "
		    "overloaded",
		    what, time, connection->location.address.sun_path);
	request->status = -ETIMEDOUT;
	request->is_done = true;
}

void request_expire_all(struct shmb_connection *connection, uint64_t *ret_next)
{
	struct link *lists[] = {&connection->sent, &connection->unsent};
	uint64_t now = clock_now_ms();
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		LIST_EACH(link, lists[i])
		{
			struct shmb_request *request =
				container_of(link, struct shmb_request, link);

			if (request->is_waited_for || request->is_done || request->is_abandoned ||
			    request->role == REQUEST_INTERNAL)
				continue;
			if (request->deadline <= now) {
				request_time_out(request);
				announce(request);
			} else if (request->deadline < next) {
				next = request->deadline;
			}
		}
	*ret_next = next;
}

/* What became of an object whose hold the broker refused to renew with STATUS. */
static int lost_status(int status)
{
	return status == -ESTALE ? -ESTALE : -EIDRM;
}

static const char *lost_text(int status)
{
	return status == -ESTALE ? "given to another process" : "removed";
}

/* Where REQUEST says which hold it is about; NULL where it is about none. */
static uint64_t *hold_in(struct shmb_request *request)
{
	switch (request->operation->opcode) {
	case WIRE_READY:
		return &((struct wire_ready_request *)request->message)->hold;
	case WIRE_RELEASE:
		return &((struct wire_release_request *)request->message)->hold;
	case WIRE_DOORBELL:
		return &((struct wire_doorbell_request *)request->message)->hold;
	default:
		return NULL;
	}
}

/* What is still to be said of the hold OLD is said of NEW, or cannot be said any more. */
static void rename_in(struct shmb_request *request, uint64_t old, uint64_t new, int status)
{
	uint64_t *hold = hold_in(request);

	if (!hold || *hold != old)
		return;
	*hold = new;
	if (new == 0 && !request->is_done && request->operation->opcode != WIRE_RELEASE)
		request_fail(request, lost_status(status),
			     "what %s is about was %s while the connection to the broker "
			     "was lost; "
			     "open it again",
			     request->operation->name, lost_text(status));
}

void request_note_removal(struct shmb_connection *connection, uint64_t object)
{
	LIST_EACH(link, &connection->holds)
	{
		struct shmb_request *request = container_of(link, struct shmb_request, link);

		if (request->hold.object == object)
			request->hold.is_removed = true;
	}
}

void request_lose_watch(struct shmb_connection *connection, uint32_t number, int status,
			const char *reason)
{
	LIST_EACH(link, &connection->watches)
	{
		struct shmb_request *request = container_of(link, struct shmb_request, link);
		const struct wire_watch_request *begun = request->message;

		if (begun->watch == number) {
			request->status = status;
			say(request, "%s", reason);
		}
	}
}

struct shmb_request *request_rename_hold(struct shmb_connection *connection, uint64_t old,
					 uint64_t new, int status)
{
	struct shmb_request *found = NULL;

	LIST_EACH(link, &connection->holds)
	{
		struct shmb_request *request = container_of(link, struct shmb_request, link);

		if (request->hold.id == old) {
			request->hold.id = new;
			request->hold.lost = status;
			found = request;
			break;
		}
	}
	for (struct link *link = connection->unsent.next; link != &connection->unsent;) {
		struct shmb_request *request = container_of(link, struct shmb_request, link);

		link = link->next;
		rename_in(request, old, new, status);
	}
	return found;
}

int request_resolve(struct shmb_request *request)
{
	uint64_t *hold = hold_in(request);

	if (!request->about)
		return 0;
	if (request->about->hold.id == 0)
		return error_set(lost_status(request->about->hold.lost),
				 "the hold of \"%s\" is gone: it was %s while the connection to "
				 "the broker was lost; "
				 "open it again",
				 request_subject(request->about),
				 lost_text(request->about->hold.lost));
	*hold = request->about->hold.id;
	return 0;
}
