/*
 * Each loop has the same three steps. Errors are looked at in all of them, as a program has to.
 */
#include "support/lockers.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <linux/futex.h>
#include <pthread.h>
#include <shmbroker/lock.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peer_boost_lock.h"
#include "support/bench.h"

#define PATIENCE_MS 10000

static struct shmb_member *self;

void lockers_be_member(const struct server *broker)
{
	const struct shmb_connect_options options = {.socket = broker->socket};
	struct shmb_connection *connection;

	if (shmb_connect(&options, &connection) < 0 || shmb_member_get(connection, &self) < 0)
		bench_fail("%s", shmb_last_error());
}

static void ours_init(void *lock)
{
	(void)lock;
}

static void ours_run(struct locker_place *place, unsigned n)
{
	struct shmb_lock *lock = (struct shmb_lock *)(void *)place->lock;

	for (unsigned i = 0; i < n; i++) {
		if (shmb_lock_acquire(lock, self, SHMB_NO_DEADLINE) != 0)
			bench_fail("%s", shmb_last_error());
		place->counter++;
		if (shmb_lock_release(lock, self) != 0)
			bench_fail("%s", shmb_last_error());
	}
}

static int ours_take(void *lock)
{
	int r = shmb_lock_acquire(lock, self, shmb_deadline_in_ms(PATIENCE_MS));

	if (r == SHMB_OWNER_DIED && shmb_lock_repaired(lock, self) == 0)
		return 1;
	if (r != 0)
		bench_fail("%s", shmb_last_error());
	return 0;
}

static void ours_give(void *lock)
{
	if (shmb_lock_release(lock, self) != 0)
		bench_fail("%s", shmb_last_error());
}

static void mutex_init(pthread_mutex_t *mutex, int robust, int protocol)
{
	pthread_mutexattr_t attributes;
	int r = pthread_mutexattr_init(&attributes);

	r |= pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	r |= pthread_mutexattr_setrobust(&attributes, robust);
	r |= pthread_mutexattr_setprotocol(&attributes, protocol);
	r |= pthread_mutex_init(mutex, &attributes);
	(void)pthread_mutexattr_destroy(&attributes);
	if (r)
		bench_fail("cannot make a mutex");
}

static void shared_init(void *lock)
{
	mutex_init(lock, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
}

static void robust_init(void *lock)
{
	mutex_init(lock, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE);
}

static void robust_pi_init(void *lock)
{
	mutex_init(lock, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_INHERIT);
}

static void mutex_run(struct locker_place *place, unsigned n)
{
	pthread_mutex_t *mutex = (pthread_mutex_t *)(void *)place->lock;

	for (unsigned i = 0; i < n; i++) {
		if (pthread_mutex_lock(mutex) != 0)
			bench_fail("a mutex cannot be locked");
		place->counter++;
		if (pthread_mutex_unlock(mutex) != 0)
			bench_fail("a mutex cannot be unlocked");
	}
}

static int robust_take(void *lock)
{
	int r = pthread_mutex_lock(lock);

	if (r == EOWNERDEAD && pthread_mutex_consistent(lock) == 0)
		return 1;
	if (r)
		bench_fail("a mutex cannot be locked: %s", strerror(r));
	return 0;
}

static void robust_give(void *lock)
{
	(void)pthread_mutex_unlock(lock);
}

static void futex_init(void *lock)
{
	(void)lock;
}

/* 0 is free, 1 is taken, 2 is taken and somebody may sleep. */
static void futex_take_slowly(_Atomic uint32_t *word)
{
	while (atomic_exchange_explicit(word, 2, memory_order_acquire) != 0)
		(void)syscall(SYS_futex, word, FUTEX_WAIT, 2, NULL);
}

static void futex_run(struct locker_place *place, unsigned n)
{
	_Atomic uint32_t *word = (_Atomic uint32_t *)(void *)place->lock;

	for (unsigned i = 0; i < n; i++) {
		uint32_t seen = 0;

		if (!atomic_compare_exchange_strong_explicit(word, &seen, 1, memory_order_acquire,
							     memory_order_relaxed))
			futex_take_slowly(word);
		place->counter++;
		if (atomic_exchange_explicit(word, 0, memory_order_release) == 2)
			(void)syscall(SYS_futex, word, FUTEX_WAKE, 1);
	}
}

const struct locker lockers[N_LOCKERS] = {
	[LOCKER_OURS] = {"ours", ours_init, ours_run, ours_take, ours_give},
	[LOCKER_ROBUST] = {"pthread robust", robust_init, mutex_run, robust_take, robust_give},
	[LOCKER_SHARED] = {"pthread shared", shared_init, mutex_run, NULL, NULL},
	[LOCKER_ROBUST_PI] = {"pthread robust PI", robust_pi_init, mutex_run, NULL, NULL},
	[LOCKER_FUTEX] = {"bare futex", futex_init, futex_run, NULL, NULL},
#ifdef BENCH_BOOST
	[LOCKER_BOOST] = {"boost.interprocess", boost_lock_init, boost_lock_run, NULL, NULL},
#endif
};

unsigned lockers_n(void)
{
	return lockers[LOCKER_BOOST].name ? N_LOCKERS : LOCKER_BOOST;
}

const char *lockers_versions(void)
{
	static char text[80];

#ifdef BENCH_BOOST
	snprintf(text, sizeof(text), "glibc %s, boost %s", gnu_get_libc_version(),
		 boost_lock_version());
#else
	snprintf(text, sizeof(text),
		 "glibc %s; without boost: libboost-dev was not there when this was built",
		 gnu_get_libc_version());
#endif
	return text;
}
