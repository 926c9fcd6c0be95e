/*
 * The producer sleeps between the runs, so that it disturbs nobody else's, and is awake when the
 * time of a run begins.
 */
#include "stream/race.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "support/worker.h"

#define RUN_NS      UINT64_C(2000000) /* what a run takes at least */
#define RECORDS_MAX (UINT64_C(1) << 22)

struct race_control {
	_Alignas(128) _Atomic uint32_t orders; /* runs that were asked for, */
	_Alignas(128) _Atomic uint32_t go;     /* whose time has begun, */
	_Alignas(128) _Atomic uint32_t awake;  /* for which the producer is there, */
	_Atomic uint32_t done;                 /* and that it has sent */
	_Atomic uint32_t is_open;
	uint64_t records;
};

void *transport_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		bench_fail("no memory: %s", strerror(errno));
	memset(memory, 0, size);
	return memory;
}

static void await(const _Atomic uint32_t *word, uint32_t value)
{
	while (atomic_load_explicit(word, memory_order_acquire) != value)
		;
}

static void *open_side(const struct race *race, bool sends)
{
	return race->transport->open ? race->transport->open(race->prepared, sends)
				     : race->prepared;
}

static void be_producer(void *data)
{
	struct race *race = data;
	struct race_control *control = race->control;

	cargo_init(&race->cargo);
	race->opened = open_side(race, true);
	gate_count(&control->is_open);
	for (uint32_t run = 1;; run++) {
		gate_wait(&control->orders, run - 1);
		atomic_store_explicit(&control->awake, run, memory_order_release);
		await(&control->go, run);
		race->transport->send(race->opened, &race->cargo, control->records);
		atomic_store_explicit(&control->done, run, memory_order_release);
	}
}

/* Until all of it has come. */
static uint64_t run_once(struct race *race)
{
	struct race_control *control = race->control;
	uint32_t run = atomic_load(&control->orders) + 1;
	uint64_t start;

	control->records = race->records;
	gate_count(&control->orders);
	await(&control->awake, run);
	start = now_ns();
	atomic_store_explicit(&control->go, run, memory_order_release);
	race->transport->take(race->opened, &race->cargo, race->records);
	start = now_ns() - start;
	await(&control->done, run);
	return start;
}

void race_start(struct race *race, const struct transport *transport, const struct cargo *cargo,
		bool producer_is_slow, uint64_t slow, int core, const struct server *broker)
{
	*race = (struct race){.transport = transport,
			      .cargo = {.size = cargo->size, .batch = cargo->batch},
			      .control = transport_share(sizeof(*race->control)),
			      .records = CARGO_BATCH};
	race->prepared = transport->prepare(cargo, broker);
	race->opened = open_side(race, false);
	race->cargo.work = producer_is_slow ? slow : 0;
	race->producer = worker_start(core, be_producer, race);
	race->cargo.work = producer_is_slow ? 0 : slow;
	cargo_init(&race->cargo);
	gate_wait(&race->control->is_open, 0);
	while (run_once(race) < RUN_NS && race->records < RECORDS_MAX)
		race->records *= 2;
}

void race_end(struct race *race)
{
	worker_end(race->producer);
	if (race->transport->close)
		race->transport->close(race->opened);
	if (race->transport->dispose)
		race->transport->dispose(race->prepared);
	cargo_fini(&race->cargo);
	(void)munmap(race->control, sizeof(*race->control));
}

uint64_t race_run(void *data, unsigned operations)
{
	struct race *race = data;

	return run_once(race) * operations / race->records;
}
