/*
 * The life of a connection, from the first contact to the goodbye. The first contact is a
 * reconnection from nothing: a connection begins lost, and takes turns like any other until it is
 * greeted.
 */
#include <shmbroker/connection.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "core/channel.h"
#include "core/connection.h"
#include "core/error.h"
#include "core/handshake.h"
#include "core/process.h"
#include "core/request.h"
#include "core/turn.h"

#define TIMEOUT_DEFAULT_MS 10000
#define GOODBYE_TIMEOUT_MS 1000

static uint32_t cut_timeout(uint32_t timeout_ms)
{
	if (timeout_ms == SHMB_TIMEOUT_DEFAULT)
		return TIMEOUT_DEFAULT_MS;
	return timeout_ms < SHMB_TIMEOUT_MAX ? timeout_ms : SHMB_TIMEOUT_MAX;
}

static int connection_new(const struct shmb_connect_options *options,
			  struct shmb_connection **ret_connection)
{
	const char *program = options->program ? options->program : program_invocation_short_name;
	struct shmb_connection *connection = calloc(1, sizeof(*connection));
	int r;

	if (!connection)
		return error_no_memory();
	connection->process = process_here();
	member_be_nobody(&connection->member);
	connection->timeout_ms = cut_timeout(options->timeout_ms);
	connection->phase = PHASE_LOST;
	connection->socket = -1;
	list_init(&connection->unsent);
	list_init(&connection->sent);
	list_init(&connection->holds);
	list_init(&connection->watches);
	list_init(&connection->answered);
	list_init(&connection->done);
	events_init(&connection->events);
	text_copy(connection->program, sizeof(connection->program), program);
	connection->pollable = (struct pollable)POLLABLE_NONE;
	r = locate(options->socket, options->no_start, &connection->location);
	if (r == 0)
		r = request_new(connection, WIRE_GOODBYE, NULL, &connection->goodbye);
	if (r < 0) {
		free(connection);
		return r;
	}
	connection_init_lock(connection);
	*ret_connection = connection;
	return 0;
}

/* Everything but the memory of the connection, which a callback's dispatch may still look at. */
static void connection_fini(struct shmb_connection *connection)
{
	if (connection->goodbye)
		request_free(connection->goodbye);
	request_free_all(&connection->unsent);
	request_free_all(&connection->sent);
	request_free_all(&connection->holds);
	request_free_all(&connection->watches);
	request_free_all(&connection->answered);
	events_fini(&connection->events);
	channel_close(connection);
	pollable_fini(&connection->pollable);
	roster_unmap(&connection->member.roster);
}

static void connection_free(struct shmb_connection *connection)
{
	(void)pthread_cond_destroy(&connection->changed);
	(void)pthread_mutex_destroy(&connection->lock);
	free(connection);
}

static bool has_greeted(const struct shmb_connection *connection)
{
	return connection->has_greeted;
}

static bool has_sent_hello(const struct shmb_connection *connection)
{
	return connection->has_greeted || !list_is_empty(&connection->sent);
}

int shmb_connect(const struct shmb_connect_options *options,
		 struct shmb_connection **ret_connection)
{
	static const struct shmb_connect_options defaults;
	struct shmb_connection *connection = NULL;
	int r;

	if (!options)
		options = &defaults;
	r = connection_new(options, &connection);
	if (r < 0)
		return r;
	connection_lock(connection);
	r = turn_until(connection, options->no_wait ? has_sent_hello : has_greeted,
		       connection_deadline(connection, 0));
	connection_leave(connection);
	if (r < 0) {
		connection_fini(connection);
		connection_free(connection);
		return r;
	}
	*ret_connection = connection;
	return 0;
}

/*
 * The broker's answer is waited for, for a moment: closing a socket in which answers lie unread
 * would discard the goodbye on the broker's side.
 */
static void say_goodbye(struct shmb_connection *connection)
{
	uint64_t deadline = deadline_in_ms(GOODBYE_TIMEOUT_MS);
	struct shmb_request *goodbye = connection->goodbye;

	connection->goodbye = NULL;
	goodbye->is_waited_for = true;
	request_enqueue(goodbye, false);
	channel_flush(connection);
	while (!goodbye->is_done && connection->socket >= 0 && deadline_left_ms(deadline) > 0)
		turn_take(connection, goodbye, deadline);
	if (goodbye->is_done)
		request_free(goodbye);
}

/*
 * In a forked child: what the parent shares is left alone, so nothing is sent, shut down or taken
 * out of the epoll instance. A list that another thread was changing at the fork cannot be walked.
 */
