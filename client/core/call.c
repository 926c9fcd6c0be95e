/*
 * Whoever waits takes turns on the channel until his own request is done: there is no thread that
 * does it for him.
 */
#include "core/call.h"

#include <errno.h>

#include "base/clock.h"
#include "core/channel.h"
#include "core/connection.h"
#include "core/error.h"
#include "core/turn.h"

#define UNDERWAY_MAX 256

/* Returns 0, or -errno with a text when nothing can be submitted any more. */
static int check_alive(const struct shmb_connection *connection)
{
	if (connection->phase == PHASE_DEAD)
		return error_set(connection->failure, "%s", connection->failure_text);
	return 0;
}

static int check_room(const struct shmb_connection *connection)
{
	if (connection->n_underway < UNDERWAY_MAX)
		return 0;
	return error_set(
		-EAGAIN,
		"%u requests are under way on this connection, which is as many as may be; "
		"call shmb_dispatch() and try again",
		connection->n_underway);
}

static void set_deadline(struct shmb_request *request, uint64_t timeout_ms)
{
	request->timeout_ms = timeout_ms ? timeout_ms : request->connection->timeout_ms;
	request->deadline = deadline_in_ms(request->timeout_ms);
}

int call_submit(struct shmb_request *take_request, uint64_t timeout_ms, shmb_done_fn *done,
		void *data, struct shmb_request **ret_request)
{
	struct shmb_connection *connection = take_request->connection;
	int r = connection_enter(connection);

	if (r < 0) {
		request_free(take_request);
		return r;
	}
	r = check_alive(connection);
	if (r == 0)
		r = check_room(connection);
	if (r == 0)
		r = request_resolve(take_request);
	if (r == 0) {
		take_request->done = done;
		take_request->data = data;
		set_deadline(take_request, timeout_ms);
		request_enqueue(take_request, false);
		channel_flush(connection);
		if (connection->phase == PHASE_LOST)
			pollable_ring(&connection->pollable);
		pollable_ring_at(&connection->pollable, take_request->deadline);
		*ret_request = take_request;
	} else {
		request_free(take_request);
	}
	connection_leave(connection);
	return r;
}

/* Wait for room for one more request. Returns 0 or -errno with a text. */
static int await_room(struct shmb_request *request)
{
	struct shmb_connection *connection = request->connection;

	for (;;) {
		int r = check_alive(connection);

		if (r < 0)
			return r;
		r = check_room(connection);
		if (r == 0)
			return 0;
		if (deadline_left_ms(request->deadline) == 0)
			return error_set(-ETIMEDOUT,
					 "%u requests are under way on this connection and the "
					 "broker answers none; it may be stopped",
					 connection->n_underway);
		turn_take(connection, NULL, request->deadline);
	}
}

int call_perform(struct shmb_request *take_request, uint64_t timeout_ms)
{
	struct shmb_connection *connection = take_request->connection;
	int r = connection_enter(connection);

	if (r < 0) {
		request_free(take_request);
		return r;
	}
	take_request->is_waited_for = true;
	set_deadline(take_request, timeout_ms);
	r = await_room(take_request);
	if (r == 0)
		r = request_resolve(take_request);
	if (r == 0) {
		request_enqueue(take_request, false);
		channel_flush(connection);
		while (!take_request->is_done) {
			turn_take(connection, take_request, take_request->deadline);
			if (!take_request->is_done && deadline_left_ms(take_request->deadline) == 0)
				request_time_out(take_request);
		}
	} else {
		request_free(take_request);
	}
	connection_leave(connection);
	return r;
}

/* End REQUEST for its caller, with the lock. */
static void abandon(struct shmb_request *request)
{
	struct shmb_connection *connection = request->connection;

	if (request_abandon(request))
		channel_flush(connection);
}

int call_take(struct shmb_request *request, unsigned opcode)
{
	struct shmb_connection *connection = request->connection;
	int r = connection_enter(connection);

	if (r < 0)
		return r;
	if (request->operation->opcode != opcode) {
		r = error_set(-EINVAL, "a request for %s cannot be finished as one for %s",
			      request->operation->name,
			      wire_operation(opcode, WIRE_VERSION_NEWEST)->name);
	} else if (!request->is_done) {
		r = error_set(-EINPROGRESS, "%s is not answered yet; call shmb_dispatch() first",
			      request->operation->name);
	} else {
		const struct wire_refusal *refusal = request->answer;

		r = request->status;
		if (r < 0) {
			(void)error_set(r, "%s",
					refusal->reason[0] ? refusal->reason
							   : "the broker refused it without a "
							     "reason, which no shmbrokerd does");
			abandon(request);
		}
	}
	connection_leave(connection);
	return r;
}

void call_end(struct shmb_request *request)
{
	struct shmb_connection *connection;

	if (!request)
		return;
	connection = request->connection;
	if (connection_enter(connection) < 0)
		return;
	abandon(request);
	connection_leave(connection);
}

bool shmb_request_is_done(const struct shmb_request *request)
{
	bool is_done;

	if (connection_enter(request->connection) < 0)
		return true;
	is_done = request->is_done;
	connection_leave(request->connection);
	return is_done;
}

void shmb_request_cancel(struct shmb_request *request)
{
	call_end(request);
}
