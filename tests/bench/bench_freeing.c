/*
 * freeing: how long others wait while memory is freed that nobody has any more. One client has
 * removed a large segment whose pages it had touched, or has ended and many segments with it; the
 * longest of the next round trips of another one counts, beside the same with segments of one page.
 * The clients are on one core; the broker is on the same, or where it likes.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/attacks.h"
#include "support/contenders.h"
#include "support/report.h"
#include "support/server.h"

#define MIB_FULL    2048u
#define MIB_QUICK   8u
#define ROUND_TRIPS 200

/* What ends with its owner. */
struct lot {
	enum shmb_backing backing;
	unsigned n;
	unsigned n_quick;
	unsigned kib; /* of each */
};

static const struct lot lots[] = {
	{SHMB_BACKING_MEMFD, 4096, 8, 1000},
	{SHMB_BACKING_MEMFD, 200, 4, 20 << 10},
	{SHMB_BACKING_SYSV, 1000, 8, 1000},
	{SHMB_BACKING_SYSV, 1000, 8, 250},
};

struct scene {
	const struct server *broker;
	int core; /* of the clients */
	struct shmb_connection *owner;
	struct wire_client other;
	struct wire_request status;
};

static const char *name_of(enum shmb_backing backing)
{
	return backing == SHMB_BACKING_SYSV ? "sysv" : "memfd";
}

static void make(struct shmb_connection *owner, const char *name,
		 const struct shmb_segment_options *options)
{
	struct shmb_segment *segment;

	if (shmb_segment_open(owner, name, options, &segment) != SHMB_INITIALISE)
		bench_fail("%s", shmb_last_error());
	if (madvise(shmb_segment_data(segment), options->size, MADV_POPULATE_WRITE) < 0)
		bench_fail("no memory for %llu bytes: %m", (unsigned long long)options->size);
	if (shmb_segment_ready(segment) < 0)
		bench_fail("%s", shmb_last_error());
	shmb_segment_detach(segment);
}

/* The longest wait of the other client, in microseconds. */
static double longest_wait(struct scene *scene)
{
	uint64_t longest = 0;

	for (unsigned i = 0; i < ROUND_TRIPS; i++) {
		uint64_t start = now_ns(), took;

		(void)wire_call(&scene->other, &scene->status, NULL, NULL);
		took = now_ns() - start;
		longest = took > longest ? took : longest;
	}
	return (double)longest / 1000;
}

/* While one segment goes. */
static double measure(struct scene *scene, enum shmb_backing backing, uint64_t size)
{
	const struct shmb_segment_options options = {.size = size,
						     .flags = SHMB_CREATE | SHMB_EXCLUSIVE,
						     .backing = backing,
						     .lifetime = SHMB_LIFETIME_KEEP};
	struct shmb_request *removal;
	double longest;

	make(scene->owner, "large", &options);
	if (shmb_remove_submit(scene->owner, "large", NULL, NULL, &removal) < 0)
		bench_fail("%s", shmb_last_error());
	longest = longest_wait(scene);
	while (!shmb_request_is_done(removal))
		if (shmb_dispatch(scene->owner) < 0)
			bench_fail("%s", shmb_last_error());
	if (shmb_remove_finish(removal, NULL) < 0)
		bench_fail("%s", shmb_last_error());
	return longest;
}

/* What the owner has that is to end. */
static struct lot owned;

static void own(const struct attack_terms *terms, int line)
{
	const struct shmb_segment_options options = {.size = (uint64_t)owned.kib << 10,
						     .flags = SHMB_CREATE | SHMB_EXCLUSIVE,
						     .backing = owned.backing,
						     .lifetime = SHMB_LIFETIME_OWNER};
	struct shmb_connection *connection = library_connect(terms->socket);
	char byte = 0;

	for (unsigned i = 0; i < owned.n; i++) {
		char name[24];

		snprintf(name, sizeof(name), "owned/%u", i);
		make(connection, name, &options);
	}
	(void)send(line, &byte, 1, MSG_NOSIGNAL);
	for (;;)
		(void)pause();
}

