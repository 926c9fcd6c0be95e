/*
 * The header of a stream: what is laid out is found again, its parts do not meet, and what cannot
 * be is refused, whichever field says it.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/attr.h"
#include "layout/stream_layout.h"
#include "support/chance.h"
#include "support/guarded.h"
#include "support/suite.h"

static const uint8_t instance[LAYOUT_INSTANCE_SIZE] = "the roster's own";
static const struct stream_shape plain = {.lane_size = 4096, .n_lanes = 3, .n_seats = 2};

/* Memory of exactly the size that SHAPE takes, with a stream in it; beyond it is a fault. */
static struct stream_header *laid_out(const struct stream_shape *shape, uint64_t *ret_size)
{
	struct stream_header *header;

	ck_assert(stream_size(shape, ret_size));
	header = (struct stream_header *)guarded_new(*ret_size);
	ck_assert_int_eq(stream_format(header, *ret_size, shape, instance), 0);
	return header;
}

static int attach(void *memory, uint64_t size, struct stream_view *ret_view)
{
	uint8_t found[LAYOUT_INSTANCE_SIZE];
	const char *fault = NULL;
	int r = stream_attach(memory, size, ret_view, found, &fault);

	if (r < 0) {
		ck_assert_ptr_nonnull(fault);
		return r;
	}
	ck_assert_mem_eq(found, instance, sizeof(instance));
	return 0;
}

/* Write to all of each part, and see that each has kept its own. */
static void check_parts(const struct stream_view *view)
{
	const struct stream_shape *shape = &view->shape;

	for (unsigned i = 0; i < shape->n_seats; i++) {
		memset(&view->seats[i], 1 + (int)i, sizeof(view->seats[i]));
		if (!view->claims)
			memset(view->cursors + i * view->row, 11 + (int)i,
			       shape->n_lanes * sizeof(*view->cursors));
	}
	for (unsigned i = 0; i < shape->n_lanes; i++) {
		if (view->claims)
			memset(stream_claim_at(view, i, 0), 41 + (int)i,
			       view->n_claims * sizeof(*view->claims));
		memset(&view->heads[i], 21 + (int)i, sizeof(view->heads[i]));
		memset(view->lanes + i * view->lane_stride, 31 + (int)i, shape->lane_size);
	}
	for (unsigned i = 0; i < shape->n_seats; i++) {
		ck_assert_int_eq(((unsigned char *)&view->seats[i])[127], 1 + (int)i);
		if (!view->claims)
			ck_assert_int_eq(*(unsigned char *)(view->cursors + i * view->row),
					 11 + (int)i);
	}
	for (unsigned i = 0; i < shape->n_lanes; i++) {
		if (view->claims)
			for (uint32_t number = 0; number < view->n_claims; number++)
				ck_assert_int_eq(*(unsigned char *)stream_claim_at(view, i, number),
						 41 + (int)i);
		ck_assert_int_eq(((unsigned char *)&view->heads[i])[255], 21 + (int)i);
		ck_assert_int_eq(view->lanes[i * view->lane_stride], 31 + (int)i);
		ck_assert_int_eq(view->lanes[i * view->lane_stride + shape->lane_size - 1],
				 31 + (int)i);
	}
}

