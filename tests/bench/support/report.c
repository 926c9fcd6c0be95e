/*
 * Rows are printed as they come, so that a long run shows that it lives; the JSON is written at the
 * end, in one piece.
 */
#include "support/report.h"

#include <event2/event.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

struct report {
	const struct bench *bench;
	json_t *root;
	json_t *results;
	json_t *notes;
	unsigned met;
	unsigned missed;
};

/* Jansson takes over what is given to it. It takes no number that is none, which would be the mark
 * of a measurement gone wrong. */
static void put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		bench_fail("\"%s\" of the results is no number, or there is no memory for it", key);
}

static void append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) < 0)
		bench_fail("a value of the results is no number, or there is no memory for it");
}

static void read_cpu_model(char *model, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(model, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(model, size, "%s", colon + 2);
		break;
	}
	if (file)
		fclose(file);
}

/* What the figures depend on. */
static void describe_machine(json_t *root, const struct place *place)
{
	json_t *machine = json_object();
	struct utsname kernel;
	char model[128];
	double load = -1;
	double line = place_line_ns(place);

	(void)uname(&kernel);
	(void)getloadavg(&load, 1);
	read_cpu_model(model, sizeof(model));
	put(machine, "kernel", json_string(kernel.release));
	put(machine, "cpu", json_string(model));
	put(machine, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	put(machine, "compiler", json_string(COMPILER));
	put(machine, "libevent", json_string(event_get_version()));
	put(machine, "core_own", json_integer(place->own));
	put(machine, "core_other", json_integer(place->other));
	put(machine, "line_ns", json_real(line));
	put(machine, "load", json_real(load));
	put(root, "machine", machine);
	printf("Linux %s, %s, libevent %s\n", kernel.release, model, event_get_version());
	if (place_has_two(place))
		printf("one core: core %d; two cores: client on %d, server on %d, %.0f ns apart "
		       "(%s); load %.2f\n",
		       place->own, place->own, place->other, line,
		       place_is_near(line) ? "near" : "far", load);
	else
		printf("core %d, the only one: rows for two cores are left out; load %.2f\n",
		       place->own, load);
}

/* The day, in UTC. */
static json_t *today(void)
{
	time_t now = time(NULL);
	char text[16];
	struct tm day;

	if (!gmtime_r(&now, &day) || strftime(text, sizeof(text), "%Y-%m-%d", &day) == 0)
		bench_fail("the clock has no date");
	return json_string(text);
}

struct report *report_new(const struct bench *bench, const struct place *place, const char *title)
{
	struct report *report = calloc(1, sizeof(*report));
	json_t *plan = json_object();

	if (!report)
		bench_fail("no memory for the results");
	*report = (struct report){.bench = bench,
				  .root = json_object(),
				  .results = json_array(),
				  .notes = json_array()};
	printf("\n%s: %s\n", bench->name, title);
	put(report->root, "benchmark", json_string(bench->name));
	put(report->root, "title", json_string(title));
	put(report->root, "date", today());
	put(report->root, "version", json_string(SHMB_VERSION));
	put(report->root, "quick", json_boolean(bench->quick));
	if (bench->only)
		put(report->root, "only", json_string(bench->only));
	put(plan, "rounds", json_integer(bench->plan.rounds));
	put(plan, "chunks", json_integer(bench->plan.chunks));
	put(plan, "operations", json_integer(bench->plan.operations));
	put(report->root, "plan", plan);
	describe_machine(report->root, place);
	put(report->root, "results", json_incref(report->results));
	put(report->root, "notes", json_incref(report->notes));
	printf("%u rounds; median [least, greatest]\n\n%-46s %-9s %-27s %-27s %-17s %7s\n",
	       bench->plan.rounds, "", "", "ours", "limit", "ratio", "target");
	return report;
}

static json_t *series_to_json(const struct series *series)
{
	json_t *object = json_object();
	json_t *rounds = json_array();

	for (unsigned i = 0; i < series->n_rounds; i++)
		append(rounds, json_real(series->rounds[i]));
	put(object, "name", json_string(series->name));
	put(object, "unit", json_string(series->unit));
	put(object, "median", json_real(series->median));
	put(object, "min", json_real(series->min));
	put(object, "max", json_real(series->max));
	put(object, "rounds", rounds);
	return object;
}

static const char *format_series(const struct series *series, char text[static 64])
{
	int digits = series->median < 10 ? 2 : series->median < 1000 ? 1 : 0;

	snprintf(text, 64, "%.*f %s [%.*f, %.*f]", digits, series->median, series->unit, digits,
		 series->min, digits, series->max);
	return text;
}

/* Quick runs prove nothing about speed, and say so instead of a verdict. */
static const char *judge(struct report *report, json_t *row, bool has_target, bool met)
{
	if (!has_target)
		return "";
	put(row, "met", json_boolean(met));
	if (report->bench->quick)
		return "not judged";
	report->met += met;
	report->missed += !met;
	return met ? "met" : "NOT MET";
}

static json_t *row_new(const char *what, const char *where, const struct series *ours)
{
	json_t *row = json_object();

	put(row, "what", json_string(what));
	put(row, "where", json_string(where));
	put(row, "ours", series_to_json(ours));
	return row;
}

void report_compare(struct report *report, const char *what, const char *where,
		    const struct series *ours, const struct series *limit, double target)
{
	json_t *row = row_new(what, where, ours);
	struct series ratio = series_divide("ours / limit", ours, limit);
	char our_text[64], limit_text[64], target_text[16] = "";

	put(row, "limit", series_to_json(limit));
	put(row, "ratio", json_real(ratio.median));
	put(row, "ratio_min", json_real(ratio.min));
	put(row, "ratio_max", json_real(ratio.max));
	if (target > 0) {
		put(row, "target", json_real(target));
		snprintf(target_text, sizeof(target_text), "<= %.2f", target);
	}
	printf("%-46s %-9s %-27s %-27s %4.2f [%4.2f, %4.2f] %7s %s\n", what, where,
	       format_series(ours, our_text), format_series(limit, limit_text), ratio.median,
	       ratio.min, ratio.max, target_text,
	       judge(report, row, target > 0, ratio.median <= target));
	append(report->results, row);
	series_fini(&ratio);
}

void report_value(struct report *report, const char *what, const char *where,
		  const struct series *ours, double target)
{
	json_t *row = row_new(what, where, ours);
	char text[64], target_text[48] = "";

	if (target >= 0) {
		put(row, "target", json_real(target));
		snprintf(target_text, sizeof(target_text), "<= %g %s", target, ours->unit);
	}
	printf("%-46s %-9s %-27s %-27s %-17s %7s %s\n", what, where, format_series(ours, text),
	       target_text, "", "", judge(report, row, target >= 0, ours->median <= target));
	append(report->results, row);
}

static json_t *latencies_to_json(const struct latencies *latencies)
{
	json_t *object = json_object();

	put(object, "p50", series_to_json(&latencies->p50));
	put(object, "p99", series_to_json(&latencies->p99));
	put(object, "max", series_to_json(&latencies->max));
	return object;
}

/* The worst of all rounds is what there is to say of the greatest. */
static const char *format_latencies(const struct latencies *latencies, char text[static 64])
{
	snprintf(text, 64, "%.0f / %.0f / %.0f %s", latencies->p50.median, latencies->p99.median,
		 latencies->max.max, latencies->p99.unit);
	return text;
}

void report_latencies(struct report *report, const char *what, const char *where,
		      const struct latencies *ours, const struct latencies *calm, double target)
{
	json_t *row = row_new(what, where, &ours->p99);
	struct series ratio = series_divide("ours / calm", &ours->p99, &calm->p99);
	char our_text[64], calm_text[64], target_text[48] = "";

	put(row, "limit", series_to_json(&calm->p99));
	put(row, "ratio", json_real(ratio.median));
	put(row, "ratio_min", json_real(ratio.min));
	put(row, "ratio_max", json_real(ratio.max));
	put(row, "latencies", latencies_to_json(ours));
	put(row, "calm", latencies_to_json(calm));
	if (target > 0) {
		put(row, "target", json_real(target));
		snprintf(target_text, sizeof(target_text), "p99 <= %g %s", target, ours->p99.unit);
	}
	printf("%-46s %-9s %-27s %-27s %4.0f [%4.0f, %4.0f] %7s %s\n", what, where,
	       format_latencies(ours, our_text), format_latencies(calm, calm_text), ratio.median,
	       ratio.min, ratio.max, target_text,
	       judge(report, row, target > 0, ours->p99.median <= target));
	append(report->results, row);
	series_fini(&ratio);
}

void report_note(struct report *report, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	append(report->notes, json_string(text));
	printf("  note: %s\n", text);
}

int report_end(struct report *report)
{
	const char *file = report->bench->json;
	int status = EXIT_SUCCESS;

	if (report->bench->quick)
		puts("\nA quick run: nothing is judged.");
	else
		printf("\n%u targets met, %u not met.\n", report->met, report->missed);
	if (file && json_dump_file(report->root, file, JSON_INDENT(2)) < 0) {
		fprintf(stderr, "%s: cannot write %s\n", report->bench->name, file);
		status = EXIT_FAILURE;
	}
	json_decref(report->results);
	json_decref(report->notes);
	json_decref(report->root);
	free(report);
	return status;
}
