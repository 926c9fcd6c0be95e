/*
 * Trips are timed by a look at the clock at their end, which is the beginning of the next: what a
 * look costs is taken off. For the p99 that is each trip. For the p50 it is some at a time, since
 * clocks are seen to move in steps of 10 ns. Both sleep between the runs.
 */
#include "stream/trip.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "support/worker.h"

#define TRIPS_WARM 16u /* of each run, which are not looked at */
#define TRIPS_MEAN 8u
#define RUN_NS     4e6

struct trip_control {
	_Alignas(128) _Atomic uint32_t orders; /* runs that were asked for, */
	_Alignas(128) _Atomic uint32_t over;   /* and that are over */
	_Atomic uint32_t open;
	unsigned trips;
	unsigned at_a_time; /* of one look at the clock */
	double p50_ns, p99_ns;
};

/* The two ends of one process. */
struct ends {
	void *out, *in;
	struct cargo sent, taken;
};

static void open_ends(const struct trip *trip, struct ends *ends, bool asks)
{
	const struct transport *transport = trip->transport;

	ends->out = trip->prepared[!asks];
	ends->in = trip->prepared[asks];
	ends->sent = ends->taken = trip->cargo;
	cargo_init(&ends->sent, true, 0);
	cargo_init(&ends->taken, false, 0);
	if (!transport->open)
		return;
	ends->out = transport->open(ends->out, true, 0);
	ends->in = transport->open(ends->in, false, 0);
}

static void answer(void *data)
{
	const struct trip *trip = data;
	struct ends ends;

	open_ends(trip, &ends, false);
	gate_count(&trip->control->open);
	for (uint32_t run = 0;; run++) {
		gate_wait(&trip->control->orders, run);
		for (unsigned i = 0; i < TRIPS_WARM + trip->control->trips; i++) {
			trip->transport->take(ends.in, &ends.taken, 1);
			trip->transport->send(ends.out, &ends.sent, 1);
		}
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The median of so many. */
static uint32_t look_ns(uint32_t *spent, unsigned n)
{
	uint64_t before = now_ns();

	for (unsigned i = 0; i < n; i++) {
		uint64_t now = now_ns();

		spent[i] = (uint32_t)(now - before);
		before = now;
	}
	qsort(spent, n, sizeof(*spent), compare);
	return spent[n / 2];
}

static void go_there_and_back(const struct trip *trip, struct ends *ends)
{
	trip->transport->send(ends->out, &ends->sent, 1);
	trip->transport->take(ends->in, &ends->taken, 1);
}

/* SPENT has room for all trips; LOOK is what a look at the clock costs. */
static void time_trips(const struct trip *trip, struct ends *ends, uint32_t *spent, uint32_t look)
{
	struct trip_control *control = trip->control;
	unsigned n = control->trips / control->at_a_time;
	uint64_t before;

	for (unsigned i = 0; i < TRIPS_WARM; i++)
		go_there_and_back(trip, ends);
	before = now_ns();
	for (unsigned i = 0; i < n; i++) {
		uint64_t now;

		for (unsigned j = 0; j < control->at_a_time; j++)
			go_there_and_back(trip, ends);
		now = now_ns();
		spent[i] = (uint32_t)(now - before);
		spent[i] -= spent[i] > look ? look : 0;
		before = now;
	}
	qsort(spent, n, sizeof(*spent), compare);
	control->p50_ns = (double)spent[n / 2] / control->at_a_time;
	control->p99_ns = (double)spent[n * 99 / 100] / control->at_a_time;
}

static void ask(void *data)
{
	static uint32_t spent[TRIPS_MOST];
	const struct trip *trip = data;
	uint32_t look = look_ns(spent, TRIPS_MOST);
	struct ends ends;

	open_ends(trip, &ends, true);
	gate_count(&trip->control->open);
	for (uint32_t run = 0;; run++) {
		gate_wait(&trip->control->orders, run);
		time_trips(trip, &ends, spent, look);
		gate_count(&trip->control->over);
	}
}

static void run_once(struct trip *trip, unsigned at_a_time)
{
	struct trip_control *control = trip->control;
	uint32_t over = atomic_load(&control->over);

	control->at_a_time = at_a_time;
	gate_count(&control->orders);
	workers_wait(trip->members, 2, &control->over, over);
}

bool trip_start(struct trip *trip, const struct transport *transport, const struct cargo *cargo,
		int own, int other, const struct server *broker, unsigned trips)
{
	uint32_t n;

	*trip = (struct trip){.transport = transport, .cargo = *cargo};
	trip->cargo.producers = trip->cargo.consumers = 1;
	trip->cargo.daemon_core = other;
	for (unsigned i = 0; i < 2; i++) {
		trip->prepared[i] = transport->prepare(&trip->cargo, broker);
		if (!trip->prepared[i])
			return false;
	}
	trip->control = transport_share(sizeof(*trip->control));
	trip->control->trips = trips / 10;
	trip->members[0] = worker_start(own, ask, trip);
	trip->members[1] = worker_start(other, answer, trip);
	while ((n = atomic_load(&trip->control->open)) < 2)
		workers_wait(trip->members, 2, &trip->control->open, n);
	run_once(trip, 1);
	if (trip->control->p50_ns < RUN_NS / trips)
		trip->control->trips = trips;
	else if (trip->control->p50_ns < RUN_NS / (trips / 10))
		trip->control->trips = (unsigned)(RUN_NS / trip->control->p50_ns);
	return true;
}

void trip_end(struct trip *trip)
{
	for (unsigned i = 0; i < 2; i++)
		worker_end(trip->members[i]);
	for (unsigned i = 0; i < 2; i++)
		if (trip->transport->dispose)
			trip->transport->dispose(trip->prepared[i]);
	transport_unshare(trip->control, sizeof(*trip->control));
}

uint64_t trip_p50(void *data, unsigned operations)
{
	struct trip *trip = data;

	run_once(trip, TRIPS_MEAN);
	return (uint64_t)(trip->control->p50_ns * operations);
}

uint64_t trip_p99(void *data, unsigned operations)
{
	struct trip *trip = data;

	run_once(trip, 1);
	return (uint64_t)(trip->control->p99_ns * operations);
}