START_TEST(what_is_laid_out_is_found)
{
	const struct stream_shape shapes[] = {
		plain,
		{.lane_size = STREAM_LANE_LEAST, .n_lanes = 1, .n_seats = 1},
		{.lane_size = 65536, .n_lanes = 17, .n_seats = 5, .flags = STREAM_OVERWRITE},
		{.lane_size = 4096, .n_lanes = 16, .n_seats = 16, .flags = STREAM_REFUSE},
		{.lane_size = 4096, .n_lanes = 3, .n_seats = 7, .flags = STREAM_QUEUE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		uint64_t size;
		struct stream_header *header = laid_out(&shapes[i], &size);
		struct stream_view view;

		ck_assert_int_eq(attach(header, size, &view), 0);
		ck_assert_uint_eq(view.shape.lane_size, shapes[i].lane_size);
		ck_assert_uint_eq(view.shape.n_lanes, shapes[i].n_lanes);
		ck_assert_uint_eq(view.shape.n_seats, shapes[i].n_seats);
		ck_assert_uint_eq(view.shape.flags, shapes[i].flags);
		check_parts(&view);
		ck_assert_int_eq(attach(header, size, &view), 0);
	}
}
END_TEST

START_TEST(claims_tell_all_tickets_apart)
{
	const uint64_t serials[] = {1, 2, (UINT64_C(1) << 23) - 1, (UINT64_C(1) << 23) + 1};

	for (size_t i = 0; i < ARRAY_SIZE(serials); i++)
		for (unsigned seat = 0; seat < STREAM_SEATS_MOST; seat++) {
			uint64_t ticket = stream_ticket(serials[i], seat);
			uint64_t claim = stream_claim(7, (uint32_t)ticket);

			ck_assert_uint_eq(ticket % 2, 0);
			ck_assert_uint_eq(stream_ticket_seat((uint32_t)ticket), seat);
			ck_assert_uint_eq(stream_claim_number(claim), 7);
			ck_assert_uint_eq(stream_claim_holder(claim), (uint32_t)ticket);
			ck_assert_uint_gt((uint32_t)ticket, STREAM_DONE);
		}
	ck_assert_uint_eq(stream_next_serial(0), 1);
	/* Its low half would be that of none. */
	ck_assert_uint_eq(stream_next_serial((UINT64_C(1) << 23) - 1), (UINT64_C(1) << 23) + 1);
}
END_TEST

START_TEST(no_shape_is_not_laid_out)
{
	const struct stream_shape shapes[] = {
		{.lane_size = 0, .n_lanes = 1, .n_seats = 1},
		{.lane_size = 2048, .n_lanes = 1, .n_seats = 1},
		{.lane_size = 4096 + 8, .n_lanes = 1, .n_seats = 1},
		{.lane_size = STREAM_LANE_MOST * 2, .n_lanes = 1, .n_seats = 1},
		{.lane_size = 4096, .n_lanes = 0, .n_seats = 1},
		{.lane_size = 4096, .n_lanes = STREAM_LANES_MOST + 1, .n_seats = 1},
		{.lane_size = 4096, .n_lanes = UINT32_MAX, .n_seats = 1},
		{.lane_size = 4096, .n_lanes = 1, .n_seats = 0},
		{.lane_size = 4096, .n_lanes = 1, .n_seats = STREAM_SEATS_MOST + 1},
		{.lane_size = 4096, .n_lanes = 1, .n_seats = 1, .flags = 16},
		{.lane_size = 4096,
		 .n_lanes = 1,
		 .n_seats = 1,
		 .flags = STREAM_QUEUE | STREAM_OVERWRITE},
		{.lane_size = 4096, .n_lanes = 1, .n_seats = 1, .flags = 3},
	};
	uint8_t memory[sizeof(struct stream_header)] __attribute__((aligned(128))) = {0};
	uint8_t zeros[sizeof(memory)] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		uint64_t size = 1;

		ck_assert(!stream_size(&shapes[i], &size));
		ck_assert_uint_eq(size, 1);
		ck_assert_int_eq(stream_format(memory, UINT64_MAX, &shapes[i], instance), -EINVAL);
		ck_assert_mem_eq(memory, zeros, sizeof(memory));
	}
}
END_TEST

START_TEST(a_byte_too_little_is_too_little)
{
	uint64_t size;
	struct stream_header *header = laid_out(&plain, &size);
	struct stream_view view;

	ck_assert_int_eq(stream_format(header, size - 1, &plain, instance), -EINVAL);
	ck_assert_int_eq(attach(header, size - 1, &view), -EBADMSG);
	ck_assert_int_eq(attach(header, sizeof(*header), &view), -EBADMSG);
	ck_assert_int_eq(attach(header, sizeof(*header) - 1, &view), -ESTALE);
	ck_assert_int_eq(attach(header, 0, &view), -ESTALE);
	ck_assert_int_eq(attach(header, size + 4096, &view), 0);
}
END_TEST

/* Small ones more often than others. */
static uint32_t any_number(struct chance *chance)
{
	return (uint32_t)(chance_u64(chance) >> (32 + chance_below(chance, 32)));
}

