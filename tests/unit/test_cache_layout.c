/*
 * The header of a cache, and the plan of its shards: what is laid out is found again, what cannot
 * be is refused before a byte beyond the mapping is touched, and the words say what was put into
 * them.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/attr.h"
#include "layout/cache_view.h"
#include "layout/cache_words.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/guarded.h"
#include "support/suite.h"

static const uint8_t instance[LAYOUT_INSTANCE_SIZE] = "the roster's own";

static struct cache_shape shape_of(uint64_t size, uint32_t shards, uint32_t entry_size)
{
	struct cache_shape shape = {.size = size, .n_shards = shards, .seed = 7};

	cache_plan_index(&shape, entry_size);
	return shape;
}

static int attach(void *memory, uint64_t size, struct cache_view *ret_view)
{
	uint8_t found[LAYOUT_INSTANCE_SIZE];
	const char *fault = NULL;
	int r = cache_attach(memory, size, ret_view, found, &fault);

	if (r < 0) {
		ck_assert_ptr_nonnull(fault);
		return r;
	}
	ck_assert_mem_eq(found, instance, sizeof(instance));
	return 0;
}

static const struct {
	uint64_t size;
	uint32_t shards, entry_size;
} plans[] = {
	{1 << 14, 1, 16},
	{1 << 16, 4, 128},
	{1 << 20, 4, 1},
	{1 << 20, 2, 100000},
	{(1 << 24) + 12352, 4, 1000},
	{64 << 20, 8, 128},
};

/* All parts of all shards lie one behind the other and within the memory. */
static void expect_plan(const struct cache_view *view, unsigned char *memory, uint64_t size)
{
	const struct cache_span *nursery = &view->logs[CACHE_NURSERY];
	const struct cache_span *main = &view->logs[CACHE_MAIN];
	struct cache_shard *last = cache_shard(view, view->shape.n_shards - 1);

	ck_assert_ptr_eq(cache_entry(last, nursery->start), cache_bucket(last, view->n_buckets));
	ck_assert_uint_eq(main->start, nursery->start + nursery->units);
	ck_assert_uint_le((uint64_t)(main->start + main->units) * CACHE_UNIT, view->shard_size);
	ck_assert((unsigned char *)last + view->shard_size <= memory + size);
	ck_assert_uint_eq(cache_room_at(view, main->start), main->units);
	ck_assert_uint_eq(cache_room_at(view, main->start + main->units - 1), 1);
	ck_assert_uint_eq(cache_room_at(view, main->start + main->units), 0);
	ck_assert_uint_eq(cache_room_at(view, main->start - 1), 1);
	ck_assert_uint_eq(cache_room_at(view, nursery->start), nursery->units);
	ck_assert_uint_eq(cache_room_at(view, nursery->start - 1), 0);
}

START_TEST(what_is_laid_out_is_found)
{
	for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
		const struct cache_shape shape =
			shape_of(plans[i].size, plans[i].shards, plans[i].entry_size);
		unsigned char *memory = guarded_new(shape.size);
		struct cache_view view;

		ck_assert_int_eq(cache_format(memory, shape.size, &shape, instance), 0);
		ck_assert_int_eq(attach(memory, shape.size, &view), 0);
		ck_assert_mem_eq(&view.shape, &shape, sizeof(shape));
		expect_plan(&view, memory, shape.size);
	}
}
END_TEST

/* Three quarters of the slots, when the entries are as large as was said. */
START_TEST(the_index_fits_the_entries)
{
	for (size_t i = 2; i < ARRAY_SIZE(plans); i++) {
		const struct cache_shape shape =
			shape_of(plans[i].size, plans[i].shards, plans[i].entry_size);
		unsigned char *memory = guarded_new(shape.size);
		double entries, slots;
		struct cache_view view;

		if (shape.n_buckets == CACHE_BUCKETS_LEAST)
			continue;
		ck_assert_int_eq(cache_format(memory, shape.size, &shape, instance), 0);
		ck_assert_int_eq(attach(memory, shape.size, &view), 0);
		entries = (double)(view.logs[CACHE_NURSERY].units + view.logs[CACHE_MAIN].units) /
			  ((24 + plans[i].entry_size + 7) / 8);
		slots = (double)shape.n_buckets * CACHE_BUCKET_SLOTS;
		ck_assert_double_ge(slots, entries / 0.78);
		ck_assert_double_le(slots, entries / 0.73 + 16);
	}
}
END_TEST

START_TEST(what_is_no_shape_is_refused)
{
	const struct cache_shape good = shape_of(1 << 20, 4, 128);
	struct cache_shape bad[] = {good, good, good, good, good, good};
	unsigned char *memory = guarded_new(1 << 20);

	bad[0].size = CACHE_SIZE_LEAST - 1;
	bad[1].size = CACHE_SIZE_MOST + 1;
	bad[2].n_shards = 3;
	bad[3].n_shards = 16; /* too small for the largest values */
	bad[4].n_buckets = CACHE_BUCKETS_LEAST - 1;
	bad[5].n_buckets = 1 << 14; /* no room for logs */
	ck_assert_int_eq(cache_format(memory, 1 << 20, &good, instance), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_ptr_nonnull(cache_shape_fault(&bad[i]));
		ck_assert_int_eq(cache_format(memory, 1 << 20, &bad[i], instance), -EINVAL);
	}
	ck_assert_int_eq(cache_format(memory, (1 << 20) - 1, &good, instance), -EINVAL);
}
END_TEST

