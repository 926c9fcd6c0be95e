/*
 * See engine.h for what is done, and why it says something about every kill point.
 */
#include "engine.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "journal.h"
#include "survivor.h"
#include "victim.h"

/* Unless all are asked for: so many kills, evenly spread, and those around each change. */
#define KILLS_SPREAD 100

/* Those in between are not reached by more single steps than this. */
#define STEPS_APART 300

/* A mistake of the row. */
#define STEPS_MAX 1000000

#define PRINTED_MAX 5

/* When so many survivors have waited for so long in vain the rest is not looked at. */
#define VAIN_MAX 5
#define VAIN_MS  1000

struct engine {
	const struct operation *operation;
	unsigned char *image;
	struct journal journal;
	bool *is_lost; /* by kill point, from 1 */
	unsigned n_printed, n_vain;
	struct outcome outcome;
};

extern const char __executable_start[];

/* The place of the last instruction is one for addr2line; in a library it is far off. */
static void print_lost(struct engine *engine, size_t point, const char *how, const char *wrong)
{
	if (engine->operation->lost_at_most || engine->n_printed++ >= PRINTED_MAX)
		return;
	fprintf(stderr, "%s: %s after instruction %zu, which is at %#zx: %s\n",
		engine->operation->name, how, point,
		engine->journal.places[point - 1] - (uintptr_t)__executable_start, wrong);
}

/* The kill points from FIRST to before END are lost. */
static void lose(struct engine *engine, size_t first, size_t end, const char *how,
		 const char *wrong)
{
	size_t before = engine->outcome.lost;

	for (size_t point = first; point < end; point++)
		if (!engine->is_lost[point]) {
			engine->is_lost[point] = true;
			engine->outcome.lost++;
		}
	if (engine->outcome.lost > before)
		print_lost(engine, first, how, wrong);
}

static bool is_hopeless(const struct engine *engine)
{
	return engine->n_vain >= VAIN_MAX && !engine->operation->lost_at_most;
}

static void give_up(struct engine *engine, const char *wrong)
{
	fprintf(stderr, "%s: %s\n", engine->operation->name, wrong);
	engine->outcome.is_void = true;
}

static void set_up(struct engine *engine)
{
	memset(engine->image, 0, engine->operation->size);
	engine->operation->set_up(engine->image);
}

static void bury(struct engine *engine)
{
	if (engine->operation->bury)
		engine->operation->bury(engine->image);
}

/* The survivor that is there before the victim begins; 0 where there is none, -1 where it does not
 * go to sleep. */
static pid_t start_sleeper(struct engine *engine)
{
	pid_t pid;

	if (!engine->operation->sleeps)
		return 0;
	pid = survivor_start(engine->operation, engine->image, false);
	if (survivor_await_sleep(pid))
		return pid;
	(void)survivor_verdict(engine->operation, pid);
	return -1;
}

/* What a survivor says, the one that sleeps or a new one. */
static const char *hear_survivor(struct engine *engine, pid_t sleeper, bool is_whole)
{
	pid_t pid =
		sleeper > 0 ? sleeper : survivor_start(engine->operation, engine->image, is_whole);
	uint64_t soon = deadline_in_ms(VAIN_MS);
	const char *wrong = survivor_verdict(engine->operation, pid);

	engine->n_vain += wrong && deadline_left_ms(soon) == 0;
	return wrong;
}

/* Step VICTIM to the end of the operation, and write the journal. */
static const char *write_journal(struct engine *engine, struct victim *victim)
{
	struct journal *journal = &engine->journal;
	enum advance result;

	journal_init(journal, engine->image, engine->operation->size, victim_pc(victim));
	do {
		/* A sleeper sees the image and the calls, too. */
		bool is_call = (engine->operation->calls || engine->operation->sleeps) &&
			       victim_calls(victim);

		if (journal->n_steps == STEPS_MAX)
			return "it has too many instructions";
		result = victim_step(victim);
		if (result == ADVANCE_WRONG)
			return victim->remark;
		journal_add(journal, engine->image, victim_pc(victim), is_call);
	} while (result != ADVANCE_OVER);
	journal_close(journal);
	return victim_finish(victim) ? NULL : victim->remark;
}

/* The run from which all else follows: nobody is killed in it, and all has to be well. */
static void record(struct engine *engine)
{
	struct victim victim;
	const char *wrong;
	pid_t sleeper;

	set_up(engine);
	sleeper = start_sleeper(engine);
	if (sleeper < 0) {
		give_up(engine, "the survivor does not go to sleep");
		return;
	}
	wrong = victim_start(&victim, engine->operation, engine->image)
			? write_journal(engine, &victim)
			: victim.remark;
	if (wrong)
		give_up(engine, wrong);
	victim_kill(&victim);
	bury(engine);
	wrong = hear_survivor(engine, sleeper, true);
	if (wrong && !engine->operation->lost_at_most)
		give_up(engine, wrong);
}

