/*
 * Commands that look once: from the start of the program to its end, with all that it prints read
 * by another process. Ours is that process, and has shmctl's core.
 */
#include <stdio.h>

#include "base/attr.h"
#include "look/scene.h"

#define LIST_MS_MAX 100
#define BATCHES     3

struct command {
	const char *name;
	const char *words[PROGRAM_WORDS_MAX + 1];
	const char *counted;
	double target_ms; /* negative for none */
};

static const struct command commands[] = {
	{"shmctl status, which asks for one thing", {"status"}, "\n", -1},
	{"shmctl list", {"list"}, "\n", LIST_MS_MAX},
	{"shmctl --json list", {"--json", "list"}, "\"name\"", LIST_MS_MAX},
	{"shmctl who", {"who"}, "\n", -1},
	{"shmctl metrics", {"metrics"}, "\n", -1},
};

struct command_run {
	struct program program;
	struct program_terms terms;
	const char *counted; /* what has to stand in what it prints, */
	unsigned n_min;      /* so often */
};

static uint64_t command_run(void *data, unsigned operations)
{
	struct command_run *run = data;
	uint64_t start = now_ns(), end;
	unsigned n;

	for (unsigned i = 0; i < operations; i++) {
		program_start(&run->program, &run->terms);
		program_wait(&run->program, 0);
	}
	end = now_ns();
	n = program_count(&run->program, run->counted);
	if (n < run->n_min)
		bench_fail("shmctl %s printed %s %u times, and not %u", run->terms.words[0],
			   run->counted, n, run->n_min);
	return end - start;
}

static struct series in_ms(const struct series *us)
{
	struct series ms = series_combine(us->name, 1e-3, us, 0, NULL);

	ms.unit = "ms";
	return ms;
}

static void measure(const struct scene *scene, const char *where)
{
	const struct plan plan = {.rounds = scene->bench->plan.rounds,
				  .chunks = bench_count(scene->bench, BATCHES, 1),
				  .operations = 1};
	/* Of each object, and of each holder. */
	const unsigned n_min[ARRAY_SIZE(commands)] = {1, scene->stock.n_objects,
						      scene->stock.n_objects,
						      stock_holders(&scene->stock), 20};
	struct command_run runs[ARRAY_SIZE(commands)];
	struct contender contenders[ARRAY_SIZE(commands)];
	struct series seen[ARRAY_SIZE(commands)];

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		runs[i] = (struct command_run){.counted = commands[i].counted,
					       .n_min = n_min[i],
					       .terms = {.bench = scene->bench,
							 .place = scene->place,
							 .socket = scene->stock.broker.socket}};
		for (size_t k = 0; k < PROGRAM_WORDS_MAX; k++)
			runs[i].terms.words[k] = commands[i].words[k];
		contenders[i] = (struct contender){commands[i].name, command_run, &runs[i]};
	}
	series_measure(&plan, NULL, contenders, ARRAY_SIZE(commands), seen);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct series ms = in_ms(&seen[i]);

		report_value(scene->report, commands[i].name, where, &ms, commands[i].target_ms);
		series_fini(&ms);
		series_fini(&seen[i]);
		program_fini(&runs[i].program);
	}
}

void part_commands(const struct scene *scene)
{
	if (place_has_two(scene->place)) {
		measure(scene, "two cores");
		place_pin(scene->stock.broker.pid, scene->place->own);
	}
	measure(scene, "one core");
	place_pin(scene->stock.broker.pid, scene->place->other);
}
