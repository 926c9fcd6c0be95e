/*
 * The first contact and each return go the same way: a socket, then HELLO in front of all other
 * requests. Only its answer tells them apart. At a return the broker has kept the ledger for this
 * member, or not; in both cases it is told with HOLD what is still mapped, and what it then still
 * has in the ledger from before CONFIRM ends.
 */
#include "core/handshake.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <shmbroker/error.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "core/channel.h"
#include "core/connection.h"
#include "core/error.h"
#include "core/launch.h"
#include "core/request.h"

/* A broker that ends before it answers is started so often, then there is something wrong with it.
 */
#define STARTS_MAX 3

/* Queue a request of the connection's own in front of all others. */
static int ask_first(struct shmb_connection *connection, unsigned opcode, const void *message,
		     void (*answered)(struct shmb_request *request))
{
	struct shmb_request *request;
	int r = request_new(connection, opcode, message, &request);

	if (r < 0)
		return r;
	request->role = REQUEST_INTERNAL;
	request->answered = answered;
	request_enqueue(request, true);
	return 0;
}

static void arrive(struct shmb_connection *connection)
{
	struct shmb_event event = {.type = SHMB_EVENT_RECONNECTED};

	connection->phase = PHASE_OPEN;
	connection->retry_at = 0;
	connection->turned_away[0] = '\0';
	if (connection->has_greeted) {
		events_push(&connection->events, &event);
		pollable_ring(&connection->pollable);
	}
	connection->has_greeted = true;
	(void)pthread_cond_broadcast(&connection->changed);
}

/* The broker does not have the object any more that a hold is for; what is mapped stays mapped. */
static void tell_removed(struct shmb_connection *connection, const struct shmb_request *holder)
{
	struct shmb_event event = {
		.type = SHMB_EVENT_REMOVED,
		.ending = SHMB_ENDING_REMOVED,
		.object = holder->hold.object,
		.generation = holder->hold.generation,
	};

	text_copy(event.name, sizeof(event.name), request_subject(holder));
	events_push(&connection->events, &event);
	pollable_ring(&connection->pollable);
}

/* REQUEST, to renew something, was answered. */
static void restored(struct shmb_request *request)
{
	struct shmb_connection *connection = request->connection;

	request_free(request);
	if (--connection->n_restoring == 0)
		arrive(connection);
}

static void hold_answered(struct shmb_request *request)
{
	struct shmb_connection *connection = request->connection;
	const struct wire_hold_request *asked = request->message;
	const struct wire_hold_reply *reply = request->answer;
	const struct wire_refusal *refusal = request->answer;
	int status = request->status;
	uint64_t id = request->status < 0 ? 0 : reply->hold;
	struct shmb_request *holder;

	if (status < 0 && channel_turned_away(connection, status, refusal->reason)) {
		request_free(request);
		return;
	}
	holder = request_rename_hold(connection, asked->hold, id, status);
	if (holder && id == 0 && !holder->hold.is_removed)
		tell_removed(connection, holder);
	restored(request);
}

static void watch_answered(struct shmb_request *request)
{
	struct shmb_connection *connection = request->connection;
	const struct wire_watch_request *asked = request->message;
	const struct wire_refusal *refusal = request->answer;
	struct shmb_event event = {.type = SHMB_EVENT_UNWATCHED};

	if (request->status < 0) {
		request_lose_watch(connection, asked->watch, request->status, refusal->reason);
		text_copy(event.name, sizeof(event.name), asked->prefix);
		events_push(&connection->events, &event);
		pollable_ring(&connection->pollable);
	}
	restored(request);
}

static int restore_watches(struct shmb_connection *connection)
{
	LIST_EACH(link, &connection->watches)
	{
		const struct shmb_request *watch = container_of(link, struct shmb_request, link);
		int r;

		if (watch->status < 0)
			continue;
		r = ask_first(connection, WIRE_WATCH, watch->message, watch_answered);
		if (r < 0)
			return r;
		connection->n_restoring++;
	}
	return 0;
}

/* Ask for every hold again. They come before CONFIRM, so they are queued in front of it. */
static int restore_holds(struct shmb_connection *connection)
{
	LIST_EACH(link, &connection->holds)
	{
		const struct shmb_request *holder = container_of(link, struct shmb_request, link);
		struct wire_hold_request message = {
			.object = holder->hold.object,
			.generation = holder->hold.generation,
			.hold = holder->hold.id,
			.access = holder->hold.access,
		};
		int r;

		if (holder->hold.id == 0)
			continue;
		r = ask_first(connection, WIRE_HOLD, &message, hold_answered);
		if (r < 0)
			return r;
		connection->n_restoring++;
	}
	return 0;
}

static void confirm_answered(struct shmb_request *request)
{
	request_free(request);
}

/* HELLO was answered well. Returns 0, or -ENOMEM, and then the socket is of no use. */
static int greeted(struct shmb_connection *connection, const struct wire_hello_reply *hello)
{
	struct wire_confirm_request confirm = {.nonce = hello->nonce};
	int r = 0;

	if (connection->has_greeted)
		/* A text that callers may have is not written again. */
		memcpy(&connection->hello, hello, offsetof(struct wire_hello_reply, broker));
	else
		connection->hello = *hello;
	member_become(&connection->member, hello->member);
	if (hello->nonce)
		r = ask_first(connection, WIRE_CONFIRM, &confirm, confirm_answered);
	connection->phase = PHASE_RESTORING;
	if (r == 0 && connection->has_greeted)
		r = restore_watches(connection);
	if (r == 0 && connection->has_greeted)
		r = restore_holds(connection);
	if (r == 0 && connection->n_restoring == 0)
		arrive(connection);
	return r;
}

