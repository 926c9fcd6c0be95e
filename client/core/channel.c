/*
 * Sending is done by whoever has something to send, reading by the leader alone. A plain round trip
 * is two system calls, send and a recvmsg that waits. It waits in slices, since the time that it
 * may take is set for the socket and not for the call.
 *
 * The broker's packets are checked like a stranger's. One that makes no sense ends the connection
 * for good: whoever sends it is not a broker.
 */
#include "core/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "core/connection.h"
#include "core/notices.h"
#include "core/request.h"
#include "wire/packet.h"
#include "wire/vocabulary.h"

/* Packets taken in by one turn: enough for all answers there can be, and an end to a flood. */
#define RECEIVE_MAX 512

#define PAUSE_FIRST_MS   2
#define PAUSE_LONGEST_MS 200

#define STATUS_SMALLEST (-4095) /* no errno is beyond it */

static void push_event(struct shmb_connection *connection, enum shmb_event_type type)
{
	struct shmb_event event = {.type = type};

	events_push(&connection->events, &event);
	pollable_ring(&connection->pollable);
}

static bool is_whole(const struct shmb_request *request, unsigned version)
{
	return request->operation->since <= version &&
	       wire_is_whole(request->operation->request, version);
}

/* Behind the first HELLO may follow at once what is whole in the oldest version, as which one will
 * be spoken is not known yet. After a reconnection the broker first has to hear what is held. */
static bool may_send(const struct shmb_connection *connection, const struct shmb_request *request)
{
	switch (connection->phase) {
	case PHASE_OPEN:
		return true;
	case PHASE_GREETING:
		return request->operation->opcode == WIRE_HELLO ||
		       (!connection->has_greeted && is_whole(request, WIRE_VERSION_OLDEST));
	case PHASE_RESTORING:
		return request->role == REQUEST_INTERNAL;
	default:
		return false;
	}
}

static struct shmb_request *next_to_send(const struct shmb_connection *connection)
{
	if (connection->is_broken)
		return NULL;
	LIST_EACH(link, &connection->unsent)
	{
		struct shmb_request *request = container_of(link, struct shmb_request, link);

		if (!request->is_done) /* its time was over before it could be sent */
			return may_send(connection, request) ? request : NULL;
	}
	return NULL;
}

/* The broker is older than what it is asked for, and a packet that it does not understand would be
 * the end of the connection. */
static bool is_too_new(const struct shmb_connection *connection, const struct shmb_request *request)
{
	return connection->phase != PHASE_GREETING &&
	       request->operation->since > connection->hello.version;
}

static void refuse_too_new(const struct shmb_connection *connection, struct shmb_request *request)
{
	request_fail(request, -EOPNOTSUPP,
		     "%s needs version %u of the protocol, and the broker at %s (shmbroker %s) "
		     "speaks %u; bring it up to date",
		     request->operation->name, request->operation->since,
		     connection->location.address.sun_path, connection->hello.broker,
		     connection->hello.version);
}

static int send_request(struct shmb_connection *connection, struct shmb_request *request)
{
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_header header = {
		.version = WIRE_VERSION_OLDEST,
		.type = WIRE_REQUEST,
		.code = request->operation->opcode,
	};
	size_t size;
	int r;

	if (connection->phase != PHASE_GREETING)
		header.version = (uint8_t)connection->hello.version;
	if (++connection->serial == 0)
		connection->serial = 1;
	header.serial = request->wants_answer ? connection->serial : 0;
	r = wire_encode_packet(&header, request->operation->request, request->message, packet,
			       &size);
	if (r == 0)
		r = packet_send(connection->socket, packet, size, -1);
	if (r == 0)
		request->serial = header.serial;
	return r;
}

/*
 * The socket takes nothing any more. What it still has to give is read first: it may say why. And
 * it cannot be closed under a leader who polls it: he is woken, and sees to it.
 */
static void break_socket(struct shmb_connection *connection)
{
	connection->is_broken = true;
	if (connection->is_led) {
		(void)shutdown(connection->socket, SHUT_RDWR);
		return;
	}
	channel_receive(connection, NULL);
	if (connection->is_broken)
		channel_lose(connection);
}

