/*
 * Times are those of a step, whatever the number of workers that share the steps of a run.
 */
#include "cache/scene.h"

#include <stdarg.h>
#include <stdio.h>

#define OPERATIONS 1000 /* in a batch, however many there were */
#define CHUNKS     5u

void scene_measure(const struct scene *scene, struct way *ways, size_t n, struct series *ret)
{
	struct contender contenders[SCENE_WAYS] = {0};
	struct plan plan = scene->bench->plan;
	struct series us[SCENE_WAYS];

	plan.operations = OPERATIONS;
	plan.chunks = plan.chunks < CHUNKS ? plan.chunks : CHUNKS;
	for (size_t i = 0; i < n; i++) {
		task_prepare(&ways[i].task);
		contenders[i] = (struct contender){ways[i].name, task_run, &ways[i].task};
	}
	series_measure(&plan, scene->place, contenders, n, us);
	for (size_t i = 0; i < n; i++) {
		ret[i] = series_combine(us[i].name, 1000, &us[i], 0, NULL);
		ret[i].unit = "ns";
		series_fini(&us[i]);
	}
}

void scene_fini(struct series *series, size_t n)
{
	for (size_t i = 0; i < n; i++)
		series_fini(&series[i]);
}

void scene_compare(const struct scene *scene, const char *where, const struct series *ours,
		   const struct series *other, double target, const char *what, ...)
{
	va_list arguments;
	char row[96];

	va_start(arguments, what);
	vsnprintf(row, sizeof(row), what, arguments);
	va_end(arguments);
	report_compare(scene->report, row, where, ours, other, target);
}