static void disconnect_in_child(struct shmb_connection *connection)
{
	bool is_dispatching = connection->n_dispatching > 0;

	if (pthread_mutex_trylock(&connection->lock) == 0) {
		connection->pollable.watched = -1;
		request_let_go_all(&connection->holds);
		request_let_go_all(&connection->watches);
		connection_fini(connection);
		connection->is_ended = true;
		(void)pthread_mutex_unlock(&connection->lock);
	} else {
		fd_close(connection->socket);
		pollable_fini(&connection->pollable);
	}
	/* The fork may have been in a callback, whose dispatch goes on in the child; or in another
	 * thread's, which does not, and then a few bytes stay. */
	if (!is_dispatching)
		free(connection);
}

void shmb_disconnect(struct shmb_connection *connection)
{
	if (!connection)
		return;
	if (connection->process != process_here()) {
		disconnect_in_child(connection);
		return;
	}
	connection_lock(connection);
	request_let_go_all(&connection->holds);
	request_let_go_all(&connection->watches);
	if (connection->socket >= 0)
		say_goodbye(connection);
	connection_fini(connection);
	connection->is_ended = true;
	if (connection->n_dispatching > 0) {
		connection_leave(connection);
		return;
	}
	connection_leave(connection);
	connection_free(connection);
}

int shmb_connection_fd(const struct shmb_connection *connection)
{
	/* Made when it is first asked for: most programs never poll. */
	struct shmb_connection *own = (struct shmb_connection *)connection;
	struct pollable *pollable = &own->pollable;
	int r = connection_enter(own);

	if (r < 0)
		return r;
	if (pollable->epoll < 0) {
		r = pollable_init(pollable);
		if (r == 0 && own->socket >= 0)
			r = pollable_watch(pollable, own->socket, false);
		if (r < 0) {
			pollable_fini(pollable);
			(void)error_set(r,
					"no descriptor can be had to poll the connection: %s; "
					"close some, or raise the limit (ulimit -n)",
					strerror(-r));
		} else {
			pollable_ring(pollable); /* for what came before */
		}
	}
	if (r == 0)
		r = pollable->epoll;
	connection_leave(own);
	return r;
}

/* Take in what is there, and see when there is something to do next. */
static void work(struct shmb_connection *connection)
{
	uint64_t next;

	pollable_settle(&connection->pollable);
	if (!connection->is_led) {
		if (connection->phase == PHASE_LOST)
			handshake_try(connection);
		channel_receive(connection, NULL);
		(void)pthread_cond_broadcast(&connection->changed);
	} else {
		channel_flush(connection); /* for which the leader may not look */
	}
	request_expire_all(connection, &next);
	pollable_ring_at(&connection->pollable, next);
	if (connection->phase == PHASE_LOST)
		pollable_ring_at(&connection->pollable, connection->retry_at);
}

/* Call the callbacks of what is done, without the lock. Any of them may end the connection. */
static void call_back(struct shmb_connection *connection)
{
	struct link *link;

	while (!connection->is_ended && (link = list_first(&connection->done))) {
		struct shmb_request *request = container_of(link, struct shmb_request, link_done);
		shmb_done_fn *done = request->done;
		void *data = request->data;

		list_remove(link);
		connection_leave(connection);
		done(request, data);
		connection_lock(connection);
	}
}

int shmb_dispatch(struct shmb_connection *connection)
{
	bool is_last;
	int r = connection_enter(connection);

	if (r < 0)
		return r;
	connection->n_dispatching++;
	work(connection);
	call_back(connection);
	is_last = --connection->n_dispatching == 0 && connection->is_ended;
	if (!connection->is_ended && connection->phase == PHASE_DEAD)
		r = error_set(connection->failure, "%s", connection->failure_text);
	connection_leave(connection);
	if (is_last)
		connection_free(connection);
	return r;
}

int shmb_next_event(struct shmb_connection *connection, struct shmb_event *ret_event)
{
	bool is_taken;
	int r = connection_enter(connection);

	if (r < 0)
		return r;
	is_taken = events_pop(&connection->events, ret_event);
	connection_leave(connection);
	return is_taken ? 0 : SHMB_EMPTY;
}

int shmb_broker_info(struct shmb_connection *connection, struct shmb_broker_facts *ret_info)
{
	const struct wire_hello_reply *hello = &connection->hello;
	int r = connection_enter(connection);

	if (r < 0)
		return r;
	r = turn_until(connection, has_greeted, connection_deadline(connection, 0));
	if (r == 0)
		*ret_info = (struct shmb_broker_facts){
			.version = hello->broker,
			.member = hello->member,
			.uid = hello->broker_uid,
			.protocol = hello->version,
			.per_user = hello->flags & WIRE_HELLO_PER_USER,
			.sysv = hello->flags & WIRE_HELLO_SYSV,
		};
	connection_leave(connection);
	return r;
}
