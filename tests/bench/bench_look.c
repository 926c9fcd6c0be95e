/*
 * look: what it costs to look at a broker with many objects and many holders. shmctl is measured as
 * whole programs, with whatever the broker has to do for them; and what other clients wait
 * meanwhile.
 *
 * Each part is a file of look/, and --only chooses one.
 */
#include <string.h>

#include "base/attr.h"
#include "look/scene.h"

static const struct part {
	const char *name;
	void (*measure)(const struct scene *scene);
} parts[] = {
	{"commands", part_commands},
	{"live", part_live},
	{"beside", part_beside},
};

int main(int argc, char **argv)
{
	const char *names[ARRAY_SIZE(parts) + 1] = {NULL};
	static struct scene scene;
	struct bench bench;
	struct place place;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		names[i] = parts[i].name;
	bench_init_parts(&bench, "look", names, argc, argv);
	place = place_init();
	scene.bench = &bench;
	scene.place = &place;
	scene.report = report_new(&bench, &place, "what it costs to look at what there is");
	stock_init(&scene.stock, &bench, &place);
	report_note(scene.report,
		    "%u objects, of which %u are states, streams and caches, %u System V segments "
		    "and all else memfds; %u holders, %u programs with %u each",
		    scene.stock.n_objects, scene.stock.n_looked_into, scene.stock.n_sysv,
		    stock_holders(&scene.stock), scene.stock.n_programs, STOCK_HOLDS);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!bench.only || strcmp(bench.only, parts[i].name) == 0)
			parts[i].measure(&scene);
	stock_fini(&scene.stock);
	return report_end(scene.report);
}