void channel_flush(struct shmb_connection *connection)
{
	struct shmb_request *request;
	bool is_full = false;

	while (!is_full && (request = next_to_send(connection))) {
		int r;

		if (is_too_new(connection, request)) {
			refuse_too_new(connection, request);
			continue;
		}
		r = send_request(connection, request);
		if (r == 0 && !request->wants_answer) {
			request_free(request);
		} else if (r == 0) {
			list_remove(&request->link);
			list_append(&connection->sent, &request->link);
		} else if (r == -EAGAIN || r == -ENOBUFS || r == -ENOMEM) {
			is_full = true;
		} else {
			break_socket(connection);
			return;
		}
	}
	if (connection->socket >= 0)
		(void)pollable_watch(&connection->pollable, connection->socket, is_full);
}

bool channel_has_unsent(const struct shmb_connection *connection)
{
	return next_to_send(connection) != NULL;
}

static struct shmb_request *find_sent(const struct shmb_connection *connection, uint32_t serial)
{
	LIST_EACH(link, &connection->sent)
	{
		struct shmb_request *request = container_of(link, struct shmb_request, link);

		if (request->serial == serial)
			return request;
	}
	return NULL;
}

static int decode_answer(const struct wire_header *header, const uint8_t *body, size_t size,
			 struct shmb_request *request)
{
	const struct wire_shape *shape =
		header->status < 0 ? &wire_refusal_shape : request->operation->reply;

	request->version = header->version;
	if (request->operation->opcode == WIRE_HELLO)
		return wire_decode_open(shape, body, size, request->answer);
	return wire_decode(shape, header->version, body, size, request->answer);
}

/* What the answer to an OPEN must be beyond well-formed. */
static bool is_possible_opening(int status, const struct shmb_request *request)
{
	const struct wire_open_request *asked = request->message;
	const struct wire_open_reply *opened = request->answer;
	int outcome =
		asked->kind == WIRE_KIND_FIFO ? WIRE_OUTCOME_NO_READER : WIRE_OUTCOME_INITIALISE;

	return opened->hold != 0 && (status == WIRE_OUTCOME_DONE || status == outcome);
}

static bool is_possible(int status, const struct shmb_request *request)
{
	if (status < 0)
		return status >= STATUS_SMALLEST;
	if (request->operation->opcode == WIRE_OPEN)
		return is_possible_opening(status, request);
	return status == WIRE_OUTCOME_DONE;
}

/* An answer that is to no request says what was wrong with us. */
static void take_complaint(struct shmb_connection *connection, const struct wire_header *header,
			   const uint8_t *body, size_t size)
{
	struct wire_refusal refusal;

	if (header->status >= 0 || header->status < STATUS_SMALLEST || header->serial != 0 ||
	    wire_decode(&wire_refusal_shape, header->version, body, size, &refusal) < 0)
		channel_fail(connection, -EPROTO,
			     "the broker at %s sent an answer to a question that was not asked; it "
			     "is no shmbrokerd, or a broken one",
			     connection->location.address.sun_path);
	else if (!channel_turned_away(connection, header->status, refusal.reason))
		channel_fail(connection, header->status, "the broker at %s ends the connection: %s",
			     connection->location.address.sun_path, refusal.reason);
}

static void take_answer(struct shmb_connection *connection, const struct wire_header *header,
			const uint8_t *body, size_t size, int *fd)
{
	struct shmb_request *request = find_sent(connection, header->serial);

	if (!request) {
		take_complaint(connection, header, body, size);
		return;
	}
	if (header->code != request->operation->opcode ||
	    decode_answer(header, body, size, request) < 0) {
		channel_fail(connection, -EBADMSG,
			     "the broker at %s answered %s with what cannot be read; it is no "
			     "shmbrokerd, or a broken one",
			     connection->location.address.sun_path, request->operation->name);
		return;
	}
	if (!is_possible(header->status, request)) {
		channel_fail(
			connection, -EPROTO,
			"the broker at %s gave %s an outcome that it cannot have (%d); it is no "
			"shmbrokerd, or a broken one",
			connection->location.address.sun_path, request->operation->name,
			header->status);
		return;
	}
	if (request->operation->descriptors > 0 && header->status >= 0)
		request->fd = fd_steal(fd);
	if (request->role == REQUEST_PLAIN)
		connection->pause_ms = 0; /* a broker that serves */
	request_complete(request, header->status);
}

