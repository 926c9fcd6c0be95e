/*
 * connect: from connect(2) to mapped memory, on one core: what a program pays once, at its start.
 *
 * "Fresh" is a process that has just been executed, one for each value: its first calls of
 * everything. "Again" is the same process over and over. The limit is a connection to limit_echo
 * with two packets there and back and a descriptor to map. The peer, where it was there when this
 * was built, is iceoryx: the registration of a process with its daemon, which maps its pools.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/connects.h"
#include "support/contenders.h"
#include "support/report.h"
#include "support/server.h"

#define PEER_TARGET 0.1
#define FRESH_PARTS 8 /* a process for each operation takes its time: so many fewer of them */

struct fresh {
	char *arguments[4];
	unsigned n_names; /* the peer wants a new name each time */
	char name[32];
};

struct again {
	const char *socket;
	bool by_library;
	bool pipelined;
};

static uint64_t fresh_run(void *data, unsigned operations)
{
	struct fresh *fresh = data;
	uint64_t spent = 0;

	for (unsigned i = 0; i < operations; i++) {
		if (fresh->arguments[1] == fresh->name)
			snprintf(fresh->name, sizeof(fresh->name), "shmbroker-bench-%u",
				 fresh->n_names++);
		spent += server_run_for_number(fresh->arguments);
	}
	return spent;
}

static uint64_t again_run(void *data, unsigned operations)
{
	const struct again *again = data;
	uint64_t spent = 0;

	for (unsigned i = 0; i < operations; i++)
		spent += again->by_library ? connect_by_library(again->socket, again->pipelined)
					   : connect_by_limit(again->socket);
	return spent;
}

/* Its daemon is one for the machine: nothing to start in a test that may run beside others. */
static bool wants_peer(const struct bench *bench)
{
	return BENCH_PEER[0] != '\0' && !bench->quick;
}

/* The rows of fresh processes; with the peer as the last contender when it is there. */
static void measure_fresh(const struct bench *bench, struct report *report,
			  const struct server *broker, const struct server *limit)
{
	struct plan plan = bench->plan;
	struct fresh fresh[] = {
		{.arguments = {(char *)BENCH_CONNECT_ONCE, (char *)"pipelined",
			       (char *)broker->socket}},
		{.arguments = {(char *)BENCH_CONNECT_ONCE, (char *)"waiting",
			       (char *)broker->socket}},
		{.arguments = {(char *)BENCH_CONNECT_ONCE, (char *)"limit", (char *)limit->socket}},
		{.arguments = {(char *)BENCH_PEER}},
	};
	const struct contender contenders[] = {
		{"library, pipelined", fresh_run, &fresh[0]},
		{"library, waiting for HELLO", fresh_run, &fresh[1]},
		{"limit", fresh_run, &fresh[2]},
		{"iceoryx " BENCH_PEER_VERSION, fresh_run, &fresh[3]},
	};
	bool has_peer = wants_peer(bench);
	size_t n = has_peer ? 4 : 3;
	struct series seen[4];

	fresh[3].arguments[1] = fresh[3].name;
	plan.operations = plan.operations / FRESH_PARTS / FRESH_PARTS + 1;
	plan.chunks = plan.chunks / FRESH_PARTS + 1;
	series_measure(&plan, NULL, contenders, n, seen);
	if (has_peer)
		report_compare(report, "fresh: connect, open, map; iceoryx registers", "one core",
			       &seen[0], &seen[3], PEER_TARGET);
	if (has_peer)
		report_note(report, "peers: iceoryx " BENCH_PEER_VERSION);
	else if (!bench->quick)
		report_note(report, "without the peer: libiceoryx-binding-c-dev and iceoryx were "
				    "not there when this was built");
	report_compare(report, "fresh: connect, open, map; limit", "one core", &seen[0], &seen[2],
		       0);
	report_compare(report, "fresh: waiting for HELLO first", "one core", &seen[1], &seen[2], 0);
	for (size_t i = 0; i < n; i++)
		series_fini(&seen[i]);
}

static void measure_again(const struct bench *bench, struct report *report,
			  const struct server *broker, const struct server *limit)
{
	struct again again[] = {
		{broker->socket, true, true},
		{broker->socket, true, false},
		{limit->socket, false, false},
	};
	const struct contender contenders[] = {
		{"library, pipelined", again_run, &again[0]},
		{"library, waiting for HELLO", again_run, &again[1]},
		{"limit", again_run, &again[2]},
	};
	struct series seen[3];

	series_measure(&bench->plan, NULL, contenders, 3, seen);
	report_compare(report, "again: connect, open, map; limit", "one core", &seen[0], &seen[2],
		       0);
	report_compare(report, "again: waiting for HELLO first", "one core", &seen[1], &seen[2], 0);
	for (size_t i = 0; i < 3; i++)
		series_fini(&seen[i]);
}

/* As Debian sets it up, but silent. */
static void start_peer(struct server *peer, const struct bench *bench, int core)
{
	char *arguments[] = {(char *)BENCH_PEER_DAEMON, (char *)"-l", (char *)"error", NULL};

	if (wants_peer(bench))
		server_start_program(peer, arguments, core);
}

int main(int argc, char **argv)
{
	static struct server broker, limit, peer;
	struct wire_client owner;
	struct report *report;
	struct bench bench;
	struct place place;

	bench_init(&bench, "connect", argc, argv);
	place = place_init();
	report = report_new(&bench, &place, "from connect to mapped memory, beside the least");
	server_start_broker(&broker, &bench, place.own);
	server_start_limit(&limit, &bench, place.own, 1);
	start_peer(&peer, &bench, place.own);
	wire_connect(&owner, broker.socket);
	objects_create(&owner, 0, WIRE_BACKING_MEMFD, OBJECTS_SIZE);
	measure_fresh(&bench, report, &broker, &limit);
	measure_again(&bench, report, &broker, &limit);
	wire_disconnect(&owner);
	if (peer.pid)
		server_end(&peer);
	server_end(&limit);
	server_end(&broker);
	return report_end(report);
}
