/*
 * restart: what it costs that objects outlive the broker. How much dearer a creation is, beside a
 * broker that keeps nothing; and how long a broker that was killed needs until it serves again with
 * thousands of objects, beside one that has none.
 *
 * A service manager in little takes in what is stored; what that costs it is said too. What it
 * costs a real one is measured in tests/systemd.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "support/contenders.h"
#include "support/custody.h"
#include "support/objects.h"
#include "support/report.h"
#include "support/server.h"
#include "support/wire.h"

#define CREATION_TARGET 1.5
#define RESTORE_TARGET  1000 /* milliseconds */
#define OBJECTS_FULL    4000 /* half of them System V, of which a machine has 4096 */
#define OBJECTS_QUICK   40
#define BUSY_MS         20000 /* for a manager that is too busy to take a descriptor */
#define QUEUE_MAX       8     /* net.unix.max_dgram_qlen is 10, where nobody has raised it */

static const char *const store_options[] = {"--store-max", "7000", NULL};

/* OPEN that creates and READY. What was made is given up outside of what is timed. */
struct create_run {
	struct wire_client client;
	struct custody *custody; /* NULL: of one that keeps nothing */
	struct wire_open_request open;
	unsigned number;
};

static void create_run_init(struct create_run *run, const struct server *broker,
			    struct custody *custody, enum wire_backing backing)
{
	wire_connect(&run->client, broker->socket);
	run->custody = custody;
	run->open = (struct wire_open_request){.flags = WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE,
					       .kind = WIRE_KIND_SEGMENT,
					       .access = WIRE_ACCESS_BOTH,
					       .backing = (uint8_t)backing,
					       .lifetime = WIRE_LIFETIME_USED,
					       .mode = 0600,
					       .wait_ms = BUSY_MS,
					       .size = OBJECTS_SIZE};
}

static uint64_t create_one(struct create_run *run)
{
	struct wire_open_reply opened;
	struct wire_ready_request ready;
	autofd fd = -1;

	objects_name(run->number++, run->open.name);
	if (wire_ask(&run->client, WIRE_OPEN, &run->open, &opened, &fd) != WIRE_OUTCOME_INITIALISE)
		bench_fail("what was to be created was there");
	ready = (struct wire_ready_request){.hold = opened.hold, .generation = opened.generation};
	(void)wire_ask(&run->client, WIRE_READY, &ready, NULL, NULL);
	return opened.hold;
}

/* A few, as many as a manager's socket takes: what it does with them is not what the client waits
 * for, unless they share a core. */
static uint64_t create_some(struct create_run *run, unsigned n)
{
	uint64_t holds[QUEUE_MAX], start, end;

	if (run->custody)
		custody_let_lie(run->custody, true);
	start = now_ns();
	for (unsigned i = 0; i < n; i++)
		holds[i] = create_one(run);
	end = now_ns();
	if (run->custody) {
		custody_let_lie(run->custody, false);
		custody_await(run->custody, run->open.backing == WIRE_BACKING_MEMFD ? n : 0);
	}
	for (unsigned i = 0; i < n; i++)
		objects_release(&run->client, holds[i]);
	if (run->custody)
		custody_await(run->custody, 0);
	return end - start;
}

static uint64_t create_run(void *data, unsigned operations)
{
	struct create_run *run = data;
	uint64_t spent = 0;
	unsigned n;

	for (; operations > 0; operations -= n) {
		n = operations < QUEUE_MAX ? operations : QUEUE_MAX;
		spent += create_some(run, n);
	}
	return spent;
}

static void compare_creation(const struct bench *bench, struct report *report,
			     const struct server *brokers, struct custody *custody,
			     enum wire_backing backing)
{
	struct create_run runs[2] = {{.number = 0}};
	const struct contender contenders[] = {
		{"kept by nobody", create_run, &runs[0]},
		{"with a file, and stored", create_run, &runs[1]},
	};
	struct series seen[2];
	char what[64];

	create_run_init(&runs[0], &brokers[0], NULL, backing);
	create_run_init(&runs[1], &brokers[1], custody, backing);
	series_measure(&bench->plan, NULL, contenders, 2, seen);
	snprintf(what, sizeof(what), "OPEN that creates, and READY: %s",
		 wire_backing_text(backing));
	report_compare(report, what, "broker on a core of its own", &seen[1], &seen[0],
		       CREATION_TARGET);
	for (size_t i = 0; i < 2; i++) {
		series_fini(&seen[i]);
		wire_disconnect(&runs[i].client);
	}
}

