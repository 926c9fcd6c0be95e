#include "support/cache_audit.h"

#include "formats/cache_find.h"

#define HOLDS(condition, what)                                                                     \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return what;                                                               \
	} while (0)

/* What has been seen of a shard. */
struct audit {
	const struct cache_view *view;
	struct cache_shard *shard;
	uint64_t entries;
	uint64_t bytes;
	uint64_t waste; /* units, of the log that is gone through */
};

static const char *audit_entry(struct audit *audit, uint32_t place, const struct cache_entry *entry)
{
	uint64_t meta = atomic_load(&entry->meta), version = atomic_load(&entry->version);
	unsigned led = 0;
	struct cache_key key;

	cache_locate(audit->view, entry->key, cache_meta_key_size(meta), &key);
	HOLDS(key.shard == audit->shard, "an entry is in the wrong shard");
	for (unsigned i = 0; i < 2 * CACHE_BUCKET_SLOTS; i++) {
		uint64_t word = atomic_load(
			&key.buckets[i / CACHE_BUCKET_SLOTS]->slots[i % CACHE_BUCKET_SLOTS]);

		if (cache_slot_place(word) != place)
			continue;
		HOLDS(cache_slot_tag(word) == key.tag, "a slot has another key's tag");
		HOLDS(!(word & CACHE_BUSY), "a slot is busy");
		led++;
	}
	HOLDS(led > 0, "an entry is led to by no slot");
	HOLDS(version != 0, "an entry has no version");
	HOLDS(version <= atomic_load(&audit->shard->version), "a version is yet to come");
	audit->entries++;
	audit->bytes += cache_meta_key_size(meta) + cache_meta_value_size(meta);
	return NULL;
}

/* From unit BEGIN to END. */
static const char *audit_run(struct audit *audit, const struct cache_span *span, uint32_t begin,
			     uint32_t end)
{
	const char *wrong = NULL;

	while (begin < end && !wrong) {
		struct cache_entry *entry = cache_entry(audit->shard, span->start + begin);
		uint64_t meta = atomic_load(&entry->meta);
		uint32_t units = cache_meta_units(meta);

		HOLDS(units > 0 && units <= end - begin, "a log cannot be gone through");
		if (cache_meta_kind(meta) == CACHE_FREE)
			audit->waste += units;
		else if (!cache_is_entry(audit->view, meta, end - begin))
			wrong = "an entry has impossible sizes";
		else
			wrong = audit_entry(audit, span->start + begin, entry);
		begin += units;
	}
	return wrong;
}

static const char *audit_log(struct audit *audit, enum cache_log_name name)
{
	const struct cache_span *span = &audit->view->logs[name];
	struct cache_log *log = &audit->shard->logs[name];
	uint64_t gap = atomic_load(&log->gap);
	uint32_t begin = cache_gap_begin(gap), end = cache_gap_end(gap, span->units);
	const char *wrong;

	audit->waste = 0;
	HOLDS(begin <= end && end <= span->units, "a gap is impossible");
	wrong = audit_run(audit, span, 0, begin);
	if (!wrong)
		wrong = audit_run(audit, span, end, span->units);
	HOLDS(wrong || audit->waste == atomic_load(&log->waste), "the waste is wrong");
	return wrong;
}

static uint64_t count_leading(const struct audit *audit)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < audit->view->n_buckets; i++)
		for (unsigned j = 0; j < CACHE_BUCKET_SLOTS; j++)
			n += cache_slot_place(
				     atomic_load(&cache_bucket(audit->shard, i)->slots[j])) != 0;
	return n;
}

static const char *audit_shard(struct audit *audit)
{
	const char *wrong = audit_log(audit, CACHE_NURSERY);

	if (!wrong)
		wrong = audit_log(audit, CACHE_MAIN);
	HOLDS(!wrong, wrong);
	HOLDS(audit->entries == count_leading(audit), "a slot leads to no entry");
	HOLDS(audit->entries == atomic_load(&audit->shard->tallies.entries),
	      "the number of entries is wrong");
	HOLDS(audit->bytes == atomic_load(&audit->shard->tallies.bytes),
	      "the number of bytes is wrong");
	return NULL;
}

const char *cache_audit(const struct cache_view *view)
{
	const char *wrong = NULL;

	for (uint32_t i = 0; i < view->shape.n_shards && !wrong; i++) {
		struct audit audit = {.view = view, .shard = cache_shard(view, i)};

		wrong = audit_shard(&audit);
	}
	return wrong;
}