START_TEST(a_header_of_something_else_is_refused)
{
	const struct cache_shape shape = shape_of(1 << 20, 4, 128);
	struct cache_header *header = (struct cache_header *)guarded_new(1 << 20);
	struct cache_view view;

	ck_assert_int_eq(attach(header, 1 << 20, &view), -ESTALE);
	ck_assert_int_eq(cache_format(header, 1 << 20, &shape, instance), 0);
	ck_assert_int_eq(attach(header, sizeof(*header) - 1, &view), -ESTALE);
	ck_assert_int_eq(attach(header, (1 << 20) - 1, &view), -EBADMSG);
	header->head.flags = 1;
	ck_assert_int_eq(attach(header, 1 << 20, &view), -EBADMSG);
	header->head.flags = 0;
	header->head.version++;
	ck_assert_int_eq(attach(header, 1 << 20, &view), -ESTALE);
	header->head.version--;
	ck_assert_int_eq(attach(header, 1 << 20, &view), 0);
}
END_TEST

/* Whatever stands in the header, a view of it stays within the memory. */
START_TEST(no_header_leads_out)
{
	struct cache_shape shape = shape_of(1 << 14, 1, 32);
	unsigned char *memory = guarded_new(1 << 14);
	struct cache_header *header = (struct cache_header *)memory;
	struct chance chance;
	unsigned good = 0;

	chance_init(&chance);
	for (unsigned i = 0; i < 200000; i++) {
		struct cache_view view;

		memset(header, 0, sizeof(*header));
		must(cache_format(memory, 1 << 14, &shape, instance) == 0);
		if (chance_below(&chance, 2))
			header->size = chance_u64(&chance) >> chance_below(&chance, 64);
		if (chance_below(&chance, 2))
			header->n_shards = 1u << chance_below(&chance, 32);
		if (chance_below(&chance, 2))
			header->n_buckets =
				(uint32_t)(chance_u64(&chance) >> chance_below(&chance, 64));
		if (attach(memory, 1 << 14, &view) == 0) {
			expect_plan(&view, memory, 1 << 14);
			good++;
		}
	}
	ck_assert_uint_gt(good, 1000);
}
END_TEST

START_TEST(words_say_what_was_put_into_them)
{
	struct chance chance;

	chance_init(&chance);
	for (unsigned i = 0; i < 100000; i++) {
		uint32_t units = (uint32_t)chance_below(&chance, 1 << 18);
		uint32_t key_size = (uint32_t)chance_below(&chance, 251);
		uint32_t value_size = (uint32_t)chance_below(&chance, CACHE_VALUE_MOST + 1);
		uint32_t flags = (uint32_t)chance_u64(&chance);
		uint32_t place = (uint32_t)chance_below(&chance, UINT64_C(1) << 31);
		uint64_t expiry = chance_below(&chance, CACHE_EXPIRY_MOST + 1);
		uint64_t tag = (chance_below(&chance, 0xffffff) + 1) << 8;
		uint64_t meta = cache_meta(CACHE_FAILURE, units, key_size, value_size, flags);
		uint64_t term = cache_term(expiry, flags);

		must(cache_meta_units(meta) == units && cache_meta_key_size(meta) == key_size);
		must(cache_meta_value_size(meta) == value_size);
		must(cache_meta_kind(meta) == CACHE_FAILURE);
		must(cache_meta_kind(cache_meta_freed(meta)) == CACHE_FREE);
		must(cache_meta_units(cache_meta_freed(meta)) == units);
		must(cache_flags(meta, term) == flags && cache_term_expiry(term) == expiry);
		must(cache_slot_tag(cache_slot(tag, place)) == tag);
		must(cache_slot_place(cache_slot(tag, place)) == place);
		must(cache_is_ghost(cache_ghost(tag, i)) && !cache_is_ghost(cache_slot(tag, 1)));
	}
	ck_assert(!cache_is_ghost(0));
	ck_assert_uint_eq(cache_gap_end(0, 100), 100);
	ck_assert_uint_eq(cache_gap_begin(cache_gap(3, 7, 100)), 3);
	ck_assert_uint_eq(cache_gap_end(cache_gap(3, 7, 100), 100), 7);
	ck_assert_uint_eq(cache_next_version(0, 5, 3), (UINT64_C(5) << 22) + 3);
	ck_assert_uint_eq(cache_next_version((UINT64_C(5) << 22) + 3, 5, 3),
			  (UINT64_C(5) << 22) + 1024 + 3);
	ck_assert_uint_eq(cache_next_version(UINT64_C(6) << 22, 5, 0), (UINT64_C(6) << 22) + 1024);
	ck_assert_uint_ne(cache_next_version(UINT64_MAX - 1023, 5, 0), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("the layout of caches");
	TCase *tcase = tcase_create("layout");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, what_is_laid_out_is_found);
	tcase_add_test(tcase, the_index_fits_the_entries);
	tcase_add_test(tcase, what_is_no_shape_is_refused);
	tcase_add_test(tcase, a_header_of_something_else_is_refused);
	tcase_add_test(tcase, no_header_leads_out);
	tcase_add_test(tcase, words_say_what_was_put_into_them);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
