/*
 * Caches. Whoever goes on finds of each key what it had, what the victim was giving it, or nothing,
 * and never half of it or another key's; sets all of them anew; and all fits together then. Where
 * the victim had room enough, no other key than its own may be gone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <shmbroker/error.h>

#include "cache_image.h"
#include "core/futex.h"
#include "formats/cache_find.h"
#include "operation.h"
#include "support/cache_audit.h"

#define OLD      1 /* serials: of what was there, */
#define NEW      2 /* of what the victim sets, */
#define LAST     3 /* and of who goes on */
#define COMPUTED 4
#define FRESH    1000u /* a key that is not there */
#define NUMBER   2000u /* one that has a number */
#define LATER_MS 100000
#define DEADLINE shmb_deadline_in_ms(20000)

/* Of the process that calls. */
static struct shmb_cache *mine;

/* Made by the engine, for the victim. */
static struct shmb_cache_job job;

/*
 * Set-ups, in the engine.
 */

static void fill(struct cache_image *image, unsigned keys, uint64_t ttl_ms)
{
	struct shmb_cache *cache = cache_image_handle(image, image->cast.former);

	for (unsigned key = 0; key < keys; key++)
		if (cache_image_set(cache, key, OLD, cache_image_size(key), ttl_ms) != 0)
			abort();
	image->keys = keys;
	cache_image_close(cache);
}

static void set_up_nothing(void *data)
{
	struct cache_image *image = data;

	image->cast = cast_renew();
}

static void set_up(void *data)
{
	cache_image_lay_out(data, 64);
	fill(data, CACHE_IMAGE_KEYS, 0);
}

static void set_up_large(void *data)
{
	struct cache_image *image = data;
	struct shmb_cache *cache;

	set_up(data);
	cache = cache_image_handle(image, image->cast.former);
	if (cache_image_set(cache, 0, OLD, CACHE_IMAGE_LARGE, 0) != 0)
		abort();
	cache_image_close(cache);
}

static void set_up_full(void *data)
{
	cache_image_lay_out(data, 64);
	fill(data, CACHE_IMAGE_CROWD, 0);
}

/* And every second one of the oldest of the main log, and all of the nursery, were got: they are
 * kept, and moved over the small gaps that the others leave. */
static void set_up_full_and_got(void *data)
{
	struct cache_image *image = data;
	struct shmb_cache *cache;

	set_up_full(data);
	cache = cache_image_handle(image, image->cast.former);
	for (unsigned key = 0; key < CACHE_IMAGE_CROWD; key++)
		if ((key < 12 && key % 2 == 0) || key >= CACHE_IMAGE_CROWD - 20)
			(void)cache_image_serial(cache, key);
	cache_image_close(cache);
}

/* Half of what is in the main log was deleted. */
static void set_up_full_of_waste(void *data)
{
	struct cache_image *image = data;
	struct shmb_cache *cache;

	set_up_full_and_got(data);
	cache = cache_image_handle(image, image->cast.former);
	for (unsigned key = 0; key < CACHE_IMAGE_CROWD; key += 2)
		(void)shmb_cache_delete(cache, &key, sizeof(key), SHMB_NO_DEADLINE);
	cache_image_close(cache);
}

static void set_up_full_and_past(void *data)
{
	struct cache_image *image = data;

	cache_image_lay_out(data, 64);
	fill(data, CACHE_IMAGE_CROWD, 1000);
	image->later_ms = LATER_MS;
}

/* Of the main log all is past its time, of the nursery nothing. */
static void set_up_full_and_partly_past(void *data)
{
	struct cache_image *image = data;
	struct shmb_cache *cache;

	cache_image_lay_out(data, 64);
	cache = cache_image_handle(image, image->cast.former);
	for (unsigned key = 0; key < CACHE_IMAGE_CROWD; key++)
		if (cache_image_set(cache, key, OLD, cache_image_size(key),
				    key < CACHE_IMAGE_CROWD - 30 ? 1000 : 0) != 0)
			abort();
	image->keys = CACHE_IMAGE_CROWD;
	image->later_ms = LATER_MS;
	cache_image_close(cache);
}

