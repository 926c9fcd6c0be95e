#include "figures/metrics.h"

#include <inttypes.h>

#include "base/escape.h"

#define MS_PER_S 1000

/* By type: its word, and what its samples have at the end of their name. */
static const struct {
	const char *word;
	const char *word_of_text; /* in the text format, which knows no infos */
	const char *ending;
} types[] = {
	[METRICS_GAUGE] = {"gauge", "gauge", ""},
	[METRICS_COUNTER] = {"counter", "counter", "_total"},
	[METRICS_INFO] = {"info", "gauge", "_info"},
};

void metrics_begin(struct metrics *metrics, const struct metrics_family *family)
{
	const char *name = family->name;

	metrics->family = family;
	if (metrics->form == METRICS_TEXT) {
		const char *ending = types[family->type].ending;

		fprintf(metrics->out, "# HELP %s%s %s\n", name, ending, family->help);
		fprintf(metrics->out, "# TYPE %s%s %s\n", name, ending,
			types[family->type].word_of_text);
		return;
	}
	fprintf(metrics->out, "# TYPE %s %s\n", name, types[family->type].word);
	if (family->unit)
		fprintf(metrics->out, "# UNIT %s %s\n", name, family->unit);
	fprintf(metrics->out, "# HELP %s %s\n", name, family->help);
}

/* All of a sample but its value. */
static void begin_sample(const struct metrics *metrics, const struct metrics_label *labels)
{
	const struct metrics_family *family = metrics->family;

	fprintf(metrics->out, "%s%s", family->name, types[family->type].ending);
	for (const struct metrics_label *label = labels; label && label->name; label++) {
		fprintf(metrics->out, "%c%s=\"", label == labels ? '{' : ',', label->name);
		escape_label(metrics->out, label->value);
		fputc('"', metrics->out);
	}
	fputs(labels && labels->name ? "} " : " ", metrics->out);
}

void metrics_put(struct metrics *metrics, const struct metrics_label *labels, uint64_t value)
{
	begin_sample(metrics, labels);
	fprintf(metrics->out, "%" PRIu64 "\n", value);
}

void metrics_put_seconds(struct metrics *metrics, uint64_t ms)
{
	begin_sample(metrics, NULL);
	fprintf(metrics->out, "%" PRIu64 ".%03" PRIu64 "\n", ms / MS_PER_S, ms % MS_PER_S);
}

void metrics_end(struct metrics *metrics)
{
	if (metrics->form == METRICS_OPEN)
		fputs("# EOF\n", metrics->out);
}
