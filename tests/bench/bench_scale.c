/*
 * scale: what grows with the number of objects and of clients, and what the broker costs at rest.
 *
 * Opens are compared between two brokers that run side by side, one with few objects and one with
 * many; which object is opened is chosen at random, so that the caches are as cold as many objects
 * make them. The same comparison is made with limit_echo, which has nothing but the descriptors:
 * what it loses, the kernel and the caches take.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "support/contenders.h"
#include "support/report.h"
#include "support/server.h"

#define FEW_OBJECTS     10u
#define IDLE_CLIENTS    10u
#define DESCRIPTORS_MAX 64u /* what a process has beside those for objects and clients */

#define OPEN_TARGET       1.2
#define CLIENTS_TARGET    1.3
#define OBJECT_BYTES_MAX  1024
#define REST_KIB_MAX      (5 * 1024)
#define READY_MS_MAX      10
#define IDLE_WAKE_UPS_MAX 0
#define STARTS            15

struct scale {
	struct bench bench;
	struct place place;
	struct report *report;
	unsigned many_objects;
	unsigned many_read_only; /* so many of them can be open read-only too */
	unsigned many_clients;
};

/* A broker with objects of one kind or of two, and two clients. */
struct stock {
	struct server broker;
	struct wire_client owner;
	struct shmb_connection *connection;
	unsigned n;
};

static void report_single(const struct scale *scale, const char *what, const char *unit,
			  double value, double target)
{
	struct series series = series_of(what, unit, &value, 1);

	report_value(scale->report, what, "", &series, target);
	series_fini(&series);
}

/* N objects, of which every fifth is a System V segment when MIXED: with 10,000 of them 2,000, of
 * the 4,096 that a machine has by default. */
static void stock_fill(struct stock *stock, unsigned first, unsigned n, bool mixed)
{
	for (unsigned i = first; i < n; i++)
		objects_create(&stock->owner, i,
			       mixed && i % 5 == 0 ? WIRE_BACKING_SYSV : WIRE_BACKING_MEMFD,
			       OBJECTS_SIZE);
	stock->n = n;
}

static void stock_init(struct stock *stock, const struct scale *scale)
{
	server_start_broker(&stock->broker, &scale->bench, scale->place.own);
	wire_connect(&stock->owner, stock->broker.socket);
	stock->connection = library_connect(stock->broker.socket);
}

static void stock_fini(struct stock *stock)
{
	shmb_disconnect(stock->connection);
	wire_disconnect(&stock->owner);
	server_end(&stock->broker);
}

static struct library_open_run opens_of(const struct stock *stock, unsigned n, bool reads_only)
{
	return (struct library_open_run){
		.connection = stock->connection,
		.picker = {.n = n},
		.reads_only = reads_only,
		.times_detach = true,
	};
}

static void compare_opens(const struct scale *scale, struct stock *few, struct stock *many,
			  const char *kind)
{
	struct library_open_run runs[] = {
		opens_of(few, few->n, false),
		opens_of(many, many->n, false),
		opens_of(many, few->n, false),
		opens_of(few, few->n, true),
		opens_of(many, scale->many_read_only, true),
	};
	struct contender contenders[ARRAY_SIZE(runs)];
	struct series seen[ARRAY_SIZE(runs)];
	char what[80];

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		contenders[i] = (struct contender){kind, library_open_run, &runs[i]};
	series_measure(&scale->bench.plan, NULL, contenders, ARRAY_SIZE(runs), seen);
	snprintf(what, sizeof(what), "open, detach, %s: %u objects, %u", kind, many->n, few->n);
	report_compare(scale->report, what, "one core", &seen[1], &seen[0], OPEN_TARGET);
	snprintf(what, sizeof(what), "same, read-only: %u, %u", scale->many_read_only, few->n);
	report_compare(scale->report, what, "one core", &seen[4], &seen[3], OPEN_TARGET);
	snprintf(what, sizeof(what), "same, always the same %u of %u", few->n, many->n);
	report_compare(scale->report, what, "one core", &seen[2], &seen[0], 0);
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		series_fini(&seen[i]);
}

