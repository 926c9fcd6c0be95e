/*
 * Caches for people. Keys are printed while the cache is gone through, so their columns have widths
 * that are known before; what is wider pushes the rest of its line along.
 */
#include <inttypes.h>

#include "base/attr.h"
#include "cache.h"
#include "facts/cache_report.h"
#include "style.h"
#include "wire/vocabulary.h"
#include "words/readable.h"

/* As they are: for the next program of a pipe. */
static int print_get(FILE *out, const struct cache_item *item)
{
	fwrite(item->value, 1, item->entry.size, out);
	return 0;
}

static int print_set(FILE *out, const struct cache_setting *setting)
{
	fprintf(out, "%s: %sversion %" PRIu64 ", %zu bytes\n", setting->name,
		setting->is_new ? "created, " : "", setting->version, setting->size);
	return 0;
}

/* Silent when all is as it was wished for; what was not there has been said. */
static int print_delete(FILE *out attr_unused, const struct cache_deletion *deletions attr_unused,
			size_t n attr_unused)
{
	return 0;
}

static int print_flush(FILE *out attr_unused, const char *name attr_unused)
{
	return 0;
}

/* How many of those who asked have got something. */
static void print_ratio(FILE *out, const struct shmb_cache_stats *stats)
{
	double hits = (double)stats->hits, all = hits + (double)stats->misses;

	if (all > 0)
		fprintf(out, "%.1f %% of %.0f lookups", 100 * hits / all, all);
	else
		fputs("no lookups yet", out);
}

static const char *value_text(const struct cache_report *report, const struct cache_row *row,
			      char text[static UNITS_TEXT_MAX])
{
	uint64_t value = cache_row_value(report, row);

	switch (row->kind) {
	case CACHE_SIZE:
		return readable_size(value, text);
	case CACHE_AGE:
		return readable_age(value, text);
	default:
		snprintf(text, UNITS_TEXT_MAX, "%" PRIu64, value);
		return text;
	}
}

static int print_stats(FILE *out, const struct cache_report *report)
{
	const struct shmb_cache_facts *facts = &report->facts;
	char text[UNITS_TEXT_MAX];

	fprintf(out, "%-22s %s\n", "name", report->name);
	fprintf(out, "%-22s %s, %s\n", "size", readable_size(facts->size, text),
		wire_backing_text(facts->segment.backing));
	fprintf(out, "%-22s %s\n", "of which the index", readable_size(facts->index_size, text));
	fprintf(out, "%-22s %s\n", "largest value", readable_size(facts->value_size, text));
	fprintf(out, "%-22s %" PRIu32 "\n", "shards", facts->shards);
	fprintf(out, "%-22s ", "hit ratio");
	print_ratio(out, &report->stats);
	fputc('\n', out);
	for (size_t i = 0; i < cache_rows_n; i++)
		fprintf(out, "%-22s %s\n", cache_rows[i].label,
			value_text(report, &cache_rows[i], text));
	return 0;
}

void output_cache_show(FILE *out, const struct cache_report *report)
{
	const struct shmb_cache_stats *stats = &report->stats;
	char bytes[UNITS_TEXT_MAX];

	fprintf(out, "cache       %" PRIu64 " entries with %s of keys and values; hit ratio: ",
		stats->entries, readable_size(stats->bytes, bytes));
	print_ratio(out, stats);
	fprintf(out,
		"\nevicted     %" PRIu64 " for room, %" PRIu64 " for the index, %" PRIu64
		" past the time\n",
		stats->evicted_room, stats->evicted_index, stats->evicted_expired);
}

#define LONG_FORMAT "%7s  %6s  %6s  %18s  %10s  %s"

static int print_titles(FILE *out, bool is_long)
{
	char titles[128];

	if (!is_long)
		return 0;
	snprintf(titles, sizeof(titles), LONG_FORMAT, "SIZE", "TTL", "AGE", "VERSION", "FLAGS",
		 "KEY");
	style_print(out, STYLE_TITLE, titles);
	fputc('\n', out);
	return 0;
}

static int print_key(FILE *out, const struct cache_item *item, bool is_long)
{
	char key[READABLE_BYTES_MAX(SHMB_CACHE_KEY_MAX)], version[24], flags[16];
	char size[UNITS_TEXT_MAX], ttl[UNITS_TEXT_MAX], age[UNITS_TEXT_MAX];
	const struct shmb_cache_entry *entry = &item->entry;

	readable_bytes(item->key, item->key_size, key);
	if (!is_long) {
		fprintf(out, "%s\n", key);
		return 0;
	}
	snprintf(version, sizeof(version), "%" PRIu64, entry->version);
	snprintf(flags, sizeof(flags), "%" PRIu32, entry->flags);
	fprintf(out, LONG_FORMAT "\n", units_format_size(entry->size, size),
		entry->ttl_ms ? readable_age(entry->ttl_ms, ttl) : "-",
		readable_age(entry->age_ms, age), version, flags, key);
	return 0;
}

const struct output_cache output_cache_human = {
	.get = print_get,
	.set = print_set,
	.delete = print_delete,
	.stats = print_stats,
	.flush = print_flush,
	.titles = print_titles,
	.key = print_key,
};