static void measure_creation(const struct bench *bench, struct report *report, int core)
{
	static struct server brokers[2];
	struct custody *custody;

	server_prepare(&brokers[0]);
	server_prepare(&brokers[1]);
	custody = custody_new(brokers[1].directory);
	if (setenv("SHMBROKERD_KEEPS_NOTHING", "1", 1) < 0)
		bench_fail("no memory");
	server_start_prepared(&brokers[0], bench, core, NULL, NULL, NULL);
	(void)unsetenv("SHMBROKERD_KEEPS_NOTHING");
	server_start_prepared(&brokers[1], bench, core, store_options, custody_equip, custody);
	compare_creation(bench, report, brokers, custody, WIRE_BACKING_SYSV);
	compare_creation(bench, report, brokers, custody, WIRE_BACKING_MEMFD);
	server_end(&brokers[0]);
	custody_free(custody);
	server_end(&brokers[1]);
}

/* Half of each backing, that stay; and what storing them cost the manager, in microseconds each. */
static double fill(const struct server *broker, struct custody *custody, unsigned n)
{
	struct create_run runs[2] = {{.number = 0}};
	uint64_t before = custody_cpu_ns(custody);

	create_run_init(&runs[0], broker, custody, WIRE_BACKING_SYSV);
	create_run_init(&runs[1], broker, custody, WIRE_BACKING_MEMFD);
	runs[1].number = n;
	for (unsigned i = 0; i < n; i++) {
		runs[i % 2].open.lifetime = WIRE_LIFETIME_KEEP;
		(void)create_one(&runs[i % 2]);
	}
	wire_disconnect(&runs[0].client);
	wire_disconnect(&runs[1].client);
	custody_await(custody, n / 2);
	return (double)(custody_cpu_ns(custody) - before) / 1000 / (n / 2);
}

static void clear(const struct server *broker, unsigned n)
{
	struct wire_client client;
	struct wire_remove_request removal;

	wire_connect(&client, broker->socket);
	for (unsigned i = 0; i < n / 2; i++)
		for (unsigned k = 0; k < 2; k++) {
			objects_name(i + k * n, removal.name);
			(void)wire_ask(&client, WIRE_REMOVE, &removal, NULL, NULL);
		}
	wire_disconnect(&client);
}

/* Kill it, and start it again as often as there are rounds. In milliseconds until it serves. */
static void restore(struct server *broker, const struct bench *bench, int core,
		    struct custody *custody, double *took)
{
	for (unsigned i = 0; i < bench->plan.rounds; i++) {
		struct wire_client client;

		server_kill(broker);
		server_start_prepared(broker, bench, core, store_options, custody_equip, custody);
		wire_connect(&client, broker->socket);
		took[i] = (double)(now_ns() - broker->exec_ns) / 1e6;
		wire_disconnect(&client);
	}
}

static void measure_restore(const struct bench *bench, struct report *report, int core)
{
	static double full[SERIES_ROUNDS_MAX], empty[SERIES_ROUNDS_MAX];
	unsigned n = bench_count(bench, OBJECTS_FULL, OBJECTS_QUICK);
	static struct server broker;
	struct custody *custody;
	struct series ours;
	double cpu_us;

	server_prepare(&broker);
	custody = custody_new(broker.directory);
	server_start_prepared(&broker, bench, core, store_options, custody_equip, custody);
	restore(&broker, bench, core, custody, empty);
	cpu_us = fill(&broker, custody, n);
	restore(&broker, bench, core, custody, full);
	clear(&broker, n);
	ours = series_of("with objects", "ms", full, bench->plan.rounds);
	report_value(report, "from exec to the first answer, with all objects", "one core", &ours,
		     RESTORE_TARGET);
	series_fini(&ours);
	ours = series_of("without objects", "ms", empty, bench->plan.rounds);
	report_value(report, "from exec to the first answer, without objects", "one core", &ours,
		     -1);
	series_fini(&ours);
	report_note(report,
		    "%u objects, half of them memfds; a manager in little spent %.1f us on "
		    "each descriptor",
		    n, cpu_us);
	custody_await(custody, 0);
	custody_free(custody);
	server_end(&broker);
}

int main(int argc, char **argv)
{
	struct report *report;
	struct bench bench;
	struct place place;

	bench_init(&bench, "restart", argc, argv);
	place = place_init();
	report = report_new(&bench, &place, "what it costs to outlive the broker");
	measure_creation(&bench, report, place.other);
	measure_restore(&bench, report, place.other);
	return report_end(report);
}
