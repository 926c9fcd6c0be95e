/*
 * attack: what a user is served while another user does his worst. A client with a connection of
 * its own asks and opens, and now and then another one of the same user connects; in peace, and
 * while a process of the attacker's does each of the things in support/attacks.c.
 *
 * "Two cores": the attacker has a core for himself, so that nothing slows him down but the broker,
 * which shares the other with the client. "One core": all three share one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/attacks.h"
#include "support/contenders.h"
#include "support/report.h"
#include "support/server.h"

#define P99_TARGET_US  50000
#define MEMORY_MAX_KIB (64 * 1024) /* docs/SECURITY.md has the sum */

#define CLIENT_ID   64510u
#define ATTACKER_ID 64511u

#define PEACE_MS      250
#define ATTACK_MS     1000
#define NEWCOMER_EACH 16 /* so many requests of the client come between two newcomers */
#define SAMPLES_MIN   100
#define SAMPLES_MAX   65536
#define ROUNDS_SHARE  3 /* a round takes seconds: a third as many as elsewhere */
#define ROUNDS_MAX    (SERIES_ROUNDS_MAX / ROUNDS_SHARE + 1)

enum { STAT, OPEN, CONNECT, N_OPERATIONS };

static const char *const operations[N_OPERATIONS] = {"STAT", "OPEN", "connect, HELLO"};

/* What was found out in each round of one state of affairs. */
struct found {
	double p50[N_OPERATIONS][ROUNDS_MAX];
	double p99[N_OPERATIONS][ROUNDS_MAX];
	double max[N_OPERATIONS][ROUNDS_MAX];
};

/* What the broker takes of the machine. */
struct means {
	double memory_kib[ROUNDS_MAX];
	double descriptors[ROUNDS_MAX];
};

struct scene {
	struct bench bench;
	struct place place;
	struct report *report;
	struct server broker;
	struct wire_client client;
	struct wire_request stat;
	struct wire_open_run open;
	struct attack_terms terms;
	struct found calm, attacked;
	struct means before;
	struct means under_attack, afterwards; /* so much more than before */
};

static struct {
	double us[SAMPLES_MAX];
	unsigned n;
} samples[N_OPERATIONS];

static void note_sample(unsigned operation, uint64_t ns)
{
	samples[operation].us[samples[operation].n++] = (double)ns / 1000;
}

/* Opens and closes it again; only the answer is waited for with the clock running. */
static uint64_t time_open(struct scene *scene)
{
	struct wire_open_reply opened;
	uint64_t start = now_ns(), spent;
	int fd;

	(void)wire_call(&scene->client, &scene->open.request, &opened, &fd);
	spent = now_ns() - start;
	if (fd < 0)
		bench_fail("OPEN brought no descriptor");
	(void)close(fd);
	objects_release(&scene->client, opened.hold);
	return spent;
}

static uint64_t time_newcomer(const struct scene *scene)
{
	struct wire_client newcomer;
	uint64_t start = now_ns(), spent;

	wire_connect_as(&newcomer, scene->broker.socket, CLIENT_ID, NULL, 0);
	spent = now_ns() - start;
	wire_disconnect(&newcomer);
	return spent;
}

static void sum_up(struct found *found, unsigned round)
{
	for (unsigned i = 0; i < N_OPERATIONS; i++) {
		double *us = samples[i].us;
		unsigned n = samples[i].n;

		found->p50[i][round] = median_of(us, n); /* sorts them */
		found->p99[i][round] = us[(n * 99 + 99) / 100 - 1];
		found->max[i][round] = us[n - 1];
	}
}

/* Be a client for so long. */
static void serve_time(struct scene *scene, unsigned ms, struct found *found, unsigned round)
{
	unsigned least = bench_count(&scene->bench, SAMPLES_MIN, 5);
	uint64_t end = now_ns() + ms * UINT64_C(1000000);

	for (unsigned i = 0; i < N_OPERATIONS; i++)
		samples[i].n = 0;
	for (unsigned i = 0; i < SAMPLES_MAX && (i < least || now_ns() < end); i++) {
		uint64_t start = now_ns();

		(void)wire_call(&scene->client, &scene->stat, NULL, NULL);
		note_sample(STAT, now_ns() - start);
		note_sample(OPEN, time_open(scene));
		if (i % NEWCOMER_EACH == 0)
			note_sample(CONNECT, time_newcomer(scene));
	}
	sum_up(found, round);
	(void)wire_open_run(&scene->open, 1); /* looks at what is opened */
}

static void weigh(const struct scene *scene, struct means *means, unsigned round)
{
	means->memory_kib[round] = (double)server_proc_field(&scene->broker, "status", "RssAnon:");
	means->descriptors[round] = server_descriptors(&scene->broker);
}

static void subtract(struct means *means, const struct means *before, unsigned round)
{
	means->memory_kib[round] -= before->memory_kib[round];
	means->descriptors[round] -= before->descriptors[round];
}

static void be_attacked(struct scene *scene, const struct attack *attack, unsigned round)
{
	struct attacker attacker;

	weigh(scene, &scene->before, round);
	attacker_start(&attacker, attack, &scene->terms);
	serve_time(scene, bench_count(&scene->bench, ATTACK_MS, 20), &scene->attacked, round);
	weigh(scene, &scene->under_attack, round);
	subtract(&scene->under_attack, &scene->before, round);
	attacker_end(&attacker);
	server_settle(&scene->broker);
	weigh(scene, &scene->afterwards, round);
	subtract(&scene->afterwards, &scene->before, round);
}

