/*
 * Caches for programs. A version is a string, as ids are, since it needs more than 53 bits.
 */
#include <string.h>

#include "base/attr.h"
#include "cache.h"
#include "facts/cache_report.h"
#include "shape.h"
#include "wire/vocabulary.h"

static void put_key(struct shape *shape, const void *key, size_t size)
{
	shape_put_bytes(shape, "key", "key_base64", key, size);
}

static struct shape describe_item(const struct cache_item *item)
{
	const struct shmb_cache_entry *entry = &item->entry;
	struct shape shape = shape_object();

	put_key(&shape, item->key, item->key_size);
	shape_put_number(&shape, "size", entry->size);
	shape_put_number(&shape, "flags", entry->flags);
	shape_put_id(&shape, "version", entry->version);
	shape_put(&shape, "ttl_ms",
		  entry->ttl_ms ? json_integer((json_int_t)entry->ttl_ms) : json_null());
	shape_put_number(&shape, "age_ms", entry->age_ms);
	return shape;
}

static int print_get(FILE *out, const struct cache_item *item)
{
	struct shape shape = describe_item(item);

	shape_put_bytes(&shape, "text", "base64", item->value, item->entry.size);
	return shape_print(out, shape);
}

static int print_set(FILE *out, const struct cache_setting *setting)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", setting->name);
	put_key(&shape, setting->key, strlen(setting->key));
	shape_put_id(&shape, "version", setting->version);
	shape_put_number(&shape, "size", setting->size);
	shape_put_truth(&shape, "created", setting->is_new);
	return shape_print(out, shape);
}

static int print_delete(FILE *out, const struct cache_deletion *deletions, size_t n)
{
	struct shape_rows rows = shape_rows(out, "deletions");

	for (size_t i = 0; i < n; i++) {
		struct shape shape = shape_object();

		put_key(&shape, deletions[i].key, strlen(deletions[i].key));
		shape_put_truth(&shape, "deleted", deletions[i].is_deleted);
		shape_put_path_or_null(&shape, "error", deletions[i].fault);
		shape_rows_add(&rows, shape);
	}
	return shape_rows_end(&rows);
}

struct shape output_cache_describe(const struct cache_report *report)
{
	const struct shmb_cache_facts *facts = &report->facts;
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", report->name);
	shape_put_id(&shape, "id", facts->segment.id);
	shape_put_text(&shape, "backing", wire_backing_text(facts->segment.backing));
	shape_put_number(&shape, "size", facts->size);
	shape_put_number(&shape, "index_size", facts->index_size);
	shape_put_number(&shape, "value_size", facts->value_size);
	shape_put_number(&shape, "shards", facts->shards);
	for (size_t i = 0; i < cache_rows_n; i++) {
		const struct cache_row *row = &cache_rows[i];

		if (cache_row_counts(report, row))
			shape_put_number(&shape, row->member, cache_row_value(report, row));
		else
			shape_put(&shape, row->member, json_null());
	}
	return shape;
}

static int print_stats(FILE *out, const struct cache_report *report)
{
	return shape_print(out, output_cache_describe(report));
}

static int print_flush(FILE *out, const char *name)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", name);
	return shape_print(out, shape);
}

static int print_titles(FILE *out attr_unused, bool is_long attr_unused)
{
	return 0;
}

static int print_key(FILE *out, const struct cache_item *item, bool is_long attr_unused)
{
	return shape_print_line(out, describe_item(item));
}

const struct output_cache output_cache_json = {
	.get = print_get,
	.set = print_set,
	.delete = print_delete,
	.stats = print_stats,
	.flush = print_flush,
	.titles = print_titles,
	.key = print_key,
};
