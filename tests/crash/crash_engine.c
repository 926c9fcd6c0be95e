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
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "engine.h"
#include "operation.h"
#include "process.h"
#include "support/suite.h"
#include "victim.h"

#define EXIT_USAGE   2
#define EXIT_SKIPPED 77

static const struct operation *const tables[] = {self_operations,    lock_operations,
						 state_operations,   stream_operations,
						 queue_operations,   cache_operations,
						 brokered_operations};

/* What is wanted. */
static bool all;
static char **names;

static bool is_wanted(const struct operation *operation)
{
	if (!*names)
		return true;
	for (char **name = names; *name; name++)
		if (strstr(operation->name, *name))
			return true;
	return false;
}

static bool is_good(const struct operation *operation, const struct outcome *outcome)
{
	return !outcome->is_void && outcome->lost >= operation->lost_at_least &&
	       outcome->lost <= operation->lost_at_most;
}

/* Run it and say what came of it. Returns whether that is what should. */
static bool run(const struct operation *operation)
{
	struct outcome outcome = engine_run(operation, all);

	printf("%s: %zu kill points, %zu recovered (every instruction: ", operation->name,
	       outcome.points, outcome.points - outcome.lost);
	if (outcome.states)
		printf("%zu states of the memory, ", outcome.states);
	if (outcome.calls)
		printf("%zu system calls, ", outcome.calls);
	printf("%zu killed", outcome.kills);
	if (outcome.strays)
		printf(", %zu of them elsewhere", outcome.strays);
	printf(")%s%s\n", operation->lost_at_most ? ", broken on purpose" : "",
	       is_good(operation, &outcome) ? "" : ": FAILED");
	(void)fflush(stdout);
	return is_good(operation, &outcome);
}

START_TEST(all_recover)
{
	size_t n = 0, n_bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct operation *row = tables[i]; row->name; row++)
			if (is_wanted(row)) {
				n++;
				n_bad += !run(row);
			}
	brokered_end();
	ck_assert_msg(n > 0, "there is no such operation");
	ck_assert_msg(n_bad == 0, "%zu operations are not as they should be", n_bad);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("crash");
	TCase *tcase = tcase_create("crash");
	const char *impediment;

	all = argc > 1 && strcmp(argv[1], "--all") == 0;
	names = argv + (all ? 2 : 1);
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
	tcase_set_timeout(tcase, 0); /* each part of it has a bound of its own */
	tcase_add_test(tcase, all_recover);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