/* A survivor goes on from the state that the first N_CHANGES have made. */
static void see_state(struct engine *engine, size_t n_changes, size_t first, size_t end)
{
	const char *wrong;

	memcpy(engine->image, engine->journal.first, engine->journal.size);
	for (size_t i = 0; i < n_changes; i++) {
		const struct change *change = &engine->journal.changes[i];

		memcpy(engine->image + change->offset, change->bytes, change->length);
	}
	bury(engine);
	wrong = hear_survivor(engine, 0, false);
	if (wrong)
		lose(engine, first, end, "state", wrong);
	engine->outcome.states++;
}

/* The first is the one that was there before anything. */
static void see_states(struct engine *engine)
{
	const struct journal *journal = &engine->journal;

	for (size_t n = 0; n <= journal->n_changes && !is_hopeless(engine); n++) {
		size_t first = n > 0 ? journal->changes[n - 1].step : 1;
		size_t end =
			n < journal->n_changes ? journal->changes[n].step : journal->n_steps + 1;

		if (first < end)
			see_state(engine, n, first, end);
	}
}

/* Bring VICTIM to POINT. Returns NULL or what is wrong; it may have come to its end before. */
static const char *bring(struct engine *engine, struct victim *victim, size_t point)
{
	const struct journal *journal = &engine->journal;
	size_t step = journal->anchors[point];
	enum advance result = ADVANCE_ON;

	if (step > 0)
		result = victim_run_to(victim, journal->places[step]);
	for (; result == ADVANCE_ON && step < point; step++)
		result = victim_step(victim);
	if (result == ADVANCE_WRONG)
		return victim->remark;
	if (victim_pc(victim) != journal->places[point])
		engine->outcome.strays++;
	return NULL;
}

static const char *kill_at(struct engine *engine, size_t point)
{
	struct victim victim;
	const char *wrong;
	bool is_whole = point == engine->journal.n_steps;
	pid_t sleeper;

	set_up(engine);
	sleeper = start_sleeper(engine);
	if (sleeper < 0)
		return "the survivor does not go to sleep";
	if (victim_start(&victim, engine->operation, engine->image))
		wrong = bring(engine, &victim, point);
	else
		wrong = victim.remark;
	victim_kill(&victim);
	bury(engine);
	if (!wrong)
		return hear_survivor(engine, sleeper, is_whole);
	if (sleeper > 0)
		(void)survivor_verdict(engine->operation, sleeper);
	return wrong;
}

/* Mark the kill points that are to be seen by real kills. */
static void choose(const struct engine *engine, bool all, bool *is_chosen)
{
	const struct journal *journal = &engine->journal;
	size_t stride = 1 + (journal->n_steps - 1) / KILLS_SPREAD;

	if (all)
		stride = 1;
	for (size_t point = stride; point <= journal->n_steps; point += stride) {
		size_t anchor = journal->anchors[point];

		is_chosen[stride == 1 || point - anchor <= STEPS_APART ? point : anchor] = true;
	}
	is_chosen[journal->n_steps] = true;
	for (size_t i = 0; i < journal->n_changes; i++) {
		size_t step = journal->changes[i].step;

		is_chosen[step] = true;
		is_chosen[step - 1] = true;
	}
	is_chosen[0] = false; /* nothing has been done there */
}

static void see_kills(struct engine *engine, bool all)
{
	size_t n = engine->journal.n_steps;
	bool *is_chosen = calloc(n + 1, sizeof(*is_chosen));

	if (!is_chosen)
		err(EXIT_FAILURE, "%s", engine->operation->name);
	choose(engine, all, is_chosen);
	for (size_t point = 1; point <= n && !is_hopeless(engine); point++)
		if (is_chosen[point]) {
			const char *wrong = kill_at(engine, point);

			if (wrong)
				lose(engine, point, point + 1, "killed", wrong);
			engine->outcome.kills++;
		}
	free(is_chosen);
}

static void begin(struct engine *engine)
{
	size_t size = engine->operation->size;

	engine->image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (engine->image == MAP_FAILED)
		err(EXIT_FAILURE, "%s", engine->operation->name);
}

static void end(struct engine *engine)
{
	journal_fini(&engine->journal);
	free(engine->is_lost);
	(void)munmap(engine->image, engine->operation->size);
}

struct outcome engine_run(const struct operation *operation, bool all)
{
	struct engine engine = {.operation = operation};

	begin(&engine);
	record(&engine);
	if (!engine.outcome.is_void) {
		engine.outcome.points = engine.journal.n_steps;
		engine.is_lost = calloc(engine.outcome.points + 1, sizeof(*engine.is_lost));
		if (!engine.is_lost)
			err(EXIT_FAILURE, "%s", operation->name);
		if (operation->calls)
			engine.outcome.calls = engine.journal.n_changes;
		else if (!operation->sleeps)
			see_states(&engine);
		see_kills(&engine, all);
		if (is_hopeless(&engine))
			give_up(&engine, "so many wait in vain that the rest was not looked at");
	}
	end(&engine);
	return engine.outcome;
}