/* An index with few slots, all of which lead somewhere. */
static void set_up_full_index(void *data)
{
	cache_image_lay_out(data, 2000);
	fill(data, 60, 0);
}

static void set_up_number(void *data)
{
	struct cache_image *image = data;
	const unsigned key = NUMBER;
	struct shmb_cache *cache;

	set_up(data);
	cache = cache_image_handle(image, image->cast.former);
	if (shmb_cache_set(cache, &key, sizeof(key), "99", 2, NULL, SHMB_NO_DEADLINE, NULL) != 0)
		abort();
	cache_image_close(cache);
}

/* One slot of KEY, and its entry. */
static struct cache_sight sight_of(struct cache_image *image, unsigned key)
{
	struct shmb_cache *cache = cache_image_handle(image, 0);
	struct cache_sight sight;
	struct cache_key located;

	cache_locate(&cache->view, &key, sizeof(key), &located);
	if (cache_find(&cache->view, &located, &sight) != CACHE_FOUND)
		abort();
	cache_image_close(cache);
	return sight;
}

/* Somebody died with the lock: key 1 was being set in place, key 2 moved, and of key 3 there are
 * two entries. */
static void set_up_orphaned(void *data)
{
	struct cache_image *image = data;
	struct shmb_cache *cache;
	struct cache_sight sight;

	set_up(data);
	cache = cache_image_handle(image, image->cast.former);
	if (shmb_lock_acquire((struct shmb_lock *)cache_shard(&cache->view, 0)->lock, cache->member,
			      SHMB_AT_ONCE) != 0)
		abort();
	sight = sight_of(image, 1);
	atomic_store(&sight.entry->version, 0);
	sight = sight_of(image, 2);
	atomic_store(sight.slot, sight.word | CACHE_BUSY);
	sight = sight_of(image, 3);
	atomic_store(sight.slot, 0);
	cache_image_close(cache);
	cast_bury(image->cast.former);
}

static void begin_as(struct cache_image *image, uint64_t id)
{
	struct shmb_cache *cache = cache_image_handle(image, id);
	const unsigned key = FRESH;

	if (shmb_cache_get_or_begin(cache, &key, sizeof(key), NULL, 0, NULL, SHMB_AT_ONCE, &job,
				    NULL) != SHMB_FILL)
		abort();
	cache_image_close(cache);
}

/* The victim has a job. */
static void set_up_begun(void *data)
{
	struct cache_image *image = data;

	set_up(data);
	begin_as(image, image->cast.victim);
}

/* Somebody had it, and died. */
static void set_up_begun_by_another(void *data)
{
	struct cache_image *image = data;

	set_up(data);
	begin_as(image, image->cast.former);
	cast_bury(image->cast.former);
}

static void bury(void *data)
{
	struct cache_image *image = data;

	cast_bury(image->cast.victim);
}

/*
 * Operations, of the victim.
 */

static void be_nobody(void *data)
{
	(void)data;
}

static void be_writer(void *data)
{
	struct cache_image *image = data;

	mine = cache_image_handle(image, image->cast.victim);
}

static const char *lay_out(void *data)
{
	struct cache_image *image = data;
	static const uint8_t instance[LAYOUT_INSTANCE_SIZE];
	struct cache_shape shape = {.size = sizeof(image->memory), .n_shards = 1, .seed = 99};

	cache_plan_index(&shape, 64);
	HOLDS(cache_format(image->memory, sizeof(image->memory), &shape, instance) == 0,
	      "it is not laid out");
	return NULL;
}

static const char *get(void *data)
{
	(void)data;
	HOLDS(cache_image_serial(mine, 0) == OLD, "what was set is not had");
	return NULL;
}

static const char *set_in_place(void *data)
{
	(void)data;
	HOLDS(cache_image_set(mine, 0, NEW, cache_image_size(0), 0) == 0, "it is not set");
	return NULL;
}

static const char *set_large(void *data)
{
	(void)data;
	HOLDS(cache_image_set(mine, 0, NEW, CACHE_IMAGE_LARGE, 0) == 0, "it is not set");
	return NULL;
}

