/*
 * A thread gets all that its user has waiting, closes it, and ends. It touches the list that it was
 * given and nothing else; the loop looks whether it has ended, and then refunds.
 *
 * close(2) of a socket that lingers waits until its time is over or a signal comes. So a timer of
 * the thread sends it one all the time. What no signal ends, as some file systems, keeps the thread
 * of that user, and nobody else.
 */
#include "server/closing.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "rules/quota.h"
#include "rules/table.h"
#include "server/rights.h"
#include "server/server.h"

#define STACK_SIZE   (256u * 1024)
#define LOOK_EACH_MS 1
#define END_WAIT_MS  500
#define PROD_SIGNAL  SIGURG /* else ignored */
#define PROD_EACH_NS 200000

/* As the kernel calls it; not all C libraries have a name for it. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* One that waits, or is being closed. */
struct socket_left {
	struct socket_left *next;
	int fd;
	struct charge charge;
};

/* All of one user. */
struct closer {
	UT_hash_handle handle;
	struct closer *prev, *next; /* in line, or at work */
	uid_t uid;
	struct socket_left *waiting;
	struct socket_left *given; /* to the thread */
	pthread_t thread;
};

/* The thread. */

static void on_prod(int number)
{
	(void)number;
}

/* Without a timer what lingers takes its time. */
static bool start_prodding(timer_t *ret_timer)
{
	static const struct itimerspec each = {.it_interval.tv_nsec = PROD_EACH_NS,
					       .it_value.tv_nsec = PROD_EACH_NS};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = PROD_SIGNAL};

	event.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, ret_timer) < 0)
		return false;
	(void)timer_settime(*ret_timer, 0, &each, NULL);
	return true;
}

static void *run(void *data)
{
	const struct closer *closer = data;
	const struct socket_left *left;
	timer_t timer;
	bool is_prodded;

	(void)prctl(PR_SET_NAME, "closer");
	is_prodded = start_prodding(&timer);
	LL_FOREACH(closer->given, left)
	(void)close(left->fd);
	if (is_prodded)
		(void)timer_delete(timer);
	return NULL;
}

