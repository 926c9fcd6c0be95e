/*
 * There are three processes beside the broker: the benchmark, which kills; an owner; and one who
 * sleeps for the lock. Where only the notice of a death is measured a mourner waits for it with the
 * broker's means.
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
	_Atomic uint32_t n_noticed; /* the mourner knows of the death */
	pid_t owner_pid, waiter_pid, mourner_pid;
	uint64_t noticed_ns, had_ns;
	uint64_t longest_ns;
	int core;
	const struct locker *locker;
	const struct server *broker;
};

static void own(void *data)
{
	struct takeover *takeover = data;

	lockers_be_member(takeover->broker);
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
		gate_count(&takeover->n_noticed);
		(void)close(line.fd);
	}
}

static void wait_and_take(void *data)
{
	struct takeover *takeover = data;

	lockers_be_member(takeover->broker);
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

struct takeover *takeover_new(const struct locker *locker, const struct server *broker, int own,
			      int waiter)
{
	struct takeover *takeover = mmap(NULL, sizeof(*takeover), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (takeover == MAP_FAILED)
		bench_fail("no memory for a lock: %s", strerror(errno));
	takeover->locker = locker;
	takeover->broker = broker;
	takeover->core = own;
	locker->init(takeover->place.lock);
	takeover->waiter_pid = worker_start(waiter, wait_and_take, takeover);
	return takeover;
}

void takeover_free(struct takeover *takeover)
{
	worker_end(takeover->waiter_pid);
	if (takeover->mourner_pid)
		worker_end(takeover->mourner_pid);
	(void)munmap(takeover, sizeof(*takeover));
}

/* Returns when the owner was killed. */
static uint64_t take_over_once(struct takeover *takeover)
{
	const struct timespec pause = {.tv_nsec = ASLEEP_NS};
	uint32_t round = takeover->n_had;
	uint64_t begin;
	pid_t pid;

	pid = worker_start(takeover->core, own, takeover);
	gate_wait(&takeover->n_owned, round);
	if (takeover->mourner_pid)
		gate_wait(&takeover->n_watched, round);
	gate_count(&takeover->n_wanted);
	gate_wait(&takeover->n_waiting, round);
	(void)nanosleep(&pause, NULL);
	begin = now_ns();
	(void)kill(pid, SIGKILL);
	gate_wait(&takeover->n_had, round);
	if (takeover->mourner_pid)
		gate_wait(&takeover->n_noticed, round);
	worker_end(pid);
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

	if (!takeover->mourner_pid)
		takeover->mourner_pid = worker_start(takeover->core, mourn, takeover);
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