static struct latencies latencies_of(const struct found *found, unsigned operation, unsigned rounds)
{
	return (struct latencies){
		.p50 = series_of("p50", "us", found->p50[operation], rounds),
		.p99 = series_of("p99", "us", found->p99[operation], rounds),
		.max = series_of("max", "us", found->max[operation], rounds),
	};
}

static void latencies_fini(struct latencies *latencies)
{
	series_fini(&latencies->p50);
	series_fini(&latencies->p99);
	series_fini(&latencies->max);
}

static void report_means(const struct scene *scene, const char *attack, const char *what,
			 const char *where, const double *values, const char *unit, double target)
{
	struct series series = series_of(what, unit, values, scene->bench.plan.rounds);
	char text[80];

	snprintf(text, sizeof(text), "%s: %s", attack, what);
	report_value(scene->report, text, where, &series, target);
	series_fini(&series);
}

/* What the broker lets one user have, by its limit of open files, which is ours. */
static unsigned allowed(unsigned most, unsigned share)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur / share > most)
		return most;
	return (unsigned)(files.rlim_cur / share);
}

/* Connections, members, objects of two descriptors; and copies of those that are asked for and not
 * taken, for each parked request and each connection. */
static unsigned descriptors_allowed(void)
{
	return 2 * allowed(1024, 16) + 2 * allowed(4096, 8) + 1024 + allowed(1024, 16);
}

/* What the broker takes does not depend on the cores: it is reported where it WEIGHS. */
static void report_attack(const struct scene *scene, const char *attack, const char *where,
			  bool weighs)
{
	char what[80];

	for (unsigned i = 0; i < N_OPERATIONS; i++) {
		unsigned rounds = scene->bench.plan.rounds;
		struct latencies ours = latencies_of(&scene->attacked, i, rounds);
		struct latencies calm = latencies_of(&scene->calm, i, rounds);

		snprintf(what, sizeof(what), "%s: %s", attack, operations[i]);
		report_latencies(scene->report, what, where, &ours, &calm,
				 i == CONNECT ? 0 : P99_TARGET_US);
		latencies_fini(&ours);
		latencies_fini(&calm);
	}
	if (!weighs)
		return;
	report_means(scene, attack, "memory before", where, scene->before.memory_kib, "KiB", -1);
	report_means(scene, attack, "memory, more by", where, scene->under_attack.memory_kib, "KiB",
		     MEMORY_MAX_KIB);
	report_means(scene, attack, "same, afterwards", where, scene->afterwards.memory_kib, "KiB",
		     -1);
	report_means(scene, attack, "descriptors, more by", where, scene->under_attack.descriptors,
		     "", descriptors_allowed());
	report_means(scene, attack, "same, afterwards", where, scene->afterwards.descriptors, "",
		     0);
}

/* Each round has a broker of its own, since memory that was freed once is there for the next. */
static void measure_round(struct scene *scene, const struct attack *attack, unsigned round)
{
	unsigned peace_ms = bench_count(&scene->bench, PEACE_MS, 10);
	struct shmb_connection *owner;

	server_start_broker(&scene->broker, &scene->bench, scene->place.own);
	server_admit_others(&scene->broker);
	scene->terms.socket = scene->broker.socket;
	owner = library_connect(scene->broker.socket);
	library_make_memfd(owner, 0, 0666, NULL, 0);
	wire_connect_as(&scene->client, scene->broker.socket, CLIENT_ID, NULL, 0);
	if (round % 2)
		be_attacked(scene, attack, round);
	serve_time(scene, peace_ms, &scene->calm, round);
	if (round % 2 == 0)
		be_attacked(scene, attack, round);
	wire_disconnect(&scene->client);
	shmb_disconnect(owner);
	server_end(&scene->broker);
}

static void measure(struct scene *scene, int attacker_core, const char *where, bool weighs)
{
	struct wire_stat_request stat = {.name = ""};

	scene->terms.core = attacker_core;
	objects_name(0, stat.name);
	wire_request_init(&scene->stat, WIRE_STAT, &stat);
	wire_open_run_init(&scene->open, &scene->client, 0, 1, WIRE_ACCESS_BOTH, false);
	for (size_t i = 0; i < attacks_n; i++) {
		for (unsigned round = 0; round < scene->bench.plan.rounds; round++)
			measure_round(scene, &attacks[i], round);
		report_attack(scene, attacks[i].name, where, weighs);
	}
}

int main(int argc, char **argv)
{
	static struct scene scene;
	struct bench *bench = &scene.bench;

	bench_init(bench, "attack", argc, argv);
	bench->plan.rounds = (bench->plan.rounds + ROUNDS_SHARE - 1) / ROUNDS_SHARE;
	scene.terms = (struct attack_terms){
		.uid = ATTACKER_ID,
		.crowd = bench_count(bench, 5000, 50),
		.flooders = bench_count(bench, 1000, 20),
		.deaf = bench_count(bench, 100, 10),
		.questions = bench_count(bench, 10000, 200),
		.objects = bench_count(bench, allowed(4096, 8), 20),
	};
	scene.place = place_init();
	scene.report = report_new(bench, &scene.place, "what others feel of a hostile user");
	if (geteuid() == 0) {
		report_note(scene.report,
			    "p50 / p99 / greatest of a round, beside the same in peace; "
			    "two cores: the attacker's and that of the others");
		if (place_has_two(&scene.place))
			measure(&scene, scene.place.other, "two cores", false);
		measure(&scene, scene.place.own, "one core", true);
	} else {
		report_note(scene.report, "only root can be several users");
	}
	return report_end(scene.report);
}
