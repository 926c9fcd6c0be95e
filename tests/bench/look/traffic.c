/*
 * Each is a process of its own.
 */
#include "look/traffic.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "look/stock.h"
#include "support/objects.h"
#include "support/worker.h"

#define NS_PER_S  1000000000u
#define NS_PER_MS 1000000u
#define NUMBERS   10000u /* of the objects that come and go, behind those of the stock */

struct traffic {
	const char *socket;
	uint64_t interval_ns;
};

static void sleep_until(uint64_t ns)
{
	const struct timespec then = {.tv_sec = (time_t)(ns / NS_PER_S),
				      .tv_nsec = (long)(ns % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL) == EINTR)
		;
}

static void come_and_go(void *data)
{
	const struct traffic *traffic = data;
	struct wire_client client;
	struct wire_remove_request removal;
	uint64_t next = now_ns();

	wire_connect(&client, traffic->socket);
	for (unsigned i = 0;; i = (i + 1) % NUMBERS) {
		stock_name(NUMBERS + i, removal.name);
		objects_create_as(&client, removal.name, i, WIRE_BACKING_MEMFD, OBJECTS_SIZE);
		(void)wire_ask(&client, WIRE_REMOVE, &removal, NULL, NULL);
		next += traffic->interval_ns;
		sleep_until(next);
	}
}

pid_t traffic_start(const char *socket, unsigned per_second, int core)
{
	struct traffic traffic = {socket, NS_PER_S / per_second};

	return worker_start(core, come_and_go, &traffic);
}

struct repetition {
	const struct habit *habit;
	_Atomic uint32_t n;
	_Atomic bool ends;
	pid_t pid;
};

static void repeat(void *data)
{
	struct repetition *repetition = data;
	const struct habit *habit = repetition->habit;
	uint64_t next = now_ns();

	while (!repetition->ends) {
		habit->act(habit->data);
		repetition->n++;
		next += (uint64_t)habit->interval_ms * NS_PER_MS;
		/* Looks often enough whether it has to end. */
		while (!repetition->ends && now_ns() < next)
			sleep_until(now_ns() + NS_PER_MS);
	}
}

struct repetition *repetition_start(const struct habit *habit)
{
	struct repetition *repetition = mmap(NULL, sizeof(*repetition), PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (repetition == MAP_FAILED)
		bench_fail("no memory: %s", strerror(errno));
	repetition->habit = habit;
	repetition->pid = worker_start(habit->core, repeat, repetition);
	return repetition;
}

unsigned repetition_end(struct repetition *repetition)
{
	unsigned n;
	int status;

	repetition->ends = true;
	while (waitpid(repetition->pid, &status, 0) < 0)
		if (errno != EINTR)
			bench_fail("a process of the benchmark is lost: %s", strerror(errno));
	if (status != 0)
		bench_fail("a process of the benchmark has failed");
	n = repetition->n;
	(void)munmap(repetition, sizeof(*repetition));
	return n;
}
