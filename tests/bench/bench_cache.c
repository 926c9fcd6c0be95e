/*
 * cache: what it costs to get and to set, from one process and from two; what memory goes to
 * anything but keys and values; how often what is asked for is there; and what is left of the
 * memory when values change their sizes; beside a limit that does nothing else, and beside what
 * others use for it.
 *
 * Each part is a file of cache/, and --only chooses one.
 */
#include <stdio.h>
#include <string.h>

#include "cache/scene.h"

#define HUGE_PAGES "/sys/kernel/mm/transparent_hugepage/shmem_enabled"

/* All tables that a design maps by itself ask for huge pages; the kernel decides. */
static void note_pages(struct report *report)
{
	FILE *file = fopen(HUGE_PAGES, "re");
	char line[128];

	if (!file || !fgets(line, sizeof(line), file))
		report_note(report, "this kernel has no huge pages");
	else
		report_note(report, HUGE_PAGES ": %.*s", (int)strcspn(line, "\n"), line);
	if (file)
		fclose(file);
}

static const struct part {
	const char *name;
	void (*measure)(const struct scene *scene);
} parts[] = {
	{"speed", part_speed},
	{"memory", part_memory},
	{"hits", part_hits},
	{"week", part_week},
};

int main(int argc, char **argv)
{
	const char *names[ARRAY_SIZE(parts) + 1] = {NULL};
	static struct scene scene;
	struct bench bench;
	struct place place;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		names[i] = parts[i].name;
	bench_init_parts(&bench, "cache", names, argc, argv);
	place = place_init();
	scene.bench = &bench;
	scene.place = &place;
	scene.report = report_new(&bench, &place, "keys and values that processes share");
	report_note(scene.report, "peers: " BENCH_PEERS);
	note_pages(scene.report);
	server_start_broker(&scene.broker, &bench, place.other);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!bench.only || strcmp(bench.only, parts[i].name) == 0)
			parts[i].measure(&scene);
	server_end(&scene.broker);
	return report_end(scene.report);
}
