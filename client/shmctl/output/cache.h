/*
 * What the commands about caches have to say: a part of output.h, by the same rules.
 */
#ifndef SHMCTL_OUTPUT_CACHE_H
#define SHMCTL_OUTPUT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <shmbroker/cache.h>

struct cache_report;
struct shape;

/* A key, and what the cache has for it. */
struct cache_item {
	const void *key;
	size_t key_size;
	const void *value; /* of entry.size bytes; NULL where only the key was asked for */
	struct shmb_cache_entry entry;
};

struct cache_setting {
	const char *name;
	const char *key;
	size_t size; /* of its value */
	uint64_t version;
	bool is_new; /* the cache was created */
};

struct cache_deletion {
	const char *key;
	bool is_deleted;
	char *fault; /* why it was not, unless it was not there */
};

struct output_cache {
	int (*get)(FILE *out, const struct cache_item *item);
	int (*set)(FILE *out, const struct cache_setting *setting);
	int (*delete)(FILE *out, const struct cache_deletion *deletions, size_t n);
	int (*stats)(FILE *out, const struct cache_report *report);
	int (*flush)(FILE *out, const char *name);
	/* One of the keys; before the first one the titles, where there are any. */
	int (*titles)(FILE *out, bool is_long);
	int (*key)(FILE *out, const struct cache_item *item, bool is_long);
};

/* What "show" says of a cache beyond what it says of any object. */
void output_cache_show(FILE *out, const struct cache_report *report);

/* The same for JSON, which is what "cache stats" prints. */
struct shape output_cache_describe(const struct cache_report *report);

extern const struct output_cache output_cache_human;
extern const struct output_cache output_cache_json;

#endif
