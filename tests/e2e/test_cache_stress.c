/*
 * A cache under fate: eight processes do anything at all with it, one of them is killed every 50
 * ms, and another takes its place. Some keys are one process's own: of these it knows what it set
 * last, and finds that or nothing. The others are everybody's: what is found says whose it is, and
 * is whole. At the end all of the cache fits together, and the ledger is as at the beginning.
 *
 *   SHMB_TEST_SECONDS=600   for so long; the seed is printed
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "library.h"
#include "support/cache_audit.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/suite.h"

#define NAME      "cache"
#define PROCESSES 8u
#define OWN       200u /* keys of one process */
#define SHARED    300u
#define VALUE     1000u /* bytes that the largest value has beside what it says */
#define TICK_MS   50
#define FAR       shmb_deadline_in_ms(60000)

/* What a value says. */
struct value {
	uint32_t owner; /* the process whose key it is; PROCESSES for everybody's */
	uint32_t key;
	uint32_t serial;
	uint32_t size; /* of the rest */
	unsigned char fill[VALUE];
};

/* An own key, as its process knows it, and whoever takes the place of that when it has died. While
 * it is in doubt MEANT may have been set, or the key deleted; and what else stands here may be half
 * changed. */
struct own {
	_Atomic bool is_set;
	_Atomic bool in_doubt;
	_Atomic uint32_t serial;
	_Atomic uint32_t meant;
	_Atomic uint64_t version;
};

static struct broker broker;
static struct shmb_connection *connection;
static struct shmb_cache *cache;
static struct shmb_cache_options options;
static struct chance chance;

/* What outlives them. */
static struct board {
	_Atomic bool ends;
	_Atomic uint64_t n_done, n_hits;
	struct own own[PROCESSES][OWN];
} * board;

/* Of a child. */
static uint32_t me;
static struct own *own;

static void start(void)
{
	broker_start(&broker, NULL);
	connection = library_connect(&broker);
	options = (struct shmb_cache_options){.segment.flags = SHMB_CREATE,
					      .size = 1 << 17,
					      .entry_size = 150};
	expect_ok(shmb_cache_open(connection, NAME, &options, &cache));
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	ck_assert_ptr_ne(board, MAP_FAILED);
	chance_init(&chance);
}

static void stop(void)
{
	munmap(board, sizeof(*board));
	shmb_cache_close(cache);
	shmb_disconnect(connection);
	broker_stop(&broker);
}

static unsigned char byte_of(const struct value *value)
{
	return (unsigned char)(value->owner * 31 + value->key * 7 + value->serial);
}

static struct value make(uint32_t owner, uint32_t key, uint32_t serial)
{
	struct value value = {.owner = owner, .key = key, .serial = serial};

	value.size = (uint32_t)chance_below(&chance, 1 + (VALUE >> chance_below(&chance, 6)));
	memset(value.fill, byte_of(&value), value.size);
	return value;
}

static size_t size_of(const struct value *value)
{
	return offsetof(struct value, fill) + value->size;
}

static void must_be_whole(const struct value *value, size_t size, uint32_t owner, uint32_t key)
{
	must(size >= offsetof(struct value, fill) && size == size_of(value));
	must(value->owner == owner && value->key == key);
	for (uint32_t i = 0; i < value->size; i++)
		must(value->fill[i] == byte_of(value));
}

static size_t key_text(char text[static 32], uint32_t owner, uint32_t key)
{
	return (size_t)snprintf(text, 32, "%u/%u", owner, key);
}

/*
 * Own keys.
 */

/* It has this, beyond doubt. */
static void know(struct own *mine, uint32_t serial, uint64_t version)
{
	mine->serial = serial;
	mine->version = version;
	mine->is_set = true;
	mine->in_doubt = false;
}

/* What is found resolves a doubt; what is not may be there all the same, while it is changed. */
static void look_at_own(uint32_t key)
{
	struct own *mine = &own[key];
	struct shmb_cache_entry entry;
	struct value value;
	char text[32];
	size_t size = key_text(text, me, key);
	int r = shmb_cache_get(cache, text, size, &value, sizeof(value), &entry);

	must(r == 0 || r == SHMB_MISS);
	if (r != 0)
		return;
	must_be_whole(&value, entry.size, me, key);
	if (mine->in_doubt && value.serial == mine->meant)
		know(mine, value.serial, entry.version);
	must(mine->is_set);
	must(value.serial == mine->serial && entry.version == mine->version);
	mine->in_doubt = false;
	atomic_fetch_add(&board->n_hits, 1);
}

