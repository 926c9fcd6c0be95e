/*
 * policy: what deciding costs. Two brokers side by side: one without a configuration, whose objects
 * have only a mode; one with 1,000 rules for names, 1,000 quotas, and objects with 32 entries in
 * their lists. Who opens what exists is let in by the last entry; no rule is asked for that. Who
 * creates is let in by one of the rules, and has the limits of one of the groups. The client is no
 * root, for whom there is nothing to decide.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fd.h"
#include "support/contenders.h"
#include "support/report.h"
#include "support/server.h"

#define TARGET    1.1
#define RULES     1000
#define CLIENT_ID 64510u
#define GROUP_ID  64600u /* and below it the groups of the other entries */
#define CREATING  500    /* the rule that lets the client create */

#define OPERATIONS_MAX 1024

static char config[] = "/tmp/shmbroker-bench-XXXXXX";

static void write_config(void)
{
	int fd = mkstemp(config);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file)
		bench_fail("cannot make a configuration: %s", strerror(errno));
	server_remove_at_end(config);
	for (unsigned i = 0; i < RULES; i++)
		fprintf(file, "[Prefix rule%u/below]\nCreate=u:%u g:%u\n[Quota g:%u]\nObjects=%u\n",
			i, 20000 + i, i == CREATING ? GROUP_ID : 30000 + i,
			i == CREATING ? GROUP_ID : 40000 + i, 5000 + i);
	if (fchmod(fd, 0644) < 0 || fclose(file) != 0)
		bench_fail("cannot write %s: %s", config, strerror(errno));
}

/* Made by root; N entries, of which the last is for the client's group. */
static void make_object(const struct server *broker, unsigned n, unsigned mode)
{
	struct shmb_acl_entry entries[SHMB_ACL_MAX];
	struct shmb_connection *connection = library_connect(broker->socket);

	for (unsigned i = 0; i < n; i++)
		entries[i] = (struct shmb_acl_entry){SHMB_SUBJECT_GROUP, SHMB_ACCESS_BOTH,
						     GROUP_ID - (n - 1 - i)};
	library_make_memfd(connection, 0, mode, entries, n);
	shmb_disconnect(connection);
}

/* OPEN that creates, with a list of N entries, and the end of the descriptor that came. The client
 * gives the objects up outside of what is timed, and so they end. */
struct create_run {
	struct wire_client *client;
	struct wire_request request;
};

static void create_run_init(struct create_run *run, struct wire_client *client, unsigned n)
{
	struct wire_open_request open = {.flags = WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE,
					 .kind = WIRE_KIND_SEGMENT,
					 .access = WIRE_ACCESS_BOTH,
					 .backing = WIRE_BACKING_MEMFD,
					 .lifetime = WIRE_LIFETIME_USED,
					 .mode = 0600,
					 .size = OBJECTS_SIZE,
					 .acl.n = (uint16_t)n};

	for (unsigned i = 0; i < n; i++)
		open.acl.entries[i] = (struct wire_acl_entry){WIRE_SUBJECT_GROUP, WIRE_ACCESS_BOTH,
							      GROUP_ID + 1 + i};
	snprintf(open.name, sizeof(open.name), "rule%u/below/object/00000", CREATING);
	run->client = client;
	wire_request_init(&run->request, WIRE_OPEN, &open);
}

static uint64_t create_run(void *data, unsigned operations)
{
	static uint64_t holds[OPERATIONS_MAX];
	static unsigned number;
	struct create_run *run = data;
	struct wire_open_reply opened;
	uint64_t start = now_ns(), end;
	autofd fd = -1;

	for (unsigned i = 0; i < operations; i++) {
		/* The name is the last of the request. */
		objects_renumber(number++ % 100000, (char *)run->request.bytes + run->request.size);
		if (wire_call(run->client, &run->request, &opened, &fd) != WIRE_OUTCOME_INITIALISE)
			bench_fail("what was to be created was there");
		fd = fd_close(fd);
		holds[i] = opened.hold;
	}
	end = now_ns();
	for (unsigned i = 0; i < operations; i++)
		objects_release(run->client, holds[i]);
	return end - start;
}

/* The second of CONTENDERS beside the first. */
static void compare(const struct bench *bench, struct report *report, const char *what,
		    const struct contender contenders[2])
{
	struct series seen[2];

	series_measure(&bench->plan, NULL, contenders, 2, seen);
	report_compare(report, what, "one core", &seen[1], &seen[0], TARGET);
	for (size_t i = 0; i < 2; i++)
		series_fini(&seen[i]);
}

static void measure_opening(const struct bench *bench, struct report *report,
			    struct wire_client *clients)
{
	struct wire_open_run runs[2];
	const struct contender contenders[] = {
		{"mode alone, no configuration", wire_open_run, &runs[0]},
		{"32 entries, 1,000 rules", wire_open_run, &runs[1]},
	};

	for (size_t i = 0; i < 2; i++)
		wire_open_run_init(&runs[i], &clients[i], 0, 1, WIRE_ACCESS_BOTH, false);
	compare(bench, report, "OPEN of what exists: 32 entries and 1,000 rules, none", contenders);
}

static void measure_creating(const struct bench *bench, struct report *report,
			     struct wire_client *clients)
{
	struct create_run none, rules, all;
	const struct contender by_rules[] = {
		{"no configuration", create_run, &none},
		{"1,000 rules", create_run, &rules},
	};
	const struct contender by_all[] = {
		{"mode alone, no configuration", create_run, &none},
		{"32 entries, 1,000 rules", create_run, &all},
	};

	create_run_init(&none, &clients[0], 0);
	create_run_init(&rules, &clients[1], 0);
	create_run_init(&all, &clients[1], SHMB_ACL_MAX);
	compare(bench, report, "OPEN that creates: 1,000 rules, none", by_rules);
	compare(bench, report, "OPEN that creates: 32 entries and 1,000 rules, none", by_all);
}

static void measure(const struct bench *bench, struct report *report, const struct server *brokers)
{
	const gid_t groups[] = {5, 6, 7, GROUP_ID};
	struct wire_client clients[2];

	for (size_t i = 0; i < 2; i++)
		wire_connect_as(&clients[i], brokers[i].socket, CLIENT_ID, groups,
				ARRAY_SIZE(groups));
	measure_opening(bench, report, clients);
	measure_creating(bench, report, clients);
	for (size_t i = 0; i < 2; i++)
		wire_disconnect(&clients[i]);
}

int main(int argc, char **argv)
{
	static struct server brokers[2];
	struct report *report;
	struct bench bench;
	struct place place;

	bench_init(&bench, "policy", argc, argv);
	place = place_init();
	report = report_new(&bench, &place, "what deciding costs");
	if (geteuid() == 0) {
		write_config();
		server_start_broker(&brokers[0], &bench, place.own);
		server_start_configured(&brokers[1], &bench, place.own, config);
		server_admit_others(&brokers[0]);
		server_admit_others(&brokers[1]);
		make_object(&brokers[0], 0, 0666);
		make_object(&brokers[1], SHMB_ACL_MAX, 0600);
		measure(&bench, report, brokers);
		server_end(&brokers[0]);
		server_end(&brokers[1]);
	} else {
		report_note(report, "only root can be several users");
	}
	return report_end(report);
}