static const char *set_fresh(void *data)
{
	(void)data;
	HOLDS(cache_image_set(mine, FRESH, NEW, 60, 0) == 0, "it is not set");
	return NULL;
}

static const char *set_large_fresh(void *data)
{
	(void)data;
	HOLDS(cache_image_set(mine, FRESH, NEW, CACHE_IMAGE_LARGE, 0) == 0, "it is not set");
	return NULL;
}

static const char *delete (void *data)
{
	const unsigned key = 0;

	(void)data;
	HOLDS(shmb_cache_delete(mine, &key, sizeof(key), SHMB_NO_DEADLINE) == 0,
	      "it is not deleted");
	return NULL;
}

static const char *touch(void *data)
{
	const unsigned key = 0;

	(void)data;
	HOLDS(shmb_cache_touch(mine, &key, sizeof(key), 1000000, SHMB_NO_DEADLINE) == 0,
	      "it is not touched");
	return NULL;
}

static const char *increment(void *data)
{
	const unsigned key = NUMBER;

	(void)data;
	HOLDS(shmb_cache_increment(mine, &key, sizeof(key), 1, SHMB_NO_DEADLINE, NULL) == 0,
	      "it is not added to");
	return NULL;
}

static const char *flush(void *data)
{
	(void)data;
	HOLDS(shmb_cache_flush(mine, SHMB_NO_DEADLINE) == 0, "it is not flushed");
	return NULL;
}

static int compute(void *buffer, size_t room, size_t *ret_size, struct shmb_cache_terms *terms,
		   void *data)
{
	(void)data;
	if (room < 60)
		abort();
	cache_image_fill(FRESH, COMPUTED, buffer, 60);
	*ret_size = 60;
	terms->flags = FRESH;
	return 0;
}

static const char *get_or_fill(void *data)
{
	unsigned char value[CACHE_IMAGE_LARGE];
	const unsigned key = FRESH;

	(void)data;
	HOLDS(shmb_cache_get_or_fill(mine, &key, sizeof(key), value, sizeof(value), compute, NULL,
				     NULL, DEADLINE, NULL) == 0,
	      "it is not computed");
	HOLDS(value[0] == COMPUTED || value[0] == NEW, "something else was computed");
	return NULL;
}

static const char *finish(void *data)
{
	unsigned char value[60];
	const unsigned key = FRESH;
	const struct shmb_cache_terms terms = {.flags = FRESH};

	(void)data;
	cache_image_fill(FRESH, NEW, value, sizeof(value));
	HOLDS(shmb_cache_finish(mine, &job, &key, sizeof(key), value, sizeof(value), &terms,
				SHMB_NO_DEADLINE, NULL) == 0,
	      "a job is not finished");
	return NULL;
}

static const char *fail(void *data)
{
	const unsigned key = FRESH;

	(void)data;
	HOLDS(shmb_cache_fail(mine, &job, &key, sizeof(key), -EPIPE, 1000, SHMB_NO_DEADLINE) == 0,
	      "a job does not fail");
	return NULL;
}

/*
 * Survivors.
 */

/* What KEY has to the reader CACHE is OLD or NEW, or, where it MAY_MISS, nothing. */
static const char *look(const struct shmb_cache *cache, unsigned key, bool may_miss)
{
	int serial = cache_image_serial(cache, key);

	HOLDS(serial >= 0, "a value is torn, or another key's");
	HOLDS(serial == OLD || serial == NEW || serial == COMPUTED || (serial == 0 && may_miss),
	      serial ? "a value comes from nowhere" : "a key is gone that nobody touched");
	return NULL;
}

/* All keys but 0 and FRESH, of which there is more to be said. */
static const char *look_at_others(const struct shmb_cache *cache, const struct cache_image *image,
				  bool may_miss)
{
	const char *wrong = NULL;

	for (unsigned key = 1; key < image->keys && !wrong; key++)
		wrong = look(cache, key, may_miss);
	return wrong;
}

/* Through a mapping that is not written to, as long as nobody has repaired anything. */
static const char *look_first(struct cache_image *image)
{
	struct shmb_cache *looking = cache_image_handle(image, 0);
	const char *wrong = look_at_others(looking, image, true);

	if (!wrong)
		wrong = look(looking, 0, true);
	return wrong ? wrong : look(looking, FRESH, true);
}

