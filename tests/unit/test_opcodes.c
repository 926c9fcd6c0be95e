/*
 * The tables of operations and events: what every row must have for codec, dispatcher and library
 * to rely on it.
 */
#include <check.h>
#include <limits.h>
#include <string.h>

#include "support/suite.h"
#include "wire/opcodes.h"

START_TEST(every_row_is_whole)
{
	for (unsigned opcode = 1; opcode < WIRE_OPCODE_LIMIT; opcode++) {
		const struct wire_operation *operation = wire_operation(opcode, UINT_MAX);

		if (!operation)
			continue; /* a number that was given up is not used again */
		ck_assert_uint_eq(operation->opcode, opcode);
		ck_assert_ptr_nonnull(operation->name);
		ck_assert_uint_gt(strlen(operation->meaning), 0);
		ck_assert_ptr_nonnull(operation->request);
		ck_assert_ptr_nonnull(operation->reply);
		ck_assert_uint_le(operation->descriptors, 1);
		ck_assert_uint_ge(operation->since, WIRE_VERSION_OLDEST);
		ck_assert_uint_le(operation->since, WIRE_VERSION_NEWEST);
	}
}
END_TEST

START_TEST(rows_are_found_by_their_names_number)
{
#define EXPECT_ROW(number, NAME, ...)                                                              \
	ck_assert_uint_eq(WIRE_##NAME, number);                                                    \
	ck_assert_str_eq(wire_operation(number, WIRE_VERSION_NEWEST)->name, #NAME);
#define EXPECT_EVENT(number_, NAME, ...)                                                           \
	ck_assert_uint_eq(WIRE_EVENT_##NAME, number_);                                             \
	ck_assert_str_eq(wire_notice(number_, WIRE_VERSION_NEWEST)->name, #NAME);                  \
	ck_assert_uint_eq(wire_notice(number_, WIRE_VERSION_NEWEST)->number, number_);             \
	ck_assert_ptr_nonnull(wire_notice(number_, WIRE_VERSION_NEWEST)->message);

	WIRE_OPCODES(EXPECT_ROW)
	WIRE_EVENTS(EXPECT_EVENT)
}
END_TEST

START_TEST(numbers_outside_the_table_have_no_row)
{
	static const unsigned faulty[] = {0, WIRE_OPCODE_LIMIT, 255, 65535, UINT_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(faulty); i++) {
		ck_assert_ptr_null(wire_operation(faulty[i], WIRE_VERSION_NEWEST));
		ck_assert_ptr_null(wire_notice(faulty[i], WIRE_VERSION_NEWEST));
	}
}
END_TEST

START_TEST(a_version_does_not_have_what_came_later)
{
	for (unsigned opcode = 1; opcode < WIRE_OPCODE_LIMIT; opcode++)
		ck_assert_ptr_null(wire_operation(opcode, 0));
	ck_assert_ptr_null(wire_notice(WIRE_EVENT_REMOVED, 0));
}
END_TEST

/* HELLO is how versions are agreed on, so that it alone comes first and in every version. */
START_TEST(hello_alone_greets)
{
	for (unsigned opcode = 1; opcode < WIRE_OPCODE_LIMIT; opcode++) {
		const struct wire_operation *operation =
			wire_operation(opcode, WIRE_VERSION_NEWEST);

		if (operation)
			ck_assert_int_eq(operation->stage == WIRE_STAGE_GREET,
					 opcode == WIRE_HELLO);
	}
	ck_assert_uint_eq(wire_operation(WIRE_HELLO, WIRE_VERSION_OLDEST)->since, 1);
}
END_TEST

START_TEST(every_message_fits_a_packet)
{
	for (unsigned opcode = 1; opcode < WIRE_OPCODE_LIMIT; opcode++) {
		const struct wire_operation *operation =
			wire_operation(opcode, WIRE_VERSION_NEWEST);

		if (!operation)
			continue;
		ck_assert_uint_le(WIRE_HEADER_SIZE +
					  wire_size_max(operation->request, WIRE_VERSION_NEWEST),
				  WIRE_PACKET_MAX);
		ck_assert_uint_le(WIRE_HEADER_SIZE +
					  wire_size_max(operation->reply, WIRE_VERSION_NEWEST),
				  WIRE_PACKET_MAX);
	}
}
END_TEST

/* An entry of LIST, WHO or an event that fills its bounds still has to fit into an answer. */
START_TEST(the_largest_entries_fit_an_answer)
{
	ck_assert_uint_le(2 + wire_size_max(&wire_object_shape, WIRE_VERSION_NEWEST),
			  WIRE_BLOB_MAX);
	ck_assert_uint_le(2 + wire_size_max(&wire_holder_shape, WIRE_VERSION_NEWEST),
			  WIRE_BLOB_MAX);
	ck_assert_uint_le(2 + wire_size_max(&wire_news_shape, WIRE_VERSION_NEWEST), WIRE_BLOB_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("opcodes");
	TCase *tcase = tcase_create("tables");

	tcase_add_test(tcase, every_row_is_whole);
	tcase_add_test(tcase, rows_are_found_by_their_names_number);
	tcase_add_test(tcase, numbers_outside_the_table_have_no_row);
	tcase_add_test(tcase, a_version_does_not_have_what_came_later);
	tcase_add_test(tcase, hello_alone_greets);
	tcase_add_test(tcase, every_message_fits_a_packet);
	tcase_add_test(tcase, the_largest_entries_fit_an_answer);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
