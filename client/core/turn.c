/*
 * Of the threads that wait one leads: it alone reads, so that a packet is never taken from under
 * another that sleeps for it. It waits by recvmsg(2) as long as there is time for a slice of that,
 * and with poll(2) for less.
 */
#include "core/turn.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "core/channel.h"
#include "core/connection.h"
#include "core/error.h"
#include "core/handshake.h"
#include "core/request.h"

#define SEND_TURN_MS 50

/* Sleep until there is something to read or room for what has to be sent. */
static void await_change(struct shmb_connection *connection, short events, int timeout_ms)
{
	struct pollfd poll_for = {.fd = connection->socket, .events = events};

	(void)pthread_mutex_unlock(&connection->lock);
	(void)poll(&poll_for, 1, timeout_ms);
	(void)pthread_mutex_lock(&connection->lock);
}

/*
 * The leader may have gone to sleep before there was anything that the socket did not take: so a
 * follower waits for room himself, a little at a time, since the socket may be exchanged meanwhile.
 */
static void send_turn(struct shmb_connection *connection, uint64_t deadline)
{
	int left = deadline_left_ms(deadline);

	await_change(connection, POLLOUT, left < SEND_TURN_MS ? left : SEND_TURN_MS);
	channel_flush(connection);
}

static void follow(struct shmb_connection *connection, uint64_t deadline)
{
	struct timespec at = {.tv_sec = (time_t)(deadline / 1000),
			      .tv_nsec = (long)(deadline % 1000) * 1000000};

	(void)pthread_cond_timedwait(&connection->changed, &connection->lock, &at);
}

static void read_turn(struct shmb_connection *connection, const struct shmb_request *until,
		      uint64_t deadline)
{
	int left = deadline_left_ms(deadline);

	if (channel_has_unsent(connection))
		await_change(connection, POLLIN | POLLOUT, left);
	else if (left < CHANNEL_SLICE_MS)
		await_change(connection, POLLIN, left);
	else
		channel_await(connection);
	channel_receive(connection, until);
}

static void lead(struct shmb_connection *connection, const struct shmb_request *until,
		 uint64_t deadline)
{
	connection->is_led = true;
	if (connection->phase == PHASE_LOST)
		handshake_turn(connection, deadline);
	else if (connection->socket >= 0)
		read_turn(connection, until, deadline);
	connection->is_led = false;
	if (connection->is_broken)
		channel_lose(connection);
	(void)pthread_cond_broadcast(&connection->changed);
}

void turn_take(struct shmb_connection *connection, const struct shmb_request *until,
	       uint64_t deadline)
{
	if (!connection->is_led)
		lead(connection, until, deadline);
	else if (channel_has_unsent(connection))
		send_turn(connection, deadline);
	else
		follow(connection, deadline);
}

int turn_until(struct shmb_connection *connection,
	       bool (*is_enough)(const struct shmb_connection *connection), uint64_t deadline)
{
	for (;;) {
		if (connection->phase == PHASE_DEAD)
			return error_set(connection->failure, "%s", connection->failure_text);
		if (is_enough(connection))
			return 0;
		if (deadline_left_ms(deadline) == 0)
			return error_set(-ETIMEDOUT,
					 "the broker at %s did not answer in time; it may be "
					 "stopped or overloaded",
					 connection->location.address.sun_path);
		turn_take(connection, NULL, deadline);
	}
}
