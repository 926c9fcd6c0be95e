/*
 * freeing: how long others wait while memory is freed that nobody has any more. One client has
 * removed a large segment whose pages it had touched; the longest of the next round trips of
 * another one counts, beside the same with a segment of one page. The clients are on one core; the
 * broker is on the same, or where it likes.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "support/contenders.h"
#include "support/report.h"
#include "support/server.h"

#define MIB_FULL    2048u
#define MIB_QUICK   8u
#define ROUND_TRIPS 200

struct scene {
	struct shmb_connection *owner;
	struct wire_client other;
	struct wire_request status;
};

static void make(struct scene *scene, enum shmb_backing backing, uint64_t size)
{
	const struct shmb_segment_options options = {.size = size,
						     .flags = SHMB_CREATE | SHMB_EXCLUSIVE,
						     .backing = backing,
						     .lifetime = SHMB_LIFETIME_KEEP};
	struct shmb_segment *segment;

	if (shmb_segment_open(scene->owner, "large", &options, &segment) != SHMB_INITIALISE)
		bench_fail("%s", shmb_last_error());
	if (madvise(shmb_segment_data(segment), size, MADV_POPULATE_WRITE) < 0)
		bench_fail("no memory for %llu bytes: %m", (unsigned long long)size);
	if (shmb_segment_ready(segment) < 0)
		bench_fail("%s", shmb_last_error());
	shmb_segment_detach(segment);
}

/* The longest wait of the other client, in microseconds. */
static double measure(struct scene *scene, enum shmb_backing backing, uint64_t size)
{
	struct shmb_request *removal;
	uint64_t longest = 0;

	make(scene, backing, size);
	if (shmb_remove_submit(scene->owner, "large", NULL, NULL, &removal) < 0)
		bench_fail("%s", shmb_last_error());
	for (unsigned i = 0; i < ROUND_TRIPS; i++) {
		uint64_t start = now_ns(), took;

		(void)wire_call(&scene->other, &scene->status, NULL, NULL);
		took = now_ns() - start;
		longest = took > longest ? took : longest;
	}
	while (!shmb_request_is_done(removal))
		if (shmb_dispatch(scene->owner) < 0)
			bench_fail("%s", shmb_last_error());
	if (shmb_remove_finish(removal, NULL) < 0)
		bench_fail("%s", shmb_last_error());
	return (double)longest / 1000;
}

static void compare(struct scene *scene, const struct bench *bench, struct report *report,
		    const char *where, enum shmb_backing backing)
{
	unsigned mib = bench_count(bench, MIB_FULL, MIB_QUICK);
	const char *name = backing == SHMB_BACKING_SYSV ? "sysv" : "memfd";
	static double large[SERIES_ROUNDS_MAX], small[SERIES_ROUNDS_MAX];
	unsigned n = bench->plan.rounds;
	struct series ours, limit;
	char what[64];

	for (unsigned i = 0; i < n; i++) {
		large[i] = measure(scene, backing, (uint64_t)mib << 20);
		small[i] = measure(scene, backing, 4096);
	}
	ours = series_of("large", "us", large, n);
	limit = series_of("one page", "us", small, n);
	snprintf(what, sizeof(what), "STATUS after REMOVE of %u MiB, %s", mib, name);
	report_compare(report, what, where, &ours, &limit, 0);
	series_fini(&ours);
	series_fini(&limit);
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
	scene.owner = library_connect(broker.socket);
	wire_connect(&scene.other, broker.socket);
	wire_request_init(&scene.status, WIRE_STATUS, NULL);
	for (unsigned i = 0; i < 2; i++) {
		const char *where = i ? "two cores" : "one core";

		if (i)
			let_roam(&broker, &place);
		compare(&scene, &bench, report, where, SHMB_BACKING_SYSV);
		compare(&scene, &bench, report, where, SHMB_BACKING_MEMFD);
	}
	wire_disconnect(&scene.other);
	shmb_disconnect(scene.owner);
	server_end(&broker);
	return report_end(report);
}
