/*
 * What is said of memory that holds no state, stream or cache: each fault has words of its own, of
 * which programs and people are told.
 */
#include <check.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "layout/cache_view.h"
#include "layout/state_layout.h"
#include "layout/stream_layout.h"
#include "support/suite.h"

#define ROOM (1u << 20)

enum format { STATE, STREAM, CACHE };

static const uint8_t instance[LAYOUT_INSTANCE_SIZE] = "the roster's own";

static void format(enum format format, void *memory)
{
	const struct state_shape state = {.value_size = 100, .n_slots = 8, .history = 2};
	const struct stream_shape stream = {.lane_size = 4096, .n_lanes = 2, .n_seats = 2};
	struct cache_shape cache = {.size = ROOM, .n_shards = 4};

	cache_plan_index(&cache, 128);
	if (format == STATE)
		ck_assert_int_eq(state_format(memory, ROOM, &state, instance), 0);
	else if (format == STREAM)
		ck_assert_int_eq(stream_format(memory, ROOM, &stream, instance), 0);
	else
		ck_assert_int_eq(cache_format(memory, ROOM, &cache, instance), 0);
}

static const char *fault_of(enum format format, void *memory, uint64_t size)
{
	uint8_t found[LAYOUT_INSTANCE_SIZE];
	const char *fault = NULL;
	struct stream_view stream;
	struct state_view state;
	struct cache_view cache;
	int r;

	if (format == STATE)
		r = state_attach(memory, size, &state, found, &fault);
	else if (format == STREAM)
		r = stream_attach(memory, size, &stream, found, &fault);
	else
		r = cache_attach(memory, size, &cache, found, &fault);
	return r < 0 ? fault : NULL;
}

#define FIELD(format, name)                                                                        \
	offsetof(struct format##_header, name), sizeof(((struct format##_header *)NULL)->name)

static const struct {
	enum format format;
	size_t offset, size;
	uint64_t value;
	const char *fault;
} wrong[] = {
	{STATE, FIELD(state, head.magic), 1, "is something else"},
	{STATE, FIELD(state, head.abi), 99, "was laid out by another kind of machine"},
	{STATE, FIELD(state, head.version), 99, "is of another version of the layout"},
	{STATE, FIELD(state, head.header_size), 1, "has another header"},
	{STATE, FIELD(state, head.flags), 1u << 31, "has flags that mean nothing"},
	{STATE, FIELD(state, value_size), 0, "has an impossible value size"},
	{STATE, FIELD(state, n_slots), 3, "has an impossible number of slots"},
	{STATE, FIELD(state, history), 8, "has an impossible history"},
	{STATE, FIELD(state, stride), 64, "has slots that do not fit its values"},
	{STATE, FIELD(state, n_slots), 65536, "is larger than its memory"},
	{STREAM, FIELD(stream, head.magic), 1, "is something else"},
	{STREAM, FIELD(stream, lane_size), 3, "has lanes of an impossible size"},
	{STREAM, FIELD(stream, n_lanes), 0, "has an impossible number of lanes"},
	{STREAM, FIELD(stream, n_seats), 0, "has an impossible number of consumers"},
	{STREAM, FIELD(stream, head.flags), 1u << 31, "has flags that mean nothing"},
	{STREAM, FIELD(stream, head.flags), STREAM_OVERWRITE | STREAM_QUEUE,
	 "overwrites, and has another flag against that"},
	{STREAM, FIELD(stream, n_lanes), 1024, "is larger than its memory"},
	{CACHE, FIELD(cache, head.magic), 1, "is something else"},
	{CACHE, FIELD(cache, size), 1, "has an impossible size"},
	{CACHE, FIELD(cache, size), 1u << 21, "is larger than its memory"},
	{CACHE, FIELD(cache, size), CACHE_SIZE_MOST, "has shards that are too large"},
	{CACHE, FIELD(cache, n_shards), 3, "has an impossible number of shards"},
	{CACHE, FIELD(cache, n_shards), 16, "has shards that are too small for its largest values"},
	{CACHE, FIELD(cache, n_buckets), 0, "has an impossible index"},
	{CACHE, FIELD(cache, head.flags), 1, "has flags that mean nothing"},
};

START_TEST(each_fault_has_its_words)
{
	unsigned char *memory = calloc(1, ROOM);

	format(wrong[_i].format, memory);
	ck_assert_ptr_null(fault_of(wrong[_i].format, memory, ROOM));
	memcpy(memory + wrong[_i].offset, &wrong[_i].value, wrong[_i].size);
	ck_assert_pstr_eq(fault_of(wrong[_i].format, memory, ROOM), wrong[_i].fault);
	free(memory);
}
END_TEST

START_TEST(what_is_too_small_is_no_header)
{
	unsigned char *memory = calloc(1, ROOM);

	ck_assert_pstr_eq(fault_of(STATE, memory, 8), "is too small for a state");
	ck_assert_pstr_eq(fault_of(STREAM, memory, 8), "is too small for a stream");
	ck_assert_pstr_eq(fault_of(CACHE, memory, 8), "is too small for a cache");
	free(memory);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout_faults");
	TCase *tcase = tcase_create("faults");

	tcase_add_loop_test(tcase, each_fault_has_its_words, 0, ARRAY_SIZE(wrong));
	tcase_add_test(tcase, what_is_too_small_is_no_header);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