static void take_notice(struct shmb_connection *connection, const struct wire_header *header,
			const uint8_t *body, size_t size)
{
	if (notices_take(connection, header, body, size) < 0)
		channel_fail(connection, -EBADMSG,
			     "the broker at %s sent an event that cannot be read; it is no "
			     "shmbrokerd, or a broken one",
			     connection->location.address.sun_path);
}

static void take_packet(struct shmb_connection *connection, const uint8_t *packet, size_t size,
			int *fd)
{
	const uint8_t *body = packet + WIRE_HEADER_SIZE;
	struct wire_header header;

	if (wire_decode_header(packet, size, &header) < 0 || header.type == WIRE_REQUEST ||
	    header.version < WIRE_VERSION_OLDEST || header.version > WIRE_VERSION_NEWEST)
		channel_fail(connection, -EBADMSG,
			     "the broker at %s sent a packet that cannot be read; it is no "
			     "shmbrokerd, or a broken one",
			     connection->location.address.sun_path);
	else if (header.type == WIRE_EVENT)
		take_notice(connection, &header, body, size - WIRE_HEADER_SIZE);
	else
		take_answer(connection, &header, body, size - WIRE_HEADER_SIZE, fd);
}

/* What packet_receive() or packet_await() brought. */
static void take_received(struct shmb_connection *connection, const uint8_t *packet, ssize_t size,
			  int *fd)
{
	if (size == -ECONNRESET)
		return; /* told once; what came before it is still to be read */
	if (size == -EMSGSIZE)
		channel_fail(connection, -EBADMSG,
			     "the broker at %s sent a packet that is too long; it is no "
			     "shmbrokerd, or a broken one",
			     connection->location.address.sun_path);
	else if (size <= 0)
		channel_lose(connection);
	else
		take_packet(connection, packet, (size_t)size, fd);
}

void channel_receive(struct shmb_connection *connection, const struct shmb_request *until)
{
	uint8_t packet[WIRE_PACKET_MAX];

	for (int i = 0; i < RECEIVE_MAX && connection->socket >= 0; i++) {
		autofd fd = -1;
		ssize_t size;

		if (until && until->is_done)
			break;
		size = packet_receive(connection->socket, packet, sizeof(packet), &fd);
		if (size == -EAGAIN)
			break;
		take_received(connection, packet, size, &fd);
	}
	channel_flush(connection);
}

void channel_await(struct shmb_connection *connection)
{
	uint8_t packet[WIRE_PACKET_MAX];
	autofd fd = -1;
	ssize_t size;

	(void)pthread_mutex_unlock(&connection->lock);
	size = packet_await(connection->socket, packet, sizeof(packet), &fd);
	(void)pthread_mutex_lock(&connection->lock);
	if (size != -EAGAIN && size != -EINTR)
		take_received(connection, packet, size, &fd);
}

/* It was connected without blocking; from now on each call says whether it may. */
static int prepare_socket(int fd)
{
	static const struct timeval slice = {.tv_usec = CHANNEL_SLICE_MS * 1000};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof(slice)) < 0 ||
	    fcntl(fd, F_SETFL, 0) < 0)
		return -errno;
	return 0;
}

int channel_open(struct shmb_connection *connection, int take_fd)
{
	int r = prepare_socket(take_fd);

	if (r == 0)
		r = pollable_watch(&connection->pollable, take_fd, false);
	if (r < 0) {
		fd_close(take_fd);
		return r;
	}
	connection->socket = take_fd;
	connection->is_broken = false;
	connection->broker_ends = false;
	return 0;
}

void channel_close(struct shmb_connection *connection)
{
	if (connection->socket < 0)
		return;
	pollable_unwatch(&connection->pollable);
	connection->socket = fd_close(connection->socket);
	connection->is_broken = false;
}