static const char *set_all(struct cache_image *image)
{
	for (unsigned key = 0; key < image->keys; key++) {
		HOLDS(cache_image_set(mine, key, LAST, cache_image_size(key), 0) == 0,
		      "nothing can be set any more");
		HOLDS(cache_image_serial(mine, key) == LAST, "what was set is not had");
	}
	HOLDS(cache_image_set(mine, FRESH, LAST, CACHE_IMAGE_LARGE, 0) == 0,
	      "nothing large can be set any more");
	HOLDS(cache_image_serial(mine, FRESH) == LAST, "what was set is not had");
	return cache_audit(&mine->view);
}

/* In the end KEY has what EXPECTED says when the victim was done, and else something that it had.
 */
static const char *go_on_with(struct cache_image *image, unsigned key, int expected, bool is_whole,
			      bool may_miss)
{
	const char *wrong = look_first(image);
	int serial;

	if (wrong)
		return wrong;
	mine = cache_image_handle(image, image->cast.survivor);
	serial = cache_image_serial(mine, key);
	HOLDS(!is_whole || serial == expected, "what was done is not there");
	HOLDS(serial == 0 || serial == OLD || serial == NEW, "a value is torn or from nowhere");
	/* So that what the victim has left half done is mended before others are looked at. */
	HOLDS(cache_image_set(mine, FRESH + 1, LAST, 20, 0) == 0, "nothing can be set any more");
	wrong = look_at_others(mine, image, may_miss);
	return wrong ? wrong : set_all(image);
}

static const char *go_on_unchanged(void *data, bool is_whole)
{
	return go_on_with(data, 0, OLD, is_whole, false);
}

static const char *go_on_set(void *data, bool is_whole)
{
	return go_on_with(data, 0, NEW, is_whole, false);
}

static const char *go_on_fresh(void *data, bool is_whole)
{
	return go_on_with(data, FRESH, NEW, is_whole, false);
}

static const char *go_on_deleted(void *data, bool is_whole)
{
	return go_on_with(data, 0, 0, is_whole, false);
}

static const char *go_on_crowded(void *data, bool is_whole)
{
	return go_on_with(data, FRESH, NEW, is_whole, true);
}

/* What died with the lock may have taken its own keys with it; the victim sets key 0. */
static const char *go_on_repaired(void *data, bool is_whole)
{
	return go_on_with(data, 0, NEW, is_whole, true);
}

static const char *go_on_flushed(void *data, bool is_whole)
{
	return go_on_with(data, 0, 0, is_whole, true);
}

static const char *go_on_counting(void *data, bool is_whole)
{
	const unsigned key = NUMBER;
	struct shmb_cache_entry entry;
	char text[4] = "";
	int r;

	mine = cache_image_handle(data, ((struct cache_image *)data)->cast.survivor);
	r = shmb_cache_get(mine, &key, sizeof(key), text, sizeof(text), &entry);
	HOLDS(r == 0 || (r == SHMB_MISS && !is_whole), "a number is gone");
	HOLDS(r != 0 || (entry.size == 2 && memcmp(text, "99", 2) == 0 && !is_whole) ||
		      (entry.size == 3 && memcmp(text, "100", 3) == 0),
	      "a number is neither what it was nor one more");
	return go_on_with(data, 0, OLD, false, false);
}

/* The job is done, or done now, without waiting for a deadline. */
static const char *go_on_filling(void *data, bool is_whole)
{
	struct cache_image *image = data;
	const char *wrong = look_first(image);

	if (wrong)
		return wrong;
	mine = cache_image_handle(image, image->cast.survivor);
	HOLDS(!is_whole || cache_image_serial(mine, FRESH) > 0, "what was computed is not there");
	wrong = get_or_fill(image);
	if (wrong)
		return wrong;
	HOLDS(cache_image_serial(mine, FRESH) > 0, "what is computed is not kept");
	wrong = look_at_others(mine, image, false);
	return wrong ? wrong : set_all(image);
}

