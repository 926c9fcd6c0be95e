/*
 * The header of a state: what is laid out is found again, and what cannot be is refused before a
 * byte beyond the mapping is touched, whichever field says it.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/attr.h"
#include "layout/state_layout.h"
#include "support/chance.h"
#include "support/guarded.h"
#include "support/suite.h"

static const uint8_t instance[LAYOUT_INSTANCE_SIZE] = "the roster's own";
static const struct state_shape plain = {.value_size = 100, .n_slots = 8, .history = 5};

/* Memory of exactly the size that SHAPE takes, with a state in it; beyond it is a fault. */
static struct state_header *laid_out(const struct state_shape *shape, uint64_t *ret_size)
{
	struct state_header *header;

	ck_assert(state_size(shape, ret_size));
	header = (struct state_header *)guarded_new(*ret_size);
	ck_assert_int_eq(state_format(header, *ret_size, shape, instance), 0);
	return header;
}

static int attach(void *memory, uint64_t size, struct state_view *ret_view)
{
	uint8_t found[LAYOUT_INSTANCE_SIZE];
	const char *fault = NULL;
	int r = state_attach(memory, size, ret_view, found, &fault);

	if (r < 0) {
		ck_assert_ptr_nonnull(fault);
		return r;
	}
	ck_assert_mem_eq(found, instance, sizeof(instance));
	return 0;
}

START_TEST(what_is_laid_out_is_found)
{
	const struct state_shape shapes[] = {
		plain,
		{.value_size = 1, .n_slots = 2, .history = 1, .single_writer = true},
		{.value_size = 48, .n_slots = 2, .history = 1},
		{.value_size = 49, .n_slots = 2, .history = 1},
		{.value_size = 65536, .n_slots = 64, .history = 63},
		{.value_size = 16, .n_slots = STATE_SLOTS_MOST, .history = STATE_SLOTS_MOST - 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		uint64_t size;
		struct state_header *header = laid_out(&shapes[i], &size);
		struct state_view view;

		ck_assert_int_eq(attach(header, size, &view), 0);
		ck_assert_uint_eq(view.shape.value_size, shapes[i].value_size);
		ck_assert_uint_eq(view.shape.n_slots, shapes[i].n_slots);
		ck_assert_uint_eq(view.shape.history, shapes[i].history);
		ck_assert(view.shape.single_writer == shapes[i].single_writer);
		ck_assert_uint_eq(header->last, 0);
	}
}
END_TEST

/* Whatever version somebody makes up, its slot and the whole value in it are within the mapping. */
START_TEST(no_version_leads_out)
{
	const uint64_t sizes[] = {1, 48, 49, 64, 4096};
	const uint64_t versions[] = {0, 1, 7, 8, UINT32_MAX, UINT64_MAX - 1, UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(versions); i++) {
		const struct state_shape shape = {.value_size = sizes[i % ARRAY_SIZE(sizes)],
						  .n_slots = 8,
						  .history = 1};
		uint64_t size, version = versions[i / ARRAY_SIZE(sizes)];
		struct state_header *header = laid_out(&shape, &size);
		struct state_view view;
		struct state_slot *slot;

		ck_assert_int_eq(attach(header, size, &view), 0);
		slot = state_slot(&view, version);
		atomic_store(&slot->version, version);
		atomic_store(&slot->size, shape.value_size);
		memset(state_value(&view, slot), 1, shape.value_size);
	}
}
END_TEST

START_TEST(slots_do_not_meet)
{
	uint64_t size;
	struct state_header *header = laid_out(&plain, &size);
	struct state_view view;

	ck_assert_int_eq(attach(header, size, &view), 0);
	for (uint64_t version = 0; version < plain.n_slots; version++) {
		struct state_slot *slot = state_slot(&view, version);

		atomic_store(&slot->version, version + 1);
		memset(state_value(&view, slot), (int)version, plain.value_size);
	}
	for (uint64_t version = 0; version < plain.n_slots; version++) {
		struct state_slot *slot = state_slot(&view, version);
		unsigned char expected[100];

		memset(expected, (int)version, sizeof(expected));
		ck_assert_uint_eq(atomic_load(&slot->version), version + 1);
		ck_assert_mem_eq(state_value(&view, slot), expected, sizeof(expected));
	}
	ck_assert_int_eq(attach(header, size, &view), 0);
}
END_TEST

START_TEST(a_large_value_begins_a_line)
{
	uint64_t size;
	struct state_header *header = laid_out(&plain, &size);
	struct state_view view;

	ck_assert_int_eq(attach(header, size, &view), 0);
	for (uint64_t version = 0; version < plain.n_slots; version++) {
		const unsigned char *value = state_value(&view, state_slot(&view, version));

		ck_assert_int_eq((value - (unsigned char *)header) % LAYOUT_LINE, 0);
	}
}
END_TEST

START_TEST(no_shape_is_not_laid_out)
{
	const struct state_shape shapes[] = {
		{.value_size = 0, .n_slots = 8, .history = 1},
		{.value_size = STATE_VALUE_MOST + 1, .n_slots = 8, .history = 1},
		{.value_size = UINT64_MAX, .n_slots = 8, .history = 1},
		{.value_size = 1, .n_slots = 0, .history = 1},
		{.value_size = 1, .n_slots = 1, .history = 1},
		{.value_size = 1, .n_slots = 7, .history = 1},
		{.value_size = 1, .n_slots = STATE_SLOTS_MOST * 2, .history = 1},
		{.value_size = 1, .n_slots = UINT32_MAX, .history = 1},
		{.value_size = 1, .n_slots = 8, .history = 0},
		{.value_size = 1, .n_slots = 8, .history = 8},
		{.value_size = 1, .n_slots = 8, .history = UINT32_MAX},
	};
	uint8_t memory[sizeof(struct state_header)] = {0}, zeros[sizeof(memory)] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		uint64_t size = 1;

		ck_assert(!state_size(&shapes[i], &size));
		ck_assert_uint_eq(size, 1);
		ck_assert_int_eq(state_format(memory, UINT64_MAX, &shapes[i], instance), -EINVAL);
		ck_assert_mem_eq(memory, zeros, sizeof(memory));
	}
}
END_TEST