/* Whether REQUEST, sent on a connection that is lost now, may be sent again. */
static bool is_repeatable(const struct shmb_request *request)
{
	const struct wire_open_request *open = request->message;
	const struct wire_permit_request *permit = request->message;

	if (request->operation->opcode == WIRE_OPEN && (open->flags & WIRE_OPEN_EXCLUSIVE))
		return false;
	/* The second time there is no such entry. */
	if (request->operation->opcode == WIRE_PERMIT && permit->change == WIRE_CHANGE_REVOKE)
		return false;
	return request->operation->repeat == WIRE_REPEAT_AGAIN;
}

static void settle_lost(struct shmb_request *request, struct link *again)
{
	/* A release too: what is not held again after the loss ends by itself. */
	if (request->role == REQUEST_INTERNAL || request->is_abandoned) {
		request_free(request);
	} else if (request->is_done) {
		request_complete(request, request->status); /* its time was over anyway */
	} else if (request->serial == 0 || request->connection->broker_ends ||
		   is_repeatable(request)) {
		list_remove(&request->link);
		list_append(again, &request->link);
		request->serial = 0;
	} else {
		request_fail(request, -ECONNRESET,
			     "the connection to the broker was lost while %s was under way, and "
			     "whether it was done is not known; look, and ask again if it was not",
			     request->operation->name);
	}
}

void channel_lose(struct shmb_connection *connection)
{
	struct link again, before;

	if (connection->socket < 0)
		return;
	channel_close(connection);
	connection->phase = PHASE_LOST;
	if (connection->pause_ms) /* the last one came to nothing */
		connection->retry_at = deadline_in_ms(connection->pause_ms);
	connection->n_restoring = 0;
	if (connection->has_greeted)
		push_event(connection, SHMB_EVENT_DISCONNECTED);
	list_init(&again);
	list_init(&before);
	list_take(&before, &connection->sent);
	list_take(&before, &connection->unsent);
	for (struct link *link; (link = list_first(&before));)
		settle_lost(container_of(link, struct shmb_request, link), &again);
	list_take(&connection->unsent, &again);
	pollable_ring(&connection->pollable);
	(void)pthread_cond_broadcast(&connection->changed);
}

void channel_pause(struct shmb_connection *connection)
{
	uint32_t pause = connection->pause_ms ? connection->pause_ms * 2 : PAUSE_FIRST_MS;

	connection->pause_ms = pause < PAUSE_LONGEST_MS ? pause : PAUSE_LONGEST_MS;
	connection->retry_at = deadline_in_ms(connection->pause_ms);
}

/* Refusals that another try may get past, as far as the broker can know. */
static bool is_passing(int status)
{
	return status == -EAGAIN || status == -ENOMEM || status == -ENOBUFS || status == -EMFILE ||
	       status == -ENFILE || status == -EUSERS || status == -EBUSY || status == -EDQUOT;
}

bool channel_turned_away(struct shmb_connection *connection, int status, const char *reason)
{
	if (!connection->has_greeted || !is_passing(status))
		return false;
	text_copy(connection->turned_away, sizeof(connection->turned_away), reason);
	channel_pause(connection);
	channel_lose(connection);
	return true;
}

void channel_fail(struct shmb_connection *connection, int status, const char *format, ...)
{
	struct link before;
	va_list arguments;

	if (connection->phase == PHASE_DEAD)
		return;
	va_start(arguments, format);
	vsnprintf(connection->failure_text, sizeof(connection->failure_text), format, arguments);
	va_end(arguments);
	connection->failure = status;
	connection->phase = PHASE_DEAD;
	channel_close(connection);
	if (connection->has_greeted)
		push_event(connection, SHMB_EVENT_BROKER_LOST);
	list_init(&before);
	list_take(&before, &connection->sent);
	list_take(&before, &connection->unsent);
	for (struct link *link; (link = list_first(&before));) {
		struct shmb_request *request = container_of(link, struct shmb_request, link);

		if (request->role == REQUEST_INTERNAL)
			request_free(request);
		else
			request_fail(request, status, "%s", connection->failure_text);
	}
	pollable_ring(&connection->pollable);
	(void)pthread_cond_broadcast(&connection->changed);
}
