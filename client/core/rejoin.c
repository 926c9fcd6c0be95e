/*
 * A forked child has a copy of everything the parent had: of the lock, which another thread may
 * have held, of a socket and an epoll instance that it shares with the parent and must not touch,
 * and of requests whose answers are the parent's. What remains of it is a connection that was lost,
 * with holds that are to be said again, by a member that has yet to become one.
 */
#include <shmbroker/member.h>

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "core/connection.h"
#include "core/error.h"
#include "core/process.h"
#include "core/request.h"
#include "core/turn.h"

static int check(struct shmb_connection *connection)
{
	if (connection->n_dispatching > 0 || pthread_mutex_trylock(&connection->lock) != 0)
		return error_set(-EBUSY,
				 "the connection was in use when this process was forked: connect "
				 "anew with shmb_connect()");
	return 0;
}

/* The parent's are closed here, and live on there. */
static int replace_descriptors(struct shmb_connection *connection)
{
	struct pollable *pollable = &connection->pollable;
	bool is_polled = pollable->epoll >= 0;

	connection->socket = fd_close(connection->socket);
	pollable->watched = -1;
	pollable_fini(pollable);
	return is_polled ? pollable_init(pollable) : 0;
}

/* What is passed on stays among the holds; the others become empty shells. */
static void sort_holds(struct shmb_connection *connection)
{
	struct link others;

	list_init(&others);
	for (struct link *link = connection->holds.next; link != &connection->holds;) {
		struct shmb_request *hold = container_of(link, struct shmb_request, link);

		link = link->next;
		if (hold->pass_on) {
			hold->pass_on(hold->handle);
		} else {
			list_remove(&hold->link);
			list_append(&others, &hold->link);
		}
	}
	request_let_go_all(&others);
	request_free_all(&others);
}

static void forget_requests(struct shmb_connection *connection)
{
	request_let_go_all(&connection->watches);
	request_free_all(&connection->unsent);
	request_free_all(&connection->sent);
	request_free_all(&connection->watches);
	request_free_all(&connection->answered);
	sort_holds(connection);
}

/* From now on the connection is this process's, and lost; of the broker only the instance is known.
 */
static int become_own(struct shmb_connection *connection)
{
	int r;

	connection->process = process_here();
	connection->is_joining = true;
	member_be_nobody(&connection->member);
	forget_requests(connection);
	events_fini(&connection->events);
	r = replace_descriptors(connection);
	if (connection->phase != PHASE_DEAD)
		connection->phase = PHASE_LOST;
	connection->is_led = connection->is_broken = connection->broker_ends = false;
	connection->n_restoring = 0;
	connection->pause_ms = 0;
	connection->retry_at = 0;
	connection->turned_away[0] = '\0';
	connection->hello.member = 0;
	memset(connection->hello.secret, 0, sizeof(connection->hello.secret));
	return r;
}

static bool has_arrived(const struct shmb_connection *connection)
{
	return connection->phase == PHASE_OPEN;
}

/* Returns 0, and then the connection is locked, or -errno with a text. */
static int begin(struct shmb_connection *connection)
{
	int r = check(connection);

	if (r < 0)
		return r;
	/* Nobody else is here, and what others left in it is of no use. */
	(void)pthread_mutex_unlock(&connection->lock);
	connection_init_lock(connection);
	connection_lock(connection);
	r = become_own(connection);
	if (r < 0) {
		connection_leave(connection);
		return error_set(
			r,
			"no descriptor can be had to poll the connection: %s; close some, or "
			"raise the limit (ulimit -n)",
			strerror(-r));
	}
	return 0;
}

/* The same when it has begun already, and its time was over before the end. */
static int go_on(struct shmb_connection *connection)
{
	connection_lock(connection);
	if (connection->is_joining)
		return 0;
	connection_leave(connection);
	return error_set(-EINVAL, "this connection belongs to this process already: only a forked "
				  "child has to join anew");
}

int shmb_rejoin(struct shmb_connection *connection)
{
	int r = connection->process == process_here() ? go_on(connection) : begin(connection);

	if (r < 0)
		return r;
	r = turn_until(connection, has_arrived, connection_deadline(connection, 0));
	if (r == 0)
		connection->is_joining = false;
	connection_leave(connection);
	return r;
}
