/*
 * The lock of a connection, which every call takes.
 */
#include "core/connection.h"

#include "base/clock.h"
#include "core/process.h"

/* How this thread was to be cancelled before it took a lock of ours, of which it has one at a time.
 */
static _Thread_local int cancelability;

/* A thread that is cancelled in the midst of a system call would take the lock and the lead along.
 */
void connection_lock(struct shmb_connection *connection)
{
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelability);
	(void)pthread_mutex_lock(&connection->lock);
}

int connection_enter(struct shmb_connection *connection)
{
	int r = process_check(connection->process);

	if (r == 0)
		connection_lock(connection);
	return r;
}

void connection_leave(struct shmb_connection *connection)
{
	(void)pthread_mutex_unlock(&connection->lock);
	(void)pthread_setcancelstate(cancelability, NULL);
}

/* The condition counts on the clock on which deadlines are. */
void connection_init_lock(struct shmb_connection *connection)
{
	pthread_condattr_t attributes;

	(void)pthread_mutex_init(&connection->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&connection->changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

uint64_t connection_deadline(const struct shmb_connection *connection, uint64_t timeout_ms)
{
	return deadline_in_ms(timeout_ms ? timeout_ms : connection->timeout_ms);
}
