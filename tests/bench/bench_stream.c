/*
 * stream: what it costs to bring a record from one process to another; one by one and in batches,
 * there and back, busy and asleep, from one or many producers to one or many consumers; beside
 * limits that do nothing else, and beside what others use for it.
 *
 * Each part is a file of stream/, and --only chooses one.
 */
#include <string.h>

#include "stream/scene.h"

static const struct part {
	const char *name;
	void (*measure)(const struct scene *scene);
	bool needs_two_cores;
} parts[] = {
	{"rings", part_rings, true},         {"peers", part_peers, true},
	{"roundtrip", part_roundtrip, true}, {"blocking", part_blocking, false},
	{"producers", part_producers, true}, {"lanes", part_lanes, true},
	{"consumers", part_consumers, true}, {"deaths", part_deaths, false},
};

int main(int argc, char **argv)
{
	const char *names[ARRAY_SIZE(parts) + 1] = {NULL};
	static struct scene scene;
	struct bench bench;
	struct place place;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		names[i] = parts[i].name;
	bench_init_parts(&bench, "stream", names, argc, argv);
	place = place_init();
	scene.bench = &bench;
	scene.place = &place;
	scene.report = report_new(&bench, &place, "records from one process to another");
	report_note(scene.report, "peers: " BENCH_PEERS);
	if (!place_has_two(&place))
		report_note(scene.report, "there is one core, and most is about two");
	server_start_broker(&scene.broker, &bench, place.other);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if ((!bench.only || strcmp(bench.only, parts[i].name) == 0) &&
		    (!parts[i].needs_two_cores || place_has_two(&place)))
			parts[i].measure(&scene);
	server_end(&scene.broker);
	return report_end(scene.report);
}
