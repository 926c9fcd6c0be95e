/*
 * policy: what deciding costs. Two brokers side by side: one without a configuration, whose object
 * has only a mode; one with 1,000 rules for names, 1,000 quotas, and an object with 32 entries in
 * its list, of which the last is the one that lets the client in. The client is no root, for whom
 * there is nothing to decide.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "support/contenders.h"
#include "support/report.h"
#include "support/server.h"

#define TARGET    1.1
#define RULES     1000
#define CLIENT_ID 64510u
#define GROUP_ID  64600u /* and below it the groups of the other entries */

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
			i, 20000 + i, 30000 + i, 40000 + i, 5000 + i);
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

static void measure(const struct bench *bench, struct report *report, const struct server *brokers)
{
	const gid_t groups[] = {5, 6, 7, GROUP_ID};
	struct wire_open_run runs[2];
	struct wire_client clients[2];
	struct contender contenders[2] = {
		{"mode alone, no configuration", wire_open_run, &runs[0]},
		{"32 entries, 1,000 rules", wire_open_run, &runs[1]},
	};
	struct series seen[2];

	for (size_t i = 0; i < 2; i++) {
		wire_connect_as(&clients[i], brokers[i].socket, CLIENT_ID, groups,
				ARRAY_SIZE(groups));
		wire_open_run_init(&runs[i], &clients[i], 0, 1, WIRE_ACCESS_BOTH, false);
	}
	series_measure(&bench->plan, NULL, contenders, 2, seen);
	report_compare(report, "OPEN memfd: 32 entries and 1,000 rules, none", "one core", &seen[1],
		       &seen[0], TARGET);
	for (size_t i = 0; i < 2; i++) {
		series_fini(&seen[i]);
		wire_disconnect(&clients[i]);
	}
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