static void hello_answered(struct shmb_request *request)
{
	struct shmb_connection *connection = request->connection;
	const struct wire_hello_reply *hello = request->answer;
	const struct wire_refusal *refusal = request->answer;
	bool is_other =
		connection->has_greeted && request->status >= 0 &&
		memcmp(hello->instance, connection->hello.instance, WIRE_INSTANCE_SIZE) != 0;

	if (request->status < 0 &&
	    channel_turned_away(connection, request->status, refusal->reason)) {
		/* another time */
	} else if (request->status < 0) {
		channel_fail(connection, request->status, "%s", refusal->reason);
	} else if (is_other) {
		channel_fail(connection, -ESTALE,
			     "the broker that this connection began with has ended and another has "
			     "taken its place at %s; connect anew and open again what you need",
			     connection->location.address.sun_path);
	} else if (hello->version < WIRE_VERSION_OLDEST || hello->version > WIRE_VERSION_NEWEST) {
		channel_fail(
			connection, -EPROTONOSUPPORT,
			"the broker at %s wants to speak protocol version %u, and this library "
			"(%s) speaks %u to %u; bring the older of the two up to date",
			connection->location.address.sun_path, hello->version, SHMB_VERSION,
			WIRE_VERSION_OLDEST, WIRE_VERSION_NEWEST);
	} else if (greeted(connection, hello) < 0) {
		channel_pause(connection);
		channel_lose(connection);
	}
	request_free(request);
}

/* What tells two processes of the same machine whether they share System V ids. */
static uint64_t ipc_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/ipc", &st) < 0 ? 0 : st.st_ino;
}

static int ask_hello(struct shmb_connection *connection)
{
	struct wire_hello_request message = {
		.version_min = WIRE_VERSION_OLDEST,
		.version_max = WIRE_VERSION_NEWEST,
		.ipc_namespace = ipc_namespace(),
	};

	if (connection->has_greeted) {
		message.member = connection->hello.member;
		memcpy(message.instance, connection->hello.instance, sizeof(message.instance));
		memcpy(message.secret, connection->hello.secret, sizeof(message.secret));
	}
	if (connection->member.roster.shared)
		message.flags |= WIRE_HELLO_HAS_ROSTER;
	memcpy(message.program, connection->program, sizeof(message.program));
	return ask_first(connection, WIRE_HELLO, &message, hello_answered);
}

/* A socket was had: greet. */
static void greet(struct shmb_connection *connection, int take_fd)
{
	int r = channel_open(connection, take_fd);

	if (r == 0) {
		connection->phase = PHASE_GREETING;
		r = ask_hello(connection);
		if (r < 0)
			channel_lose(connection);
	}
	channel_pause(connection); /* for the next try, if this one comes to nothing */
	if (r == 0)
		channel_flush(connection);
}

static void fail_first_contact(struct shmb_connection *connection, int r)
{
	const char *path = connection->location.address.sun_path;

	if (locate_found_nobody(r))
		channel_fail(connection, r,
			     "no broker listens at %s; start shmbrokerd there, or set "
			     "SHMBROKER_SOCKET to the socket of one that runs",
			     path);
	else
		channel_fail(connection, r, "%s", shmb_last_error());
}

/* Start a broker, without the lock. */
static void start(struct shmb_connection *connection, uint64_t deadline)
{
	const struct location *location = &connection->location;
	int fd = -1;
	int r;

	if (connection->n_starts++ == STARTS_MAX) {
		channel_fail(connection, -ECONNRESET,
			     "the broker at %s ends before it answers; see %s/broker.log",
			     location->address.sun_path, location->directory);
		return;
	}
	(void)pthread_mutex_unlock(&connection->lock);
	r = launch(location, deadline, &fd);
	(void)pthread_mutex_lock(&connection->lock);
	if (r < 0)
		channel_fail(connection, r, "%s", shmb_last_error());
	else
		greet(connection, fd);
}

/* One attempt. Returns true when only starting a broker can help. */
static bool attempt(struct shmb_connection *connection)
{
	bool is_first = !connection->has_greeted;
	int fd = -1;
	int r = locate_connect(&connection->location, &fd);

	if (locate_found_nobody(r))
		connection->turned_away[0] = '\0';
	if (r == 0)
		greet(connection, fd);
	else if (is_first && locate_found_nobody(r) && connection->location.may_start)
		return true;
	else if (is_first && r != -EAGAIN)
		fail_first_contact(connection, r);
	else
		channel_pause(connection);
	return false;
}

void handshake_try(struct shmb_connection *connection)
{
	if (clock_now_ms() >= connection->retry_at && attempt(connection))
		channel_pause(connection);
}

void handshake_turn(struct shmb_connection *connection, uint64_t deadline)
{
	uint64_t until = connection->retry_at < deadline ? connection->retry_at : deadline;
	int left = deadline_left_ms(until);

	if (left > 0) {
		(void)pthread_mutex_unlock(&connection->lock);
		(void)poll(NULL, 0, left);
		(void)pthread_mutex_lock(&connection->lock);
	} else if (attempt(connection)) {
		start(connection, deadline);
	}
}
