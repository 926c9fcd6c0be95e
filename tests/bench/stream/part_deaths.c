/*
 * What a death costs the others: how long a producer that waits for a consumer goes on waiting when
 * that is killed, and a consumer of a queue for the record that it had. The longest of some deaths
 * in each round.
 */
#include <shmbroker/shmbroker.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "stream/scene.h"

#define DEATHS       20
#define QUICK_DEATHS 2
#define TARGET_US    10000
#define ASLEEP_NS    20000000 /* by when the other one sleeps */
#define PATIENCE_MS  20000

/* One way to be held up, and what is shared with who dies. */
struct wake {
	const struct scene *scene;
	bool is_queue;
	char name[32];
	_Atomic uint64_t *died; /* when */
	struct shmb_connection *connection;
	struct shmb_stream *stream;
	struct shmb_producer *producer;
};

static _Noreturn void give_up(const char *what)
{
	bench_fail("%s: %s", what, shmb_last_error());
}

static struct shmb_stream *open_stream(struct wake *wake, struct shmb_connection **ret_connection)
{
	const struct shmb_connect_options options = {.socket = wake->scene->broker.socket};
	const struct shmb_stream_options shape = {
		.segment.flags = SHMB_CREATE,
		.lane_size = SHMB_STREAM_LANE_MIN,
		.delivery = wake->is_queue ? SHMB_QUEUE : SHMB_BROADCAST,
	};
	struct shmb_stream *stream;

	if (shmb_connect(&options, ret_connection) < 0 ||
	    shmb_stream_open(*ret_connection, wake->name, &shape, &stream) < 0)
		give_up(wake->name);
	return stream;
}

/* In a process of its own: become a consumer, claim what there is, and be killed in the midst. */
static _Noreturn void live_and_die(struct wake *wake, int ready)
{
	const struct timespec life = {.tv_nsec = ASLEEP_NS};
	struct shmb_connection *connection;
	struct shmb_stream *stream = open_stream(wake, &connection);
	struct shmb_consumer *consumer;
	struct shmb_record record;
	unsigned n;

	if (shmb_consumer_open(stream, NULL, &consumer) < 0 ||
	    (wake->is_queue && shmb_consumer_peek(consumer, &record, 1, SHMB_AT_ONCE, &n) != 0) ||
	    write(ready, "", 1) != 1)
		give_up("who is to die");
	(void)nanosleep(&life, NULL);
	atomic_store(wake->died, clock_now_ns());
	(void)raise(SIGKILL);
	abort();
}

/* When who is to die is in the way. */
static pid_t start(struct wake *wake)
{
	int ready[2];
	pid_t child;
	char byte;

	if (pipe(ready) < 0)
		bench_fail("no pipe");
	child = fork();
	if (child < 0)
		bench_fail("no process");
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		live_and_die(wake, ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		bench_fail("who is to die has died before");
	close(ready[0]);
	return child;
}

static void be_held_up(struct wake *wake)
{
	while (shmb_producer_send(wake->producer, "x", 1, SHMB_AT_ONCE) == 0)
		;
	if (shmb_producer_send(wake->producer, "x", 1, shmb_deadline_in_ms(PATIENCE_MS)) < 0)
		give_up("a producer");
}

/* Another has the only record. */
static void be_kept_waiting(struct shmb_consumer *consumer)
{
	char byte;

	if (shmb_consumer_take(consumer, &byte, 1, shmb_deadline_in_ms(PATIENCE_MS), NULL) < 0)
		give_up("a consumer");
}

/* Microseconds from a death until who was held up by it goes on. */
static double die_once(struct wake *wake)
{
	struct shmb_consumer *consumer = NULL;
	uint64_t now;
	pid_t child;

	if (wake->is_queue && shmb_producer_send(wake->producer, "x", 1, SHMB_AT_ONCE) < 0)
		give_up("a record");
	child = start(wake);
	if (!wake->is_queue) {
		be_held_up(wake);
	} else {
		if (shmb_consumer_open(wake->stream, NULL, &consumer) < 0)
			give_up("another consumer");
		be_kept_waiting(consumer);
	}
	now = clock_now_ns();
	shmb_consumer_close(consumer);
	(void)waitpid(child, NULL, 0);
	return (double)(now - atomic_load(wake->died)) / 1e3;
}

static void measure(const struct scene *scene, bool is_queue, const char *what)
{
	struct wake wake = {.scene = scene,
			    .is_queue = is_queue,
			    .died = transport_share(sizeof(*wake.died))};
	unsigned deaths = bench_count(scene->bench, DEATHS, QUICK_DEATHS);
	double longest[SERIES_ROUNDS_MAX] = {0};
	struct series series;

	snprintf(wake.name, sizeof(wake.name), "stream/deaths-%d", is_queue);
	wake.stream = open_stream(&wake, &wake.connection);
	if (shmb_producer_open(wake.stream, &wake.producer) < 0)
		give_up(wake.name);
	for (unsigned round = 0; round < scene->bench->plan.rounds; round++)
		for (unsigned i = 0; i < deaths; i++) {
			double took = die_once(&wake);

			if (took > longest[round])
				longest[round] = took;
		}
	shmb_producer_close(wake.producer);
	shmb_stream_close(wake.stream);
	shmb_disconnect(wake.connection);
	series = series_of("ours", "us", longest, scene->bench->plan.rounds);
	report_value(scene->report, what, "any core", &series, TARGET_US);
	series_fini(&series);
}

void part_deaths(const struct scene *scene)
{
	measure(scene, false, "a consumer dies for which a producer waits, longest of 20");
	measure(scene, true, "a consumer dies that has what another waits for, longest of 20");
}
