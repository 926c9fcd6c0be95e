/*
 * Kill every operation of the tables at each of its instructions.
 *
 *   crash_engine [--all] [NAME...]
 *
 * NAME is any part of the names of those that are wanted. With --all every kill point is seen by a
 * real kill too, which for long operations takes minutes; see engine.h for what is done without.
 *
 * Exit status: 0 when all recovered, and what is broken on purpose was found; 1 when not; 2 for
 * wrong use; 77 where nothing can be traced.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "engine.h"
#include "operation.h"
#include "process.h"
#include "victim.h"

#define EXIT_USAGE   2
#define EXIT_SKIPPED 77

static const struct operation *const tables[] = {self_operations, lock_operations,
						 state_operations};

static bool is_wanted(const struct operation *operation, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (strstr(operation->name, *names))
			return true;
	return false;
}

static bool is_good(const struct operation *operation, const struct outcome *outcome)
{
	return !outcome->is_void && outcome->lost >= operation->lost_at_least &&
	       outcome->lost <= operation->lost_at_most;
}

/* Run it and say what came of it. Returns whether that is what should. */
static bool run(const struct operation *operation, bool all)
{
	struct outcome outcome = engine_run(operation, all);

	printf("%s: %zu kill points, %zu recovered (every instruction: ", operation->name,
	       outcome.points, outcome.points - outcome.lost);
	if (outcome.states)
		printf("%zu states of the memory, ", outcome.states);
	printf("%zu killed", outcome.kills);
	if (outcome.strays)
		printf(", %zu of them elsewhere", outcome.strays);
	printf(")%s%s\n", operation->lost_at_most ? ", broken on purpose" : "",
	       is_good(operation, &outcome) ? "" : ": FAILED");
	(void)fflush(stdout);
	return is_good(operation, &outcome);
}

int main(int argc, char **argv)
{
	bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
	char **names = argv + (all ? 2 : 1);
	const char *impediment;
	size_t n = 0, n_bad = 0;

	if (*names && (*names)[0] == '-') {
		fprintf(stderr, "usage: crash_engine [--all] [NAME...]\n");
		return EXIT_USAGE;
	}
	process_init();
	impediment = victim_impediment();
	if (impediment) {
		printf("NOT TESTED: %s\n", impediment);
		return EXIT_SKIPPED;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct operation *row = tables[i]; row->name; row++)
			if (is_wanted(row, names)) {
				n++;
				n_bad += !run(row, all);
			}
	if (n == 0)
		fprintf(stderr, "crash_engine: there is no such operation\n");
	return n == 0 ? EXIT_USAGE : n_bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
