/*
 * Both begin when both are awake, and look every few sections whether it is over. What is guarded
 * is counted up in each section, and has to be the sum of their own counts afterwards.
 */
#include "support/contention.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "support/worker.h"

#define SECTIONS 64 /* between two looks */

struct contestant {
	alignas(64) uint64_t begin_ns;
	uint64_t n_sections;
	uint64_t n_ever;
	struct contention *contention;
};

/* In memory that the three processes share. */
struct contention {
	struct locker_place place;
	alignas(64) _Atomic uint32_t round;
	_Atomic uint32_t n_there;
	alignas(64) _Atomic bool is_over;
	alignas(64) _Atomic uint32_t n_done;
	struct contestant contestants[2];
	const struct locker *locker;
	const struct server *broker;
	pid_t pids[2];
	unsigned ms;
};

static void contest_once(struct contention *contention, struct contestant *self)
{
	uint64_t n = 0;

	gate_count(&contention->n_there);
	while (atomic_load(&contention->n_there) < 2)
		(void)sched_yield();
	self->begin_ns = now_ns();
	do {
		contention->locker->run(&contention->place, SECTIONS);
		n += SECTIONS;
	} while (!atomic_load_explicit(&contention->is_over, memory_order_relaxed));
	self->n_sections = n;
	self->n_ever += n;
}

static void contest(void *data)
{
	struct contestant *self = data;
	struct contention *contention = self->contention;

	lockers_be_member(contention->broker);
	for (uint32_t round = 0;; round++) {
		gate_wait(&contention->round, round);
		contest_once(contention, self);
		gate_count(&contention->n_done);
	}
}

struct contention *contention_new(const struct locker *locker, const struct server *broker,
				  const int cores[2], unsigned ms)
{
	struct contention *contention = mmap(NULL, sizeof(*contention), PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (contention == MAP_FAILED)
		bench_fail("no memory to contend for: %s", strerror(errno));
	contention->locker = locker;
	contention->broker = broker;
	contention->ms = ms;
	locker->init(contention->place.lock);
	for (unsigned i = 0; i < 2; i++) {
		contention->contestants[i].contention = contention;
		contention->pids[i] = worker_start(cores[i], contest, &contention->contestants[i]);
	}
	return contention;
}

void contention_free(struct contention *contention)
{
	for (unsigned i = 0; i < 2; i++)
		worker_end(contention->pids[i]);
	(void)munmap(contention, sizeof(*contention));
}

static void await_both(_Atomic uint32_t *count)
{
	for (uint32_t seen = 0; seen < 2; seen = atomic_load(count))
		gate_wait(count, seen);
}

/* Returns when it was over. */
static uint64_t let_contend(struct contention *contention)
{
	const struct timespec pause = {.tv_nsec = (long)contention->ms * 1000000};
	uint64_t end;

	contention->place.counter = 0;
	atomic_store(&contention->n_there, 0);
	atomic_store(&contention->n_done, 0);
	atomic_store(&contention->is_over, false);
	gate_count(&contention->round);
	await_both(&contention->n_there);
	(void)nanosleep(&pause, NULL);
	end = now_ns();
	atomic_store(&contention->is_over, true);
	await_both(&contention->n_done);
	return end;
}

uint64_t contention_run(void *data, unsigned operations)
{
	struct contention *contention = data;
	const struct contestant *one = &contention->contestants[0];
	const struct contestant *two = &contention->contestants[1];
	uint64_t end = let_contend(contention);
	uint64_t begin, n;

	n = one->n_sections + two->n_sections;
	if (n == 0 || contention->place.counter != n)
		bench_fail("%s does not exclude: %llu sections were counted, and %llu done",
			   contention->locker->name, (unsigned long long)contention->place.counter,
			   (unsigned long long)n);
	begin = one->begin_ns < two->begin_ns ? one->begin_ns : two->begin_ns;
	return (uint64_t)((double)(end - begin) / (double)n * operations);
}

double contention_lesser_share(const struct contention *contention)
{
	uint64_t one = contention->contestants[0].n_ever, two = contention->contestants[1].n_ever;

	return (double)(one < two ? one : two) / (double)(one + two);
}