/* It gets no signal but the one that is for it. */
static bool start_thread(struct closer *closer)
{
	struct sigaction prod = {.sa_handler = on_prod};
	pthread_attr_t attributes;
	sigset_t others, before;
	int r;

	if (sigaction(PROD_SIGNAL, &prod, NULL) < 0 || pthread_attr_init(&attributes) != 0)
		return false;
	(void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
	(void)sigfillset(&others);
	(void)sigdelset(&others, PROD_SIGNAL);
	(void)pthread_sigmask(SIG_SETMASK, &others, &before);
	r = pthread_create(&closer->thread, &attributes, run, closer);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
	return r == 0;
}

/* The loop. */

static void forget(struct closing *closing, struct socket_left *sockets)
{
	struct socket_left *left, *next;

	LL_FOREACH_SAFE(sockets, left, next)
	{
		closing->n_unpaid -= !left->charge.account;
		charge_end(&left->charge);
		free(left);
	}
}

static void closer_free(struct closing *closing, struct closer *closer)
{
	HASH_DELETE(handle, closing->closers, closer);
	free(closer);
}

static void start_those_in_line(struct closing *closing)
{
	while (closing->in_line && closing->n_at_work < CLOSING_THREADS_MAX) {
		struct closer *closer = closing->in_line;

		closer->given = closer->waiting;
		closer->waiting = NULL;
		if (!start_thread(closer)) { /* not before the next look */
			closer->waiting = closer->given;
			closer->given = NULL;
			return;
		}
		DL_DELETE(closing->in_line, closer);
		DL_APPEND(closing->at_work, closer);
		closing->n_at_work++;
	}
}

static void finish(struct closing *closing, struct closer *closer)
{
	DL_DELETE(closing->at_work, closer);
	closing->n_at_work--;
	forget(closing, closer->given);
	closer->given = NULL;
	if (closer->waiting)
		DL_APPEND(closing->in_line, closer);
	else
		closer_free(closing, closer);
}

static void finish_those_done(struct closing *closing)
{
	struct closer *closer, *next;

	DL_FOREACH_SAFE(closing->at_work, closer, next)
	if (pthread_tryjoin_np(closer->thread, NULL) == 0)
		finish(closing, closer);
}

static void look_later(struct closing *closing)
{
	const struct timeval delay = clock_timeval(LOOK_EACH_MS);

	if (closing->closers && !event_pending(&closing->look, EV_TIMEOUT, NULL))
		(void)event_add(&closing->look, &delay); /* else with the next one */
}

static void on_look(evutil_socket_t fd, short what, void *data)
{
	struct closing *closing = data;

	(void)fd;
	(void)what;
	finish_those_done(closing);
	start_those_in_line(closing);
	look_later(closing);
}

static struct closer *closer_of(struct closing *closing, uid_t uid)
{
	struct closer *closer;

	HASH_FIND(handle, closing->closers, &uid, sizeof(uid), closer);
	if (closer)
		return closer;
	closer = calloc(1, sizeof(*closer));
	if (!closer)
		return NULL;
	closer->uid = uid;
	HASH_ADD(handle, closing->closers, uid, sizeof(closer->uid), closer);
	if (!closer->handle.tbl) {
		free(closer);
		return NULL;
	}
	DL_APPEND(closing->in_line, closer);
	return closer;
}

/* Without memory the loop closes it, however long that takes. */
void closing_hand_over(struct server *server, int take_fd, uid_t uid, struct charge *charge)
{
	struct closing *closing = &server->closing;
	struct socket_left *left = calloc(1, sizeof(*left));
	struct closer *closer = left ? closer_of(closing, uid) : NULL;

	if (!closer) {
		free(left);
		fd_close(take_fd);
		charge_end(charge);
		return;
	}
	left->fd = take_fd;
	charge_move(&left->charge, charge);
	charge_hide(&left->charge);
	closing->n_unpaid += !left->charge.account;
	LL_PREPEND(closer->waiting, left);
	start_those_in_line(closing);
	look_later(closing);
}

void closing_end(struct server *server, int take_fd, uid_t uid, bool may_bring_rights,
		 struct charge *charge)
{
	if (may_bring_rights && rights_are_left(take_fd)) {
		(void)shutdown(take_fd, SHUT_RDWR); /* what the client sees does not wait */
		closing_hand_over(server, take_fd, uid, charge);
		return;
	}
	fd_close(take_fd);
	charge_end(charge);
}

bool closing_is_full(const struct server *server)
{
	return server->closing.n_unpaid >= CLOSING_UNPAID_MAX;
}

void closing_init(struct server *server)
{
	(void)event_assign(&server->closing.look, server->base, -1, 0, on_look, &server->closing);
}

static void wait_a_moment(struct closing *closing)
{
	const struct timespec pause = {.tv_nsec = LOOK_EACH_MS * 1000000};
	uint64_t until = deadline_in_ms(END_WAIT_MS);

	while (closing->closers && deadline_left_ms(until) > 0) {
		(void)nanosleep(&pause, NULL);
		finish_those_done(closing);
		start_those_in_line(closing);
	}
}

/* Its thread keeps it, and what it was given, until the process ends. */
static void leave_alone(struct closer *closer)
{
	struct socket_left *left;

	LL_FOREACH(closer->given, left)
	charge_end(&left->charge);
	(void)pthread_detach(closer->thread);
}

void closing_fini(struct server *server)
{
	struct closing *closing = &server->closing;
	struct closer *closer, *next;

	(void)event_del(&closing->look);
	wait_a_moment(closing);
	HASH_ITER(handle, closing->closers, closer, next)
	{
		forget(closing, closer->waiting);
		HASH_DELETE(handle, closing->closers, closer);
		if (closer->given)
			leave_alone(closer);
		else
			free(closer);
	}
}