/* A failure is what the victim said, or there is nothing. */
static const char *go_on_failed(void *data, bool is_whole)
{
	struct cache_image *image = data;
	unsigned char value[CACHE_IMAGE_LARGE];
	const unsigned key = FRESH;
	int r;

	mine = cache_image_handle(image, image->cast.survivor);
	r = shmb_cache_get_or_fill(mine, &key, sizeof(key), value, sizeof(value), compute, NULL,
				   NULL, DEADLINE, NULL);
	HOLDS(r == -EPIPE || (r == 0 && !is_whole), "a failure is not what was said");
	return set_all(image);
}

/* The header is whole, or it is none. */
static const char *open_or_lay_out(void *data, bool is_whole)
{
	struct cache_image *image = data;
	uint8_t found[LAYOUT_INSTANCE_SIZE];
	struct cache_view view;
	const char *fault, *wrong;
	int r = cache_attach(image->memory, sizeof(image->memory), &view, found, &fault);

	HOLDS(r == 0 || (r == -ESTALE && !is_whole), "half a header is taken for something");
	wrong = r < 0 ? lay_out(image) : NULL;
	if (wrong)
		return wrong;
	image->keys = CACHE_IMAGE_KEYS;
	mine = cache_image_handle(image, image->cast.survivor);
	return set_all(image);
}

/* The survivor waits for what the victim computes, or for its death. */
static const char *sleep_for_job(void *data, bool is_whole)
{
	struct cache_image *image = data;

	(void)is_whole;
	futex_rely_on_wakes(true);
	mine = cache_image_handle(image, image->cast.survivor);
	return get_or_fill(image);
}

#define ROW(what, setting, preparing, doing, going_on)                                             \
	.name = "cache: " what, .size = sizeof(struct cache_image), .set_up = setting,             \
	.prepare = preparing, .act = doing, .bury = bury, .go_on = going_on

/* clang-format off */
const struct operation cache_operations[] = {
	{ROW("lay out", set_up_nothing, be_nobody, lay_out, open_or_lay_out)},
	{ROW("get", set_up, be_writer, get, go_on_unchanged)},
	{ROW("set what is not there", set_up, be_writer, set_fresh, go_on_fresh)},
	{ROW("set in place", set_up, be_writer, set_in_place, go_on_set)},
	{ROW("set much in place", set_up_large, be_writer, set_large, go_on_set)},
	{ROW("set what has to grow", set_up, be_writer, set_large, go_on_set)},
	{ROW("delete", set_up, be_writer, delete, go_on_deleted)},
	{ROW("touch", set_up, be_writer, touch, go_on_unchanged)},
	{ROW("increment", set_up_number, be_writer, increment, go_on_counting)},
	{ROW("set and forget another", set_up_full, be_writer, set_fresh, go_on_crowded)},
	{ROW("set and keep others", set_up_full_and_got, be_writer, set_fresh, go_on_crowded)},
	{ROW("set much and move others", set_up_full_and_got, be_writer, set_large_fresh, go_on_crowded)},
	{ROW("set much where much is waste", set_up_full_of_waste, be_writer, set_large_fresh, go_on_crowded)},
	{ROW("set where all is past its time", set_up_full_and_past, be_writer, set_large_fresh, go_on_crowded)},
	{ROW("set where others are past their time", set_up_full_and_partly_past, be_writer, set_fresh, go_on_crowded)},
	{ROW("set where the index is full", set_up_full_index, be_writer, set_fresh, go_on_crowded)},
	{ROW("flush", set_up, be_writer, flush, go_on_flushed)},
	{ROW("set after a death", set_up_orphaned, be_writer, set_in_place, go_on_repaired)},
	{ROW("get or fill", set_up, be_writer, get_or_fill, go_on_filling)},
	{ROW("fill after a death", set_up_begun_by_another, be_writer, get_or_fill, go_on_filling)},
	{ROW("finish a job", set_up_begun, be_writer, finish, go_on_filling)},
	{ROW("fail", set_up_begun, be_writer, fail, go_on_failed)},
	{ROW("finish a job, one sleeps", set_up_begun, be_writer, finish, sleep_for_job), .sleeps = true},
	{.name = NULL},
};
/* clang-format on */
