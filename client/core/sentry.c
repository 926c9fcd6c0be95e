/*
 * The thread sleeps on the condition while there is nothing to wait for, and in shared memory while
 * there is. There it looks for new orders whenever it wakes, and who ends it wakes it.
 */
#include "core/sentry.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "core/error.h"
#include "core/process.h"

#define WAKE_AGAIN_NS 2000000

struct shmb_poll {
	struct sentry_orders orders;
	pthread_mutex_t lock; /* of the five after it */
	pthread_cond_t changed;
	uint64_t value;
	bool is_on_watch;
	bool ends;
	bool is_gone;
	pthread_t thread;
	uint64_t process;
	int fd;
};

/* Returns false when it is over. */
static bool await_order(struct shmb_poll *sentry, uint64_t *ret_value)
{
	bool ends;

	(void)pthread_mutex_lock(&sentry->lock);
	while (!sentry->is_on_watch && !sentry->ends)
		(void)pthread_cond_wait(&sentry->changed, &sentry->lock);
	*ret_value = sentry->value;
	ends = sentry->ends;
	(void)pthread_mutex_unlock(&sentry->lock);
	return !ends;
}

/* What is waited for is there. */
static void ring(struct shmb_poll *sentry)
{
	sentry->is_on_watch = false;
	(void)eventfd_write(sentry->fd, 1);
}

/* It is not VALUE any more; but another order may have come meanwhile. */
static void report(struct shmb_poll *sentry, uint64_t value)
{
	(void)pthread_mutex_lock(&sentry->lock);
	if (sentry->is_on_watch && sentry->value == value)
		ring(sentry);
	(void)pthread_mutex_unlock(&sentry->lock);
}

static void *watch(void *data)
{
	struct shmb_poll *sentry = data;
	const struct sentry_orders *orders = &sentry->orders;
	struct futex_patience patience = futex_patience(SHMB_NO_DEADLINE);
	uint64_t value;

	while (await_order(sentry, &value)) {
		if (orders->has_come(orders->data, value))
			report(sentry, value);
		else
			orders->sleep(orders->data, value, &patience);
	}
	(void)pthread_mutex_lock(&sentry->lock);
	sentry->is_gone = true;
	(void)pthread_cond_broadcast(&sentry->changed);
	(void)pthread_mutex_unlock(&sentry->lock);
	return NULL;
}

/* Without any signal that is meant for the program. Its stack is one as any thread's: a small one
 * would have to hold whatever thread-local variables the program has. */
static int start(struct shmb_poll *sentry)
{
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&sentry->thread, NULL, watch, sentry);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

static int make(const struct sentry_orders *orders, uint64_t value, struct shmb_poll **ret_sentry)
{
	struct shmb_poll *sentry = malloc(sizeof(*sentry));
	pthread_condattr_t attributes;
	int r;

	if (!sentry)
		return -ENOMEM;
	*sentry = (struct shmb_poll){
		.orders = *orders,
		.value = value,
		.is_on_watch = true,
		.process = process_here(),
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	if (sentry->fd < 0) {
		r = -errno;
		free(sentry);
		return r;
	}
	(void)pthread_mutex_init(&sentry->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&sentry->changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	*ret_sentry = sentry;
	return 0;
}

static void destroy(struct shmb_poll *sentry)
{
	(void)pthread_cond_destroy(&sentry->changed);
	(void)pthread_mutex_destroy(&sentry->lock);
	fd_close(sentry->fd);
	free(sentry);
}

int sentry_post(const struct sentry_orders *orders, uint64_t value, struct shmb_poll **ret_sentry)
{
	struct shmb_poll *sentry = NULL;
	int r = make(orders, value, &sentry);

	if (r == 0) {
		r = start(sentry);
		if (r < 0)
			destroy(sentry);
	}
	if (r < 0)
		return error_set(r, "no descriptor, or no thread behind it, can be had to poll: %s",
				 strerror(-r));
	*ret_sentry = sentry;
	return 0;
}

int shmb_poll_fd(const struct shmb_poll *sentry)
{
	return sentry->fd;
}

/* The thread may sleep for the value before, in shared memory. While it does there is still that
 * value: what is waited for now is there then, and is told here. */
int shmb_poll_again(struct shmb_poll *sentry, uint64_t value)
{
	const struct sentry_orders *orders = &sentry->orders;
	eventfd_t ignored;
	int r = process_check(sentry->process);

	if (r < 0)
		return r;
	(void)pthread_mutex_lock(&sentry->lock);
	(void)eventfd_read(sentry->fd, &ignored);
	sentry->value = value;
	sentry->is_on_watch = true;
	if (orders->has_come(orders->data, value))
		ring(sentry);
	else
		(void)pthread_cond_signal(&sentry->changed);
	(void)pthread_mutex_unlock(&sentry->lock);
	return 0;
}

/* It may be about to sleep when it is woken: so it is woken again until it says that it is gone. */
static void dismiss(struct shmb_poll *sentry)
{
	(void)pthread_mutex_lock(&sentry->lock);
	sentry->ends = true;
	(void)pthread_cond_broadcast(&sentry->changed);
	while (!sentry->is_gone) {
		uint64_t until = clock_now_ns() + WAKE_AGAIN_NS;
		const struct timespec at = {.tv_sec = (time_t)(until / 1000000000),
					    .tv_nsec = (long)(until % 1000000000)};

		sentry->orders.wake(sentry->orders.data);
		(void)pthread_cond_timedwait(&sentry->changed, &sentry->lock, &at);
	}
	(void)pthread_mutex_unlock(&sentry->lock);
	(void)pthread_join(sentry->thread, NULL);
}

void shmb_poll_end(struct shmb_poll *sentry)
{
	if (!sentry)
		return;
	if (sentry->process != process_here()) {
		fd_close(sentry->fd);
		free(sentry);
		return;
	}
	dismiss(sentry);
	destroy(sentry);
}