static void set_own(uint32_t key)
{
	struct own *mine = &own[key];
	uint32_t serial = (mine->meant > mine->serial ? mine->meant : mine->serial) + 1;
	struct value value = make(me, key, serial);
	char text[32];
	size_t size = key_text(text, me, key);
	uint64_t version;
	int r;

	/* A doubt about one that was set before would be forgotten with this one. */
	if (mine->in_doubt)
		must(shmb_cache_delete(cache, text, size, FAR) >= 0);
	mine->meant = serial;
	mine->in_doubt = true;
	switch (chance_below(&chance, 4)) {
	case 0:
		r = shmb_cache_add(cache, text, size, &value, size_of(&value), NULL, FAR, &version);
		break;
	case 1:
		r = shmb_cache_compare_and_set(cache, text, size, mine->version, &value,
					       size_of(&value), NULL, FAR, &version);
		must(r != SHMB_CHANGED);
		break;
	default:
		r = shmb_cache_set(cache, text, size, &value, size_of(&value), NULL, FAR, &version);
	}
	must(r >= 0);
	if (r == 0)
		know(mine, serial, version);
	mine->in_doubt = false;
}

static void delete_own(uint32_t key)
{
	char text[32];
	size_t size = key_text(text, me, key);
	int r;

	own[key].in_doubt = true;
	r = shmb_cache_delete(cache, text, size, FAR);
	must(r == 0 || r == SHMB_MISS);
	own[key].is_set = false;
	own[key].in_doubt = false;
}

/*
 * Everybody's keys.
 */

static int look_in_place(const void *value, const struct shmb_cache_entry *entry, void *data)
{
	size_t size = entry->size < sizeof(struct value) ? entry->size : sizeof(struct value);

	memcpy(data, value, size);
	return (int)size;
}

static void look_at_shared(uint32_t key)
{
	struct shmb_cache_entry entry;
	struct value value;
	char text[32];
	size_t size = key_text(text, PROCESSES, key);
	int r;

	if (chance_below(&chance, 2)) {
		r = shmb_cache_get(cache, text, size, &value, sizeof(value), &entry);
	} else {
		r = shmb_cache_use(cache, text, size, look_in_place, &value);
		entry.size = (size_t)r;
		r = r == SHMB_MISS ? r : 0;
	}
	must(r == 0 || r == SHMB_MISS);
	if (r == 0)
		must_be_whole(&value, entry.size, PROCESSES, key);
}

static void look_at_many(void)
{
	static struct value values[20];
	struct shmb_cache_query queries[20];
	char texts[20][32];
	uint32_t keys[20];

	for (unsigned i = 0; i < 20; i++) {
		keys[i] = (uint32_t)chance_below(&chance, SHARED);
		queries[i] = (struct shmb_cache_query){
			.key = texts[i],
			.key_size = key_text(texts[i], PROCESSES, keys[i]),
			.buffer = &values[i],
			.room = sizeof(values[i]),
		};
	}
	must(shmb_cache_get_many(cache, queries, 20) == 0);
	for (unsigned i = 0; i < 20; i++) {
		must(queries[i].result == 0 || queries[i].result == SHMB_MISS);
		if (queries[i].result == 0)
			must_be_whole(&values[i], queries[i].entry.size, PROCESSES, keys[i]);
	}
}

static void change_shared(uint32_t key)
{
	struct value value = make(PROCESSES, key, (uint32_t)chance_u64(&chance));
	const struct shmb_cache_terms terms = {.ttl_ms = chance_below(&chance, 30)};
	char text[32];
	size_t size = key_text(text, PROCESSES, key);

	switch (chance_below(&chance, 6)) {
	case 0:
		must(shmb_cache_delete(cache, text, size, FAR) >= 0);
		break;
	case 1:
		must(shmb_cache_touch(cache, text, size, terms.ttl_ms, FAR) >= 0);
		break;
	case 2:
		must(shmb_cache_replace(cache, text, size, &value, size_of(&value), &terms, FAR,
					NULL) >= 0);
		break;
	default:
		must(shmb_cache_set(cache, text, size, &value, size_of(&value), &terms, FAR,
				    NULL) == 0);
	}
}

static int compute(void *buffer, size_t room, size_t *ret_size, struct shmb_cache_terms *terms,
		   void *data)
{
	struct value value = make(PROCESSES, *(uint32_t *)data, (uint32_t)chance_u64(&chance));

	terms->ttl_ms = 1 + chance_below(&chance, 10);
	must(room >= size_of(&value));
	memcpy(buffer, &value, size_of(&value));
	*ret_size = size_of(&value);
	if (chance_below(&chance, 20) == 0)
		return -EIO;
	return 0;
}

static void fill_shared(uint32_t key)
{
	const struct shmb_cache_fill_options filling = {.stale_ms = 5, .failure_ms = 2};
	struct shmb_cache_entry entry;
	struct value value;
	char text[32];
	size_t size = key_text(text, PROCESSES, key);
	int r = shmb_cache_get_or_fill(cache, text, size, &value, sizeof(value), compute, &key,
				       &filling, FAR, &entry);

	must(r == 0 || r == SHMB_STALE || r == -EIO);
	if (r >= 0)
		must_be_whole(&value, entry.size, PROCESSES, key);
}

