/*
 * Of ours there are four processes: the benchmark, which kills; an owner; one who sleeps for the
 * lock; and a mourner in the place of the broker. Like it he has a pidfd of the owner: he sleeps in
 * poll(2), marks the member dead in the roster, and wakes whoever sleeps on the epoch. What a
 * broker does besides in a turn of its loop is not in it. To robust mutexes the kernel sees,
 * without him.
 */
#include "support/takeover.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "support/bench.h"
#include "support/worker.h"

#define ASLEEP_NS 500000 /* after it was said that somebody is about to sleep */

/* In memory that the processes share. The counts say how many owners have come so far. */
struct takeover {
	struct locker_place place;
	_Atomic uint32_t n_owned;   /* has the lock */
	_Atomic uint32_t n_watched; /* the mourner has a pidfd of it */
	_Atomic uint32_t n_wanted;  /* somebody shall wait for it */
	_Atomic uint32_t n_waiting; /* somebody is about to */
	_Atomic uint32_t n_had;     /* he has it */
	uint64_t owner, waiter;     /* members */
	pid_t owner_pid, waiter_pid, mourner_pid;
	uint64_t noticed_ns, had_ns;
	uint64_t longest_ns;
	int core;
	const struct locker *locker;
	struct fake_roster *roster;
};

static void own(void *data)
{
	struct takeover *takeover = data;

	lockers_be_member(takeover->roster, takeover->owner);
	takeover->owner_pid = getpid();
	(void)takeover->locker->take(takeover->place.lock);
	gate_count(&takeover->n_owned);
	for (;;)
		(void)pause();
}

static void mourn(void *data)
{
	struct takeover *takeover = data;

	for (uint32_t round = 0;; round++) {
		struct pollfd line = {.events = POLLIN};

		gate_wait(&takeover->n_owned, round);
		line.fd = (int)syscall(SYS_pidfd_open, takeover->owner_pid, 0);
		if (line.fd < 0)
			bench_fail("no pidfd of an owner: %s", strerror(errno));
		gate_count(&takeover->n_watched);
		while (poll(&line, 1, -1) != 1)
			;
		takeover->noticed_ns = now_ns();
		fake_roster_bury(takeover->roster, takeover->owner);
		(void)close(line.fd);
	}
}

static void wait_and_take(void *data)
{
	struct takeover *takeover = data;

	lockers_be_member(takeover->roster, takeover->waiter);
	for (uint32_t round = 0;; round++) {
		gate_wait(&takeover->n_wanted, round);
		gate_count(&takeover->n_waiting);
		if (takeover->locker->take(takeover->place.lock) != 1)
			bench_fail("%s does not tell of a death", takeover->locker->name);
		takeover->had_ns = now_ns();
		takeover->locker->give(takeover->place.lock);
		gate_count(&takeover->n_had);
	}
}

static bool is_ours(const struct takeover *takeover)
{
	return takeover->locker == &lockers[LOCKER_OURS];
}

struct takeover *takeover_new(const struct locker *locker, struct fake_roster *roster, int own,
			      int waiter)
{
	struct takeover *takeover = mmap(NULL, sizeof(*takeover), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (takeover == MAP_FAILED)
		bench_fail("no memory for a lock: %s", strerror(errno));
	takeover->locker = locker;
	takeover->roster = roster;
	takeover->core = own;
	takeover->waiter = fake_roster_admit(roster);
	locker->init(takeover->place.lock);
	takeover->waiter_pid = worker_start(waiter, wait_and_take, takeover);
	if (is_ours(takeover))
		takeover->mourner_pid = worker_start(own, mourn, takeover);
	return takeover;
}

void takeover_free(struct takeover *takeover)
{
	worker_end(takeover->waiter_pid);
	if (is_ours(takeover))
		worker_end(takeover->mourner_pid);
	fake_roster_bury(takeover->roster, takeover->waiter);
	(void)munmap(takeover, sizeof(*takeover));
}

/* Returns when the owner was killed. */
static uint64_t take_over_once(struct takeover *takeover)
{
	const struct timespec pause = {.tv_nsec = ASLEEP_NS};
	uint32_t round = takeover->n_had;
	uint64_t begin;
	pid_t pid;

	takeover->owner = fake_roster_admit(takeover->roster);
	pid = worker_start(takeover->core, own, takeover);
	gate_wait(&takeover->n_owned, round);
	if (is_ours(takeover))
		gate_wait(&takeover->n_watched, round);
	gate_count(&takeover->n_wanted);
	gate_wait(&takeover->n_waiting, round);
	(void)nanosleep(&pause, NULL);
	begin = now_ns();
	(void)kill(pid, SIGKILL);
	gate_wait(&takeover->n_had, round);
	worker_end(pid);
	if (!is_ours(takeover))
		fake_roster_bury(takeover->roster, takeover->owner);
	if (takeover->had_ns - begin > takeover->longest_ns)
		takeover->longest_ns = takeover->had_ns - begin;
	return begin;
}

uint64_t takeover_run(void *data, unsigned operations)
{
	struct takeover *takeover = data;
	uint64_t spent = 0;

	for (unsigned i = 0; i < operations; i++) {
		uint64_t begin = take_over_once(takeover);

		spent += takeover->had_ns - begin;
	}
	return spent;
}

uint64_t takeover_notice_run(void *data, unsigned operations)
{
	struct takeover *takeover = data;
	uint64_t spent = 0;

	for (unsigned i = 0; i < operations; i++) {
		uint64_t begin = take_over_once(takeover);

		spent += takeover->noticed_ns - begin;
	}
	return spent;
}

uint64_t takeover_longest(const struct takeover *takeover)
{
	return takeover->longest_ns;
}
