/*
 * The timer is set only when something is due earlier than what it is set for already, so that
 * requests that follow each other, each with the same patience, cost one system call in all.
 */
#include "core/pollable.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "base/clock.h"
#include "base/fd.h"

static void set_timer(struct pollable *pollable, uint64_t when)
{
	struct itimerspec setting = {
		.it_value = {.tv_sec = (time_t)(when / 1000),
			     .tv_nsec = (long)(when % 1000) * 1000000},
	};

	(void)timerfd_settime(pollable->timer, TFD_TIMER_ABSTIME, &setting, NULL);
	pollable->due = when;
}

int pollable_init(struct pollable *pollable)
{
	struct epoll_event event = {.events = EPOLLIN};
	autofd epoll = epoll_create1(EPOLL_CLOEXEC);
	autofd timer = -1;

	if (epoll < 0)
		return -errno;
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) < 0)
		return -errno;
	*pollable = (struct pollable)POLLABLE_NONE;
	pollable->epoll = fd_steal(&epoll);
	pollable->timer = fd_steal(&timer);
	return 0;
}

void pollable_fini(struct pollable *pollable)
{
	fd_close(pollable->epoll);
	fd_close(pollable->timer);
	*pollable = (struct pollable)POLLABLE_NONE;
}

int pollable_watch(struct pollable *pollable, int socket, bool output)
{
	bool is_new = pollable->watched < 0;
	struct epoll_event event = {.events = output ? EPOLLIN | EPOLLOUT : EPOLLIN};

	if (pollable->epoll < 0)
		return 0;
	if (!is_new && pollable->watches_output == output)
		return 0;
	if (epoll_ctl(pollable->epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event) < 0)
		return -errno;
	pollable->watched = socket;
	pollable->watches_output = output;
	return 0;
}

void pollable_unwatch(struct pollable *pollable)
{
	if (pollable->watched >= 0)
		(void)epoll_ctl(pollable->epoll, EPOLL_CTL_DEL, pollable->watched, NULL);
	pollable->watched = -1;
}

void pollable_ring_at(struct pollable *pollable, uint64_t when)
{
	/* A timer set to 0 would be off. */
	if (when == 0)
		when = 1;
	if (pollable->timer >= 0 && when < pollable->due)
		set_timer(pollable, when);
}

void pollable_ring(struct pollable *pollable)
{
	pollable_ring_at(pollable, 0);
}

void pollable_settle(struct pollable *pollable)
{
	if (pollable->due > clock_now_ms())
		return;
	set_timer(pollable, 0); /* disarms, and forgets that it rang */
	pollable->due = UINT64_MAX;
}