/* What the kernel and the caches take from a server that has nothing but the descriptors. */
static void compare_limit(const struct scale *scale)
{
	const unsigned counts[2] = {FEW_OBJECTS, scale->many_objects};
	struct server servers[2];
	struct echo_client clients[2];
	struct echo_run runs[4];
	struct contender contenders[4];
	struct series seen[4];

	for (size_t i = 0; i < 2; i++) {
		server_start_limit(&servers[i], &scale->bench, scale->place.own, counts[i]);
		echo_connect(&clients[i], servers[i].socket);
	}
	for (size_t i = 0; i < 4; i++) {
		runs[i] = (struct echo_run){
			.client = &clients[i % 2],
			.request_size = 80,
			.answer_size = 70,
			.reopens = i >= 2,
			.picker = {.n = counts[i % 2]},
		};
		contenders[i] = (struct contender){"echo with descriptor", echo_run, &runs[i]};
	}
	series_measure(&scale->bench.plan, NULL, contenders, 4, seen);
	report_compare(scale->report, "limit: descriptor of many, of few", "one core", &seen[1],
		       &seen[0], 0);
	report_compare(scale->report, "limit: reopened descriptor of many, of few", "one core",
		       &seen[3], &seen[2], 0);
	for (size_t i = 0; i < 4; i++)
		series_fini(&seen[i]);
	for (size_t i = 0; i < 2; i++) {
		echo_disconnect(&clients[i]);
		server_end(&servers[i]);
	}
}

static double private_bytes(const struct server *server)
{
	return 1024.0 * (double)(server_proc_field(server, "smaps_rollup", "Private_Dirty:") +
				 server_proc_field(server, "smaps_rollup", "Private_Clean:"));
}

/* Fill the stock up and look how the broker grows: by the objects, then by a holder of each. */
static void fill_and_weigh(const struct scale *scale, struct stock *stock)
{
	struct wire_request open;
	double before, objects, holds;
	unsigned added;

	stock_fill(stock, 0, FEW_OBJECTS, false);
	before = private_bytes(&stock->broker);
	stock_fill(stock, FEW_OBJECTS, scale->many_objects, false);
	added = stock->n - FEW_OBJECTS;
	objects = private_bytes(&stock->broker);
	for (unsigned i = FEW_OBJECTS; i < stock->n; i++) {
		autofd fd = -1;

		objects_open_request(i, WIRE_ACCESS_BOTH, &open);
		(void)wire_call(&stock->owner, &open, NULL, &fd);
	}
	holds = private_bytes(&stock->broker);
	report_single(scale, "memory of the broker for one object", "B", (objects - before) / added,
		      OBJECT_BYTES_MAX);
	report_single(scale, "same, with one holder each", "B", (holds - before) / added,
		      OBJECT_BYTES_MAX);
}

static void measure_objects(const struct scale *scale)
{
	static struct stock weighed, few, many;

	stock_init(&weighed, scale);
	fill_and_weigh(scale, &weighed);
	stock_fini(&weighed);
	for (int mixed = 0; mixed < 2; mixed++) {
		stock_init(&few, scale);
		stock_init(&many, scale);
		stock_fill(&few, 0, FEW_OBJECTS, mixed);
		stock_fill(&many, 0, scale->many_objects, mixed);
		compare_opens(scale, &few, &many, mixed ? "memfd and sysv" : "memfd");
		stock_fini(&few);
		stock_fini(&many);
	}
	compare_limit(scale);
}

/* One active client beside N - 1 that are connected and silent. */
struct crowd {
	struct stock stock;
	struct wire_client *silent;
	unsigned n;
	struct library_ask_run active;
};

static void crowd_init(struct crowd *crowd, const struct scale *scale, unsigned n)
{
	stock_init(&crowd->stock, scale);
	stock_fill(&crowd->stock, 0, 1, false);
	crowd->n = n - 1;
	crowd->silent = calloc(n, sizeof(*crowd->silent));
	if (!crowd->silent)
		bench_fail("no memory for %u clients", n);
	for (unsigned i = 0; i < crowd->n; i++)
		wire_connect(&crowd->silent[i], crowd->stock.broker.socket);
	crowd->active = (struct library_ask_run){crowd->stock.connection, 0};
}

static void crowd_fini(struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->n; i++)
		wire_disconnect(&crowd->silent[i]);
	free(crowd->silent);
	stock_fini(&crowd->stock);
}

static void compare_crowds(const struct scale *scale, struct crowd *alone, struct crowd *crowded,
			   bool across)
{
	struct contender contenders[] = {
		{"one client", library_stat_run, &alone->active},
		{"many clients", library_stat_run, &crowded->active},
	};
	int core = across ? scale->place.other : scale->place.own;
	struct series seen[2];
	char what[80];

	place_pin(alone->stock.broker.pid, core);
	place_pin(crowded->stock.broker.pid, core);
	series_measure(&scale->bench.plan, across ? &scale->place : NULL, contenders, 2, seen);
	snprintf(what, sizeof(what), "STAT, library: %u clients, one", crowded->n + 1);
	report_compare(scale->report, what, across ? "two cores" : "one core", &seen[1], &seen[0],
		       CLIENTS_TARGET);
	series_fini(&seen[0]);
	series_fini(&seen[1]);
}