/* A number that only grows, but for being forgotten. */
static void count(void)
{
	uint64_t number;
	int r = shmb_cache_increment(cache, "number", 6, 1, FAR, &number);

	must(r == 0 || r == SHMB_MISS);
	if (r == SHMB_MISS)
		must(shmb_cache_add(cache, "number", 6, "0", 1, NULL, FAR, NULL) >= 0);
}

static void act(void)
{
	uint32_t mine = (uint32_t)chance_below(&chance, OWN);
	uint32_t shared = (uint32_t)chance_below(&chance, SHARED);

	switch (chance_below(&chance, 12)) {
	case 0:
		set_own(mine);
		break;
	case 1:
		delete_own(mine);
		break;
	case 2:
	case 3:
	case 4:
		look_at_own(mine);
		break;
	case 5:
	case 6:
		change_shared(shared);
		break;
	case 7:
		fill_shared(shared);
		break;
	case 8:
		look_at_many();
		break;
	case 9:
		count();
		break;
	default:
		look_at_shared(shared);
	}
	atomic_fetch_add(&board->n_done, 1);
}

static int live(struct child *self attr_unused, void *data)
{
	me = *(uint32_t *)data % PROCESSES;
	chance.state += *(uint32_t *)data;
	must(shmb_cache_open(library_connect(&broker), NAME, &options, &cache) == 0);
	own = board->own[me];
	for (uint32_t key = 0; key < OWN; key++)
		look_at_own(key);
	while (!atomic_load(&board->ends))
		act();
	return 0;
}

static uint64_t test_ms(void)
{
	const char *seconds = getenv("SHMB_TEST_SECONDS");

	return seconds ? strtoul(seconds, NULL, 10) * 1000 : 3000;
}

/* Whoever changes something in a shard mends what a death has left there. */
static void mend_all(void)
{
	for (unsigned key = 0; key < 1000; key++)
		ck_assert_int_eq(shmb_cache_delete(cache, &key, sizeof(key), FAR), SHMB_MISS);
}

static void audit(void)
{
	struct shmb_segment_options raw = {.layout = SHMB_CACHE_LAYOUT};
	uint8_t instance[LAYOUT_INSTANCE_SIZE];
	struct shmb_segment *segment;
	const char *fault = NULL, *wrong;
	struct cache_view view;

	expect_ok(shmb_segment_open(connection, NAME, &raw, &segment));
	ck_assert_int_eq(cache_attach(shmb_segment_data(segment), shmb_segment_size(segment), &view,
				      instance, &fault),
			 0);
	wrong = cache_audit(&view);
	ck_assert_msg(!wrong, "%s", wrong);
	shmb_segment_detach(segment);
}

static void report(const struct shmb_cache_stats *stats)
{
	printf("%llu calls, %llu own keys had; %llu entries of %llu bytes; %llu hits, %llu misses, "
	       "%llu evicted, %llu computed, %llu passed on, %llu repairs, %llu forgotten\n",
	       (unsigned long long)atomic_load(&board->n_done),
	       (unsigned long long)atomic_load(&board->n_hits), (unsigned long long)stats->entries,
	       (unsigned long long)stats->bytes, (unsigned long long)stats->hits,
	       (unsigned long long)stats->misses,
	       (unsigned long long)(stats->evicted_room + stats->evicted_index),
	       (unsigned long long)stats->fills, (unsigned long long)stats->fill_deaths,
	       (unsigned long long)stats->repairs, (unsigned long long)stats->forgotten);
}

static void expect_in_order(void)
{
	struct shmb_cache_stats stats;

	mend_all();
	audit();
	expect_ok(shmb_cache_stats(cache, false, &stats));
	report(&stats);
	ck_assert_uint_eq(stats.emptied, 0);
	ck_assert_uint_gt(stats.entries, 100);
	ck_assert_uint_gt(stats.evicted_room, 0);
	ck_assert_uint_gt(atomic_load(&board->n_hits), 0);
	expect_ok(shmb_cache_flush(cache, FAR));
	audit();
	eventually(library_stat(connection, NAME).holders == 1);
}

START_TEST(no_answer_is_wrong)
{
	const struct timespec tick = {.tv_nsec = TICK_MS * 1000000};
	uint64_t until = deadline_in_ms(test_ms());
	struct child children[PROCESSES];
	uint32_t lives = 0;

	for (; lives < PROCESSES; lives++)
		child_start(&children[lives], live, &lives);
	while (deadline_left_ms(until) > 0) {
		unsigned which = (unsigned)chance_below(&chance, PROCESSES);
		uint32_t life = lives / PROCESSES * PROCESSES + PROCESSES + which;

		(void)nanosleep(&tick, NULL);
		ck_assert_msg(!child_has_said(&children[which]), "a process has ended by itself");
		child_kill(&children[which]);
		lives += PROCESSES;
		child_start(&children[which], live, &life);
	}
	atomic_store(&board->ends, true);
	for (unsigned i = 0; i < PROCESSES; i++)
		ck_assert_int_eq(child_wait(&children[i]), 0);
	expect_in_order();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("a cache under fate");
	TCase *tcase = tcase_create("fate");

	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, no_answer_is_wrong);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