/* Any header at all: what is taken stays within the memory, which is written to its end. */
START_TEST(random_headers_lead_nowhere)
{
	struct chance chance;
	uint64_t size;
	struct stream_header *header = laid_out(&plain, &size);
	unsigned taken = 0;

	chance_init(&chance);
	for (unsigned i = 0; i < 200000; i++) {
		struct stream_view view;

		header->head.flags = (uint32_t)chance_below(&chance, 10);
		header->lane_size = UINT64_C(1) << chance_below(&chance, 64);
		header->n_lanes = any_number(&chance);
		header->n_seats = any_number(&chance);
		if (attach(header, size, &view) < 0)
			continue;
		taken++;
		view.lanes[(view.shape.n_lanes - 1) * view.lane_stride + view.mask] = 1;
		atomic_store(&view.heads[view.shape.n_lanes - 1].count, 1);
	}
	ck_assert_uint_gt(taken, 0);
}
END_TEST

START_TEST(other_things_are_no_streams)
{
	uint64_t size;
	struct stream_header *header = laid_out(&plain, &size);
	struct stream_view view;

	header->head.version++;
	ck_assert_int_eq(attach(header, size, &view), -ESTALE);
	header->head.version--;
	header->head.abi++;
	ck_assert_int_eq(attach(header, size, &view), -ESTALE);
	header->head.abi--;
	header->head.header_size += 64;
	ck_assert_int_eq(attach(header, size, &view), -ESTALE);
	header->head.header_size -= 64;
	ck_assert_int_eq(attach(header, size, &view), 0);
	atomic_store(&header->head.magic, 0);
	ck_assert_int_eq(attach(header, size, &view), -ESTALE);
}
END_TEST

/* The largest record has room also where it does not fit before the end of the lane. */
START_TEST(the_largest_record_is_half_a_lane)
{
	uint64_t most = stream_record_most(&plain);

	ck_assert_uint_gt(most, plain.lane_size / 2 - 64);
	ck_assert_uint_le(2 * stream_stride(8, most) + 8, plain.lane_size);
}
END_TEST

START_TEST(headers_say_what_was_put_into_them)
{
	const uint64_t sizes[] = {0, 1, 4096, STREAM_SIZE_MASK};
	const uint64_t numbers[] = {0, 1, UINT32_MAX, UINT64_C(1) << 32 | 5};

	for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(numbers); i++) {
		uint64_t size = sizes[i % ARRAY_SIZE(sizes)];
		uint64_t number = numbers[i / ARRAY_SIZE(sizes)];
		uint64_t header = stream_record(STREAM_RECORD, size, number);

		ck_assert_uint_ne(header, 0);
		ck_assert_uint_eq(stream_record_size(header), size);
		ck_assert_uint_eq(stream_record_number(header), (uint32_t)number);
		ck_assert_int_eq(stream_record_kind(header), STREAM_RECORD);
	}
	/* No end lies beyond the lane, and what is no record has none. */
	ck_assert_uint_eq(stream_record_end(stream_record(STREAM_RECORD, 64, 0), 8, 4096, 4095),
			  4096 + 72);
	ck_assert_uint_eq(stream_record_end(stream_record(STREAM_RECORD, 64, 0), 8, 8192 - 72,
					    4095),
			  8192);
	ck_assert_uint_eq(stream_record_end(stream_record(STREAM_RECORD, 64, 0), 8, 8192 - 64,
					    4095),
			  0);
	ck_assert_uint_eq(stream_record_end(stream_record(STREAM_SKIP, 0, 0), 8, 8192 - 64, 4095),
			  8192);
	ck_assert_uint_eq(stream_record_end(stream_record(STREAM_SKIP, 0, 0), 8, 8192, 4095), 0);
	ck_assert_uint_eq(stream_record_end(64, 8, 4096, 4095), 0);
	ck_assert_uint_eq(stream_record_end(UINT64_C(3) << 30, 8, 4096, 4095), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream_layout");
	TCase *tcase = tcase_create("stream_layout");

	tcase_add_test(tcase, what_is_laid_out_is_found);
	tcase_add_test(tcase, claims_tell_all_tickets_apart);
	tcase_add_test(tcase, no_shape_is_not_laid_out);
	tcase_add_test(tcase, a_byte_too_little_is_too_little);
	tcase_add_test(tcase, random_headers_lead_nowhere);
	tcase_add_test(tcase, other_things_are_no_streams);
	tcase_add_test(tcase, the_largest_record_is_half_a_lane);
	tcase_add_test(tcase, headers_say_what_was_put_into_them);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
