/*
 * Workers sleep between the runs, so that they disturb nobody else's. Those of a run wait for each
 * other, and its time is from the first one's beginning to the last one's end.
 */
#include "cache/crew.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "support/worker.h"

#define STEPS_LEAST TRAFFIC_CROWD
#define STEPS_MOST  (UINT64_C(1) << 24)
#define TRIES       3u
#define MISSES_FEW  64u   /* and one of so many steps may miss, */
#define MISSES_MOST 1000u /* since a bucket of an index may be full */

/* Shared by all. */
struct crew_control {
	struct {
		_Alignas(128) _Atomic uint32_t orders; /* runs that it was asked for */
		uint64_t began_ns, ended_ns, misses;
	} workers[CREW_MOST];
	_Alignas(128) _Atomic uint32_t ready; /* those of this run who have come */
	_Alignas(128) _Atomic uint32_t done;  /* who have done their part, in all runs */
	design_run_fn *run;
	uint64_t steps;
	unsigned sets, n;
};

struct membership {
	struct crew *crew;
	unsigned which;
};

void *design_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		bench_fail("no memory: %s", strerror(errno));
	(void)madvise(memory, size, MADV_HUGEPAGE);
	memset(memory, 0, size);
	return memory;
}

void design_unshare(void *memory, size_t size)
{
	(void)munmap(memory, size);
}

static void do_part(struct crew *crew, unsigned which, void *opened)
{
	struct crew_control *control = crew->control;
	uint64_t began;

	crew->traffic.sets = control->sets;
	crew->traffic.misses = 0;
	atomic_fetch_add(&control->ready, 1);
	while (atomic_load_explicit(&control->ready, memory_order_acquire) < control->n)
		;
	began = now_ns();
	control->run(opened, &crew->traffic, control->steps);
	control->workers[which].ended_ns = now_ns();
	control->workers[which].began_ns = began;
	control->workers[which].misses = crew->traffic.misses;
}

static void be_worker(void *data)
{
	const struct membership *membership = data;
	struct crew *crew = membership->crew;
	struct crew_control *control = crew->control;
	void *opened = crew->prepared;

	traffic_open(&crew->traffic, membership->which);
	if (crew->design->open)
		opened = crew->design->open(crew->prepared, &crew->traffic);
	if (membership->which == 0)
		crew->design->load(opened, &crew->traffic);
	if (crew->design->touch)
		crew->design->touch(opened, &crew->traffic);
	gate_count(&control->done);
	for (uint32_t run = 1;; run++) {
		gate_wait(&control->workers[membership->which].orders, run - 1);
		do_part(crew, membership->which, opened);
		gate_count(&control->done);
	}
}

static void await_done(const struct crew *crew, uint32_t wanted)
{
	uint32_t n;

	while ((n = atomic_load(&crew->control->done)) != wanted)
		workers_wait(crew->workers, crew->n_workers, &crew->control->done, n);
}

/* The second worker comes when all keys are there: it touches the memory that the first one has. */
void crew_start(struct crew *crew, const struct design *design, const struct traffic *traffic,
		const struct place *place, const struct server *broker, uint64_t run_ns)
{
	*crew = (struct crew){.design = design,
			      .traffic = *traffic,
			      .place = place,
			      .run_ns = run_ns};
	crew->prepared = design->prepare(traffic, broker, place->own);
	crew->control = design_share(sizeof(*crew->control));
	for (unsigned i = 0; i < (place_has_two(place) ? CREW_MOST : 1); i++) {
		struct membership membership = {crew, i};

		crew->workers[i] =
			worker_start(i == 0 ? place->own : place->other, be_worker, &membership);
		crew->n_workers++;
		await_done(crew, crew->n_workers);
	}
}

void crew_end(struct crew *crew)
{
	for (unsigned i = 0; i < crew->n_workers; i++)
		worker_end(crew->workers[i]);
	if (crew->design->dispose)
		crew->design->dispose(crew->prepared);
	design_unshare(crew->control, sizeof(*crew->control));
}

/* How long it took. */
static uint64_t run_once(const struct task *task)
{
	struct crew_control *control = task->crew->control;
	uint32_t done = atomic_load(&control->done);
	uint64_t began = UINT64_MAX, ended = 0, misses = 0;

	control->run = task->run;
	control->steps = task->steps;
	control->sets = task->sets;
	control->n = task->n;
	atomic_store(&control->ready, 0);
	for (unsigned i = 0; i < task->n; i++)
		gate_count(&control->workers[task->first + i].orders);
	await_done(task->crew, done + task->n);
	for (unsigned i = 0; i < task->n; i++) {
		uint64_t began_ns = control->workers[task->first + i].began_ns;
		uint64_t ended_ns = control->workers[task->first + i].ended_ns;

		began = began_ns < began ? began_ns : began;
		ended = ended_ns > ended ? ended_ns : ended;
		misses += control->workers[task->first + i].misses;
	}
	if (misses > MISSES_FEW + task->steps * task->n / MISSES_MOST)
		bench_fail("%s does not have %" PRIu64 " of %" PRIu64 " keys that were set",
			   task->crew->design->name, misses, task->steps * task->n);
	return ended - began;
}

void task_prepare(struct task *task)
{
	uint64_t fastest;

	task->steps = STEPS_LEAST;
	do {
		task->steps *= 2;
		fastest = UINT64_MAX;
		for (unsigned i = 0; i < TRIES && fastest >= task->crew->run_ns; i++) {
			uint64_t spent = run_once(task);

			fastest = spent < fastest ? spent : fastest;
		}
	} while (fastest < task->crew->run_ns && task->steps < STEPS_MOST);
}

uint64_t task_run(void *data, unsigned operations)
{
	const struct task *task = data;

	return run_once(task) * operations / (task->steps * task->n);
}