static void measure_clients(const struct scale *scale)
{
	static struct crowd alone, crowded;

	crowd_init(&alone, scale, 1);
	crowd_init(&crowded, scale, scale->many_clients);
	compare_crowds(scale, &alone, &crowded, false);
	if (place_has_two(&scale->place))
		compare_crowds(scale, &alone, &crowded, true);
	crowd_fini(&alone);
	crowd_fini(&crowded);
}

/* From exec to the answer to the first HELLO; the memory it has then. */
static void measure_start(const struct scale *scale)
{
	unsigned n = bench_count(&scale->bench, STARTS, 3);
	double ready_ms[STARTS], listens_ms[STARTS], rest_kib[STARTS], private_kib[STARTS];
	struct series series;

	for (unsigned i = 0; i < n; i++) {
		struct server broker;
		struct wire_client client;

		server_start_broker(&broker, &scale->bench, scale->place.other);
		wire_connect(&client, broker.socket);
		ready_ms[i] = (double)(now_ns() - broker.exec_ns) / 1e6;
		listens_ms[i] = (double)(broker.ready_ns - broker.exec_ns) / 1e6;
		wire_disconnect(&client);
		rest_kib[i] = (double)server_proc_field(&broker, "smaps_rollup", "Rss:");
		private_kib[i] = private_bytes(&broker) / 1024;
		server_end(&broker);
	}
	series = series_of("ready", "ms", ready_ms, n);
	report_value(scale->report, "from exec to the answer to HELLO", "", &series, READY_MS_MAX);
	series_fini(&series);
	series = series_of("listens", "ms", listens_ms, n);
	report_value(scale->report, "from exec to the first connection", "", &series, -1);
	series_fini(&series);
	series = series_of("resident", "KiB", rest_kib, n);
	report_value(scale->report, "resident memory at rest, with libraries", "", &series,
		     REST_KIB_MAX);
	series_fini(&series);
	series = series_of("private", "KiB", private_kib, n);
	report_value(scale->report, "private memory at rest", "", &series, -1);
	series_fini(&series);
}

static void sleep_for_s(unsigned s)
{
	struct timespec wait = {.tv_sec = s};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, &wait) == EINTR)
		;
}

/* How often the broker wakes up while nobody wants anything of it. That comes after its patience,
 * since once it looks whether what it sent has been read. */
static void measure_idleness(const struct scale *scale)
{
	struct shmb_connection *idle[IDLE_CLIENTS];
	static struct stock stock;
	long before, after;

	stock_init(&stock, scale);
	stock_fill(&stock, 0, FEW_OBJECTS, false);
	for (unsigned i = 0; i < IDLE_CLIENTS; i++)
		idle[i] = library_connect(stock.broker.socket);
	server_settle(&stock.broker);
	sleep_for_s(bench_count(&scale->bench, 12, 0));
	before = server_proc_field(&stock.broker, "status", "voluntary_ctxt_switches:");
	sleep_for_s(bench_count(&scale->bench, 10, 1));
	after = server_proc_field(&stock.broker, "status", "voluntary_ctxt_switches:");
	report_single(scale, "wake-ups in 10 s with 10 idle clients", "times",
		      (double)(after - before), IDLE_WAKE_UPS_MAX);
	for (unsigned i = 0; i < IDLE_CLIENTS; i++)
		shmb_disconnect(idle[i]);
	stock_fini(&stock);
}

/* A broker has one descriptor for each memfd, and another for each that is open read-only. */
static void fit_file_limit(struct scale *scale)
{
	unsigned n = scale->many_objects;
	unsigned long allowed = bench_need_files(n + scale->many_clients + DESCRIPTORS_MAX);

	scale->many_read_only = n;
	if (allowed < 2ul * n + DESCRIPTORS_MAX)
		scale->many_read_only = (unsigned)allowed - n - DESCRIPTORS_MAX;
}

int main(int argc, char **argv)
{
	static struct scale scale;

	bench_init(&scale.bench, "scale", argc, argv);
	scale.many_objects = bench_count(&scale.bench, 10000, 50);
	scale.many_clients = bench_count(&scale.bench, 1000, 20);
	fit_file_limit(&scale);
	scale.place = place_init();
	scale.report = report_new(&scale.bench, &scale.place,
				  "what grows with objects and clients, and what rest costs");
	measure_start(&scale);
	measure_idleness(&scale);
	measure_objects(&scale);
	measure_clients(&scale);
	return report_end(scale.report);
}