/* While what is owned goes with its owner, who is killed. */
static double measure_end(struct scene *scene)
{
	static const struct attack owner = {"owner", own};
	const struct attack_terms terms = {.socket = scene->broker->socket,
					   .uid = geteuid(),
					   .core = scene->core};
	struct attacker process;
	double longest;

	attacker_start(&process, &owner, &terms);
	attacker_end(&process);
	longest = longest_wait(scene);
	server_settle(scene->broker);
	return longest;
}

static void report_rounds(struct report *report, const struct bench *bench, const char *what,
			  const char *where, const double *large, const double *small)
{
	struct series ours = series_of("large", "us", large, bench->plan.rounds);
	struct series limit = series_of("one page", "us", small, bench->plan.rounds);

	report_compare(report, what, where, &ours, &limit, 0);
	series_fini(&ours);
	series_fini(&limit);
}

static void compare(struct scene *scene, const struct bench *bench, struct report *report,
		    const char *where, enum shmb_backing backing)
{
	static double large[SERIES_ROUNDS_MAX], small[SERIES_ROUNDS_MAX];
	unsigned mib = bench_count(bench, MIB_FULL, MIB_QUICK);
	char what[64];

	for (unsigned i = 0; i < bench->plan.rounds; i++) {
		large[i] = measure(scene, backing, (uint64_t)mib << 20);
		small[i] = measure(scene, backing, 4096);
	}
	snprintf(what, sizeof(what), "STATUS after REMOVE of %u MiB, %s", mib, name_of(backing));
	report_rounds(report, bench, what, where, large, small);
}

static void compare_lot(struct scene *scene, const struct bench *bench, struct report *report,
			const char *where, const struct lot *lot)
{
	static double large[SERIES_ROUNDS_MAX], small[SERIES_ROUNDS_MAX];
	unsigned n = bench_count(bench, lot->n, lot->n_quick);
	char what[64];

	for (unsigned i = 0; i < bench->plan.rounds; i++) {
		owned = (struct lot){lot->backing, n, 0, lot->kib};
		large[i] = measure_end(scene);
		owned.kib = 4;
		small[i] = measure_end(scene);
	}
	snprintf(what, sizeof(what), "STATUS after the owner of %u x %u KiB, %s", n, lot->kib,
		 name_of(lot->backing));
	report_rounds(report, bench, what, where, large, small);
}

static void let_roam(const struct server *broker, const struct place *place)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(place->own, &set);
	CPU_SET(place->other, &set);
	if (sched_setaffinity(broker->pid, sizeof(set), &set) < 0)
		bench_fail("cannot let the broker go: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	static struct server broker;
	struct report *report;
	struct scene scene;
	struct bench bench;
	struct place place;

	bench_init(&bench, "freeing", argc, argv);
	place = place_init();
	report = report_new(&bench, &place, "the longest wait while large memory is freed");
	server_start_broker(&broker, &bench, place.own);
	scene.broker = &broker;
	scene.core = place.own;
	scene.owner = library_connect(broker.socket);
	wire_connect(&scene.other, broker.socket);
	wire_request_init(&scene.status, WIRE_STATUS, NULL);
	for (unsigned i = 0; i < 2; i++) {
		const char *where = i ? "two cores" : "one core";

		if (i)
			let_roam(&broker, &place);
		compare(&scene, &bench, report, where, SHMB_BACKING_SYSV);
		compare(&scene, &bench, report, where, SHMB_BACKING_MEMFD);
		for (size_t k = 0; k < ARRAY_SIZE(lots); k++)
			compare_lot(&scene, &bench, report, where, &lots[k]);
	}
	wire_disconnect(&scene.other);
	shmb_disconnect(scene.owner);
	server_end(&broker);
	return report_end(report);
}
