/*
 * top and watch, while nothing happens and while objects come and go: which part of a core they
 * take, and which part the broker takes for them. The broker's is what it takes more than beside
 * the same with nobody who looks, in windows of the same round.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "look/scene.h"
#include "look/traffic.h"
#include "support/worker.h"

#define SHARE_MAX  5 /* percent of a core */
#define WINDOWS    5
#define PER_SECOND 100 /* objects that are made and removed */
#define REFRESH_MS 1000
#define NS_PER_MS  1000000u

struct watching {
	const char *name;
	const char *words[PROGRAM_WORDS_MAX + 1]; /* none: nobody looks */
	bool has_terminal;
	const char *shows;  /* what has to stand in what is printed, NULL for nothing */
	bool prints_events; /* a line each, and two for each object */
};

static const struct watching nobody = {.name = "nobody looks"};
static const struct watching top = {.name = "top",
				    .words = {"top"},
				    .has_terminal = true,
				    .shows = "objects of"};
static const struct watching watch = {.name = "watch", .words = {"watch"}, .prints_events = true};

/* One of those, with or without traffic. */
struct mode {
	const struct watching *watching;
	bool is_busy;
};

static const struct mode modes[] = {
	{&nobody, false}, {&top, false}, {&watch, false},
	{&nobody, true},  {&top, true},  {&watch, true},
};

/* In percent of a core, of each window. */
struct shares {
	double program[WINDOWS];
	double broker[WINDOWS];
};

struct window {
	uint64_t settle_ms;
	uint64_t length_ms;
};

static void wait_for(struct program *program, uint64_t ms)
{
	uint64_t deadline = now_ns() + ms * NS_PER_MS;

	if (program->pid == 0) {
		const struct timespec length = {.tv_sec = (time_t)(ms / 1000),
						.tv_nsec = (long)(ms % 1000 * NS_PER_MS)};

		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL);
	} else if (!program_read(program, deadline)) {
		program_wait(program, 0);
		bench_fail("what should go on looking has ended");
	}
}

/* q, as a key, or a signal. */
static void end_program(struct program *program, const struct watching *watching)
{
	if (watching->has_terminal)
		(void)!write(program->output, "q", 1);
	else
		(void)kill(program->pid, SIGTERM);
	program_wait(program, SIGTERM);
}

/* Ends the benchmark unless PROGRAM has printed what it is for. */
static void verify(struct program *program, const struct mode *mode, uint64_t length_ms)
{
	const struct watching *watching = mode->watching;
	unsigned lines = program_count(program, "\n");
	uint64_t expected = mode->is_busy ? 2 * PER_SECOND * length_ms / 1000 / 2 : 0;

	if (watching->shows &&
	    !memmem(program->text, program->size, watching->shows, strlen(watching->shows)))
		bench_fail("%s does not show \"%s\"", watching->name, watching->shows);
	if (watching->prints_events && lines < expected)
		bench_fail("%s has printed %u events, where %u and more have happened",
			   watching->name, lines, (unsigned)expected);
}

static double share_of(uint64_t before, uint64_t after, uint64_t began)
{
	return 100.0 * (double)(after - before) / (double)(now_ns() - began);
}

/* A window of MODE, into the place of round I in SHARES. */
static void look_for_a_while(const struct scene *scene, const struct mode *mode,
			     const struct window *window, struct shares *shares, unsigned i)
{
	const struct watching *watching = mode->watching;
	struct program_terms terms = {.bench = scene->bench,
				      .place = scene->place,
				      .socket = scene->stock.broker.socket,
				      .has_terminal = watching->has_terminal};
	struct program program = {.output = -1};
	uint64_t began, broker, own = 0;
	size_t settled;
	pid_t traffic = 0;

	for (size_t k = 0; k < PROGRAM_WORDS_MAX; k++)
		terms.words[k] = watching->words[k];
	if (mode->is_busy)
		traffic = traffic_start(terms.socket, PER_SECOND, scene->place->own);
	if (terms.words[0])
		program_start(&program, &terms);
	wait_for(&program, window->settle_ms);
	settled = program.size;
	began = now_ns();
	broker = program_cpu_ns(scene->stock.broker.pid);
	if (program.pid)
		own = program_cpu_ns(program.pid);
	wait_for(&program, window->length_ms);
	if (program.pid && mode->is_busy && window->length_ms > REFRESH_MS &&
	    program.size == settled)
		bench_fail("%s shows nothing of what happens", watching->name);
	shares->broker[i] = share_of(broker, program_cpu_ns(scene->stock.broker.pid), began);
	if (program.pid)
		shares->program[i] = share_of(own, program_cpu_ns(program.pid), began);
	if (program.pid) {
		end_program(&program, watching);
		verify(&program, mode, window->length_ms);
	}
	if (traffic)
		worker_end(traffic);
	server_settle(&scene->stock.broker);
	program_fini(&program);
}

/* SHARES of a mode, beside those of the same with nobody who looks. */
static void report_mode(const struct scene *scene, const struct mode *mode,
			const struct shares *shares, const struct shares *nobodys, unsigned n)
{
	struct series program = series_of(mode->watching->name, "%", shares->program, n);
	struct series broker = series_of("broker", "%", shares->broker, n);
	struct series alone = series_of("broker, nobody looks", "%", nobodys->broker, n);
	struct series part = series_combine("the broker's part", 1, &broker, -1, &alone);
	struct series both = series_combine("both", 1, &program, 1, &part);
	const char *when = mode->is_busy ? "objects come and go" : "nothing happens";
	char what[80];

	snprintf(what, sizeof(what), "%s, %s: shmctl", mode->watching->name, when);
	report_value(scene->report, what, "", &program, SHARE_MAX);
	snprintf(what, sizeof(what), "%s, %s: with the broker", mode->watching->name, when);
	report_value(scene->report, what, "", &both, SHARE_MAX);
	series_fini(&program);
	series_fini(&broker);
	series_fini(&alone);
	series_fini(&part);
	series_fini(&both);
}

static void report_nobody(const struct scene *scene, const struct mode *mode,
			  const struct shares *shares, unsigned n)
{
	struct series broker = series_of("broker", "%", shares->broker, n);

	report_value(scene->report,
		     mode->is_busy ? "nobody looks, objects come and go: broker"
				   : "nobody looks, nothing happens: broker",
		     "", &broker, -1);
	series_fini(&broker);
}

void part_live(const struct scene *scene)
{
	unsigned n = bench_count(scene->bench, WINDOWS, 1);
	const struct window window = {bench_count(scene->bench, 2000, 300),
				      bench_count(scene->bench, 10000, 300)};
	struct shares shares[ARRAY_SIZE(modes)] = {0};
	const struct shares *nobodys = &shares[0];

	for (unsigned i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(modes); k++) {
			size_t turn = i % 2 ? ARRAY_SIZE(modes) - 1 - k : k;

			look_for_a_while(scene, &modes[turn], &window, &shares[turn], i);
		}
	for (size_t k = 0; k < ARRAY_SIZE(modes); k++) {
		if (modes[k].watching != &nobody) {
			report_mode(scene, &modes[k], &shares[k], nobodys, n);
			continue;
		}
		nobodys = &shares[k];
		report_nobody(scene, &modes[k], &shares[k], n);
	}
}
