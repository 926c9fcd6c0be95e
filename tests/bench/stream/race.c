/*
 * All sleep between the runs, so that they disturb nobody else's, and are awake when the time of a
 * run begins. The first consumer has the clock.
 */
#include "stream/race.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "support/worker.h"

#define TRIES       5u
#define RECORDS_MAX (UINT64_C(1) << 22)

struct race_control {
	_Alignas(128) _Atomic uint32_t orders; /* runs that were asked for, */
	_Alignas(128) _Atomic uint32_t go;     /* whose time has begun, */
	_Alignas(128) _Atomic uint32_t awake;  /* those who are there for it, in all runs, */
	_Alignas(128) _Atomic uint32_t taken;  /* consumers that have all, and */
	_Alignas(128) _Atomic uint32_t done;   /* who of them has done his part, */
	_Alignas(128) _Atomic uint32_t over;   /* and runs that are over */
	_Atomic uint32_t open;                 /* members */
	uint64_t records;
	uint64_t spent_ns;
};

struct member {
	struct race *race;
	bool sends;
	unsigned which;
};

void *transport_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		bench_fail("no memory: %s", strerror(errno));
	memset(memory, 0, size);
	return memory;
}

void transport_unshare(void *memory, size_t size)
{
	(void)munmap(memory, size);
}

/* All but the first consumer. */
static uint32_t followers(const struct race *race)
{
	return race->cargo.producers + race->cargo.consumers - 1;
}

static void await(const struct race *race, const _Atomic uint32_t *word, uint32_t value)
{
	while (atomic_load_explicit(word, memory_order_acquire) != value)
		cargo_idle(&race->cargo, false);
}

static void count(_Atomic uint32_t *word)
{
	atomic_fetch_add_explicit(word, 1, memory_order_acq_rel);
}

static void move(const struct member *member, void *opened)
{
	struct race *race = member->race;
	uint64_t n = race->control->records;

	if (member->sends)
		race->transport->send(opened, &race->cargo, n / race->cargo.producers);
	else
		race->transport->take(opened, &race->cargo, n);
}

/* RUN counts from 1, as those who wait for it have it. */
static void lead(const struct member *member, void *opened, uint32_t run)
{
	struct race *race = member->race;
	struct race_control *control = race->control;
	uint64_t start;

	await(race, &control->awake, run * followers(race));
	start = now_ns();
	atomic_store_explicit(&control->go, run, memory_order_release);
	move(member, opened);
	await(race, &control->taken, run * (race->cargo.consumers - 1));
	control->spent_ns = now_ns() - start;
	await(race, &control->done, run * followers(race));
	gate_count(&control->over);
}

static void follow(const struct member *member, void *opened, uint32_t run)
{
	struct race *race = member->race;
	struct race_control *control = race->control;

	count(&control->awake);
	await(race, &control->go, run);
	move(member, opened);
	if (!member->sends)
		count(&control->taken);
	count(&control->done);
}

static void be_member(void *data)
{
	const struct member *member = data;
	struct race *race = member->race;
	struct race_control *control = race->control;
	void *opened = race->prepared;

	cargo_init(&race->cargo, member->sends, member->which);
	/* Who has a core for himself has nobody to let go first. */
	if (race->cargo.wait == CARGO_YIELD &&
	    (member->sends ? race->cargo.producers : race->cargo.consumers) == 1)
		race->cargo.wait = CARGO_SPIN;
	if (race->transport->open)
		opened = race->transport->open(race->prepared, member->sends, member->which);
	gate_count(&control->open);
	for (uint32_t run = 1;; run++) {
		gate_wait(&control->orders, run - 1);
		if (!member->sends && member->which == 0)
			lead(member, opened, run);
		else
			follow(member, opened, run);
	}
}

static void start_members(struct race *race, bool sends, unsigned n, int core)
{
	for (unsigned i = 0; i < n; i++) {
		struct member member = {race, sends, i};

		race->members[race->n_members++] = worker_start(core, be_member, &member);
	}
}

static uint64_t run_once(struct race *race)
{
	struct race_control *control = race->control;
	uint32_t over = atomic_load(&control->over);

	control->records = race->records;
	gate_count(&control->orders);
	workers_wait(race->members, race->n_members, &control->over, over);
	return control->spent_ns;
}

/* The fastest of some: a slow one, as the first, or one that was interrupted, says little about how
 * many records it takes. */
static uint64_t run_fast(struct race *race, uint64_t run_ns)
{
	uint64_t fastest = run_once(race);

	for (unsigned i = 1; i < TRIES && fastest >= run_ns; i++) {
		uint64_t spent = run_once(race);

		fastest = spent < fastest ? spent : fastest;
	}
	return fastest;
}

static void await_open(const struct race *race)
{
	uint32_t n;

	while ((n = atomic_load(&race->control->open)) < race->n_members)
		workers_wait(race->members, race->n_members, &race->control->open, n);
}

bool race_start(struct race *race, const struct transport *transport, const struct cargo *cargo,
		const struct place *place, const struct server *broker, uint64_t run_ns)
{
	*race = (struct race){.transport = transport, .cargo = *cargo};
	race->cargo.producers += cargo->producers == 0;
	race->cargo.consumers += cargo->consumers == 0;
	race->cargo.daemon_core = place->other;
	race->prepared = transport->prepare(&race->cargo, broker);
	if (!race->prepared)
		return false;
	race->control = transport_share(sizeof(*race->control));
	if (race->cargo.producers + race->cargo.consumers > RACE_MEMBERS)
		bench_fail("there is no room for so many processes");
	start_members(race, false, race->cargo.consumers, place->own);
	start_members(race, true, race->cargo.producers, place->other);
	await_open(race);
	race->records = (uint64_t)CARGO_BATCH * race->cargo.producers;
	while (run_fast(race, run_ns) < run_ns && race->records < RECORDS_MAX)
		race->records *= 2;
	return true;
}

void race_end(struct race *race)
{
	for (unsigned i = 0; i < race->n_members; i++)
		worker_end(race->members[i]);
	if (race->transport->dispose)
		race->transport->dispose(race->prepared);
	transport_unshare(race->control, sizeof(*race->control));
}

uint64_t race_run(void *data, unsigned operations)
{
	struct race *race = data;

	return run_once(race) * operations / race->records;
}