START_TEST(a_byte_too_little_is_too_little)
{
	uint64_t size;
	struct state_header *header = laid_out(&plain, &size);
	struct state_view view;

	ck_assert_int_eq(state_format(header, size - 1, &plain, instance), -EINVAL);
	ck_assert_int_eq(attach(header, size - 1, &view), -EBADMSG);
	ck_assert_int_eq(attach(header, sizeof(*header), &view), -EBADMSG);
	ck_assert_int_eq(attach(header, sizeof(*header) - 1, &view), -ESTALE);
	ck_assert_int_eq(attach(header, 0, &view), -ESTALE);
	ck_assert_int_eq(attach(header, size + 4096, &view), 0);
}
END_TEST

// clang-format off

/* The fields of the header, and what another value of each is refused with. */
static const struct field {
	const char *name;
	size_t at, size;
	int error;       /* 0: any value will do */
	bool has_others; /* other values than the one that was written may do too */
} fields[] = {
#define FIELD(member, ...) \
	{#member, offsetof(struct state_header, member), \
	 sizeof(((struct state_header *)NULL)->member), __VA_ARGS__}
	FIELD(head.magic, -ESTALE, false),
	FIELD(head.version, -ESTALE, false),
	FIELD(head.abi, -ESTALE, false),
	FIELD(head.header_size, -ESTALE, false),
	FIELD(head.flags, -EBADMSG, true),
	FIELD(value_size, -EBADMSG, true),
	FIELD(stride, -EBADMSG, false),
	FIELD(n_slots, -EBADMSG, true),
	FIELD(history, -EBADMSG, true),
	FIELD(last, 0, true),
	FIELD(claim, 0, true),
	FIELD(unfenced, 0, true),
#undef FIELD
};

// clang-format on

/* The view, if there is one, stays within SIZE bytes. */
static void check_bounds(const struct state_view *view, const void *memory, uint64_t size)
{
	const unsigned char *value = state_value(view, state_slot(view, UINT64_MAX));

	ck_assert_uint_eq(view->mask + 1, view->shape.n_slots);
	ck_assert_uint_le(view->shape.value_size,
			  size - (uint64_t)(value - (const unsigned char *)memory));
	ck_assert_uint_ge(view->shape.history, 1);
	ck_assert_uint_lt(view->shape.history, view->shape.n_slots);
}

static void try_field(const struct field *field, uint64_t value)
{
	uint64_t size, honest = 0;
	struct state_header *header = laid_out(&plain, &size);
	unsigned char *at = (unsigned char *)header + field->at;
	struct state_view view;
	int r;

	memcpy(&honest, at, field->size);
	memcpy(at, &value, field->size);
	r = attach(header, size, &view);
	if (r == 0)
		check_bounds(&view, header, size);
	if (memcmp(at, &honest, field->size) == 0)
		ck_assert_int_eq(r, 0);
	else
		ck_assert_msg(r == field->error || (r == 0 && field->has_others),
			      "%s = %#lx gives %d", field->name, (unsigned long)value, r);
}

START_TEST(each_field_at_its_edges)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		uint64_t size, honest = 0;
		struct state_header *header = laid_out(&plain, &size);

		memcpy(&honest, (unsigned char *)header + fields[i].at, fields[i].size);
		const uint64_t values[] = {0,          1,          2,
					   UINT32_MAX, UINT64_MAX, UINT64_MAX / 2 + 1,
					   honest,     honest + 1, honest - 1,
					   honest * 2, honest / 2};

		for (size_t v = 0; v < ARRAY_SIZE(values); v++)
			try_field(&fields[i], values[v]);
	}
}
END_TEST

/* Any header at all; the memory is read up to its end for every one that is taken. */
START_TEST(random_headers_lead_nowhere)
{
	struct chance chance;
	uint64_t size;
	struct state_header *header = laid_out(&plain, &size), honest = *header;
	struct state_view view;
	unsigned n_good = 0;

	chance_init(&chance);
	for (unsigned round = 0; round < 200000; round++) {
		const struct field *field = &fields[chance_below(&chance, ARRAY_SIZE(fields))];
		uint64_t value = chance_u64(&chance) >> chance_below(&chance, 64);

		if (chance_below(&chance, 4) == 0)
			memcpy(header, &honest, sizeof(honest));
		memcpy((unsigned char *)header + field->at, &value, field->size);
		if (attach(header, size, &view) != 0)
			continue;
		check_bounds(&view, header, size);
		n_good++;
	}
	ck_assert_uint_gt(n_good, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state_layout");
	TCase *tcase = tcase_create("state_layout");

	tcase_add_test(tcase, what_is_laid_out_is_found);
	tcase_add_test(tcase, no_version_leads_out);
	tcase_add_test(tcase, slots_do_not_meet);
	tcase_add_test(tcase, a_large_value_begins_a_line);
	tcase_add_test(tcase, no_shape_is_not_laid_out);
	tcase_add_test(tcase, a_byte_too_little_is_too_little);
	tcase_add_test(tcase, each_field_at_its_edges);
	tcase_add_test(tcase, random_headers_lead_nowhere);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
