/*
 * The words: numbers are fixed for ever, texts are found for them, and both ways agree.
 */
#include <check.h>
#include <errno.h>

#include "base/attr.h"
#include "support/suite.h"
#include "wire/vocabulary.h"

/* The numbers as they were given out: a change here is a change of the protocol. */
START_TEST(numbers_stay_what_they_are)
{
	ck_assert_int_eq(WIRE_KIND_SEGMENT, 1);
	ck_assert_int_eq(WIRE_KIND_FIFO, 2);
	ck_assert_int_eq(WIRE_BACKING_AUTO, 0);
	ck_assert_int_eq(WIRE_BACKING_SYSV, 1);
	ck_assert_int_eq(WIRE_BACKING_MEMFD, 2);
	ck_assert_int_eq(WIRE_BACKING_FIFO, 3);
	ck_assert_int_eq(WIRE_LIFETIME_KEEP, 1);
	ck_assert_int_eq(WIRE_LIFETIME_USED, 2);
	ck_assert_int_eq(WIRE_LIFETIME_OWNER, 3);
	ck_assert_int_eq(WIRE_ACCESS_READ, 1);
	ck_assert_int_eq(WIRE_ACCESS_WRITE, 2);
	ck_assert_int_eq(WIRE_ACCESS_BOTH, 3);
	ck_assert_int_eq(WIRE_STATE_FRESH, 1);
	ck_assert_int_eq(WIRE_STATE_INITIALISING, 2);
	ck_assert_int_eq(WIRE_STATE_READY, 3);
	ck_assert_int_eq(WIRE_STATE_REMOVED, 4);
	ck_assert_int_eq(WIRE_HOLDING_ATTACHED, 1);
	ck_assert_int_eq(WIRE_HOLDING_INITIALISING, 2);
	ck_assert_int_eq(WIRE_HOLDING_AWAY, 3);
	ck_assert_int_eq(WIRE_HOLDING_WAITING, 4);
	ck_assert_int_eq(WIRE_ENDING_REMOVED, 1);
	ck_assert_int_eq(WIRE_ENDING_UNUSED, 2);
	ck_assert_int_eq(WIRE_ENDING_OWNER, 3);
	ck_assert_int_eq(WIRE_ENDING_SHUTDOWN, 4);
	ck_assert_int_eq(WIRE_ENDING_BACKING, 5);
	ck_assert_int_eq(WIRE_OUTCOME_DONE, 0);
	ck_assert_int_eq(WIRE_NEWS_CREATED, 1);
	ck_assert_int_eq(WIRE_NEWS_OPENED, 2);
	ck_assert_int_eq(WIRE_NEWS_READY, 3);
	ck_assert_int_eq(WIRE_NEWS_VACATED, 4);
	ck_assert_int_eq(WIRE_NEWS_PERMITTED, 5);
	ck_assert_int_eq(WIRE_NEWS_CLOSED, 6);
	ck_assert_int_eq(WIRE_NEWS_REMOVED, 7);
	ck_assert_int_eq(WIRE_OUTCOME_INITIALISE, 1);
	ck_assert_int_eq(WIRE_OUTCOME_NO_READER, 2);
}
END_TEST

#define EXPECT_KIND(number, word, text)     ck_assert_str_eq(wire_kind_text(number), text);
#define EXPECT_LIFETIME(number, word, text) ck_assert_str_eq(wire_lifetime_text(number), text);
#define EXPECT_SUBJECT(number, word, text)                                                         \
	ck_assert_str_eq(wire_subject_text(number), text);                                         \
	ck_assert_int_eq(wire_subject_parse(text, &parsed), 0);                                    \
	ck_assert_uint_eq(parsed, number);
#define EXPECT_CHANGE(number, word, text) ck_assert_str_eq(wire_change_text(number), text);
#define EXPECT_DEED(number, word, text)                                                            \
	ck_assert_str_eq(wire_deed_text(number), text);                                            \
	ck_assert_int_eq(wire_deed_parse(text, &parsed), 0);                                       \
	ck_assert_uint_eq(parsed, number);
#define EXPECT_STATE(number, word, text)   ck_assert_str_eq(wire_state_text(number), text);
#define EXPECT_HOLDING(number, word, text) ck_assert_str_eq(wire_holding_text(number), text);
#define EXPECT_ENDING(number, word, text)  ck_assert_str_eq(wire_ending_text(number), text);
#define EXPECT_NEWS(number, word, text)    ck_assert_str_eq(wire_news_text(number), text);
#define EXPECT_BACKING(number, word, text)                                                         \
	ck_assert_str_eq(wire_backing_text(number), text);                                         \
	ck_assert_int_eq(wire_backing_parse(text, &parsed), 0);                                    \
	ck_assert_uint_eq(parsed, number);
#define EXPECT_ACCESS(number, word, text)                                                          \
	ck_assert_str_eq(wire_access_text(number), text);                                          \
	ck_assert_int_eq(wire_access_parse(text, &parsed), 0);                                     \
	ck_assert_uint_eq(parsed, number);

START_TEST(every_word_has_its_text)
{
	uint8_t parsed = 99;

	WIRE_KINDS(EXPECT_KIND)
	WIRE_LIFETIMES(EXPECT_LIFETIME)
	WIRE_SUBJECTS(EXPECT_SUBJECT)
	WIRE_CHANGES(EXPECT_CHANGE)
	WIRE_DEEDS(EXPECT_DEED)
	WIRE_STATES(EXPECT_STATE)
	WIRE_HOLDINGS(EXPECT_HOLDING)
	WIRE_ENDINGS(EXPECT_ENDING)
	WIRE_NEWS(EXPECT_NEWS)
	WIRE_BACKINGS(EXPECT_BACKING)
	WIRE_ACCESSES(EXPECT_ACCESS)
}
END_TEST

START_TEST(other_numbers_are_unknown)
{
	static const unsigned faulty[] = {8, 255, 256, ~0u};

	for (size_t i = 0; i < ARRAY_SIZE(faulty); i++) {
		ck_assert_str_eq(wire_kind_text(faulty[i]), "unknown");
		ck_assert_str_eq(wire_backing_text(faulty[i]), "unknown");
		ck_assert_str_eq(wire_lifetime_text(faulty[i]), "unknown");
		ck_assert_str_eq(wire_access_text(faulty[i]), "unknown");
		ck_assert_str_eq(wire_subject_text(faulty[i]), "unknown");
		ck_assert_str_eq(wire_change_text(faulty[i]), "unknown");
		ck_assert_str_eq(wire_state_text(faulty[i]), "unknown");
		ck_assert_str_eq(wire_holding_text(faulty[i]), "unknown");
		ck_assert_str_eq(wire_ending_text(faulty[i]), "unknown");
		ck_assert_str_eq(wire_news_text(faulty[i]), "unknown");
	}
	ck_assert_str_eq(wire_kind_text(0), "unknown");
	ck_assert_str_eq(wire_access_text(0), "unknown");
}
END_TEST

START_TEST(other_words_are_refused)
{
	static const char *const faulty[] = {"", "SYSV", "sys", "sysv ", "unknown", "wr", "read"};

	for (size_t i = 0; i < ARRAY_SIZE(faulty); i++) {
		uint8_t number = 99;

		ck_assert_int_eq(wire_backing_parse(faulty[i], &number), -EINVAL);
		ck_assert_int_eq(wire_access_parse(faulty[i], &number), -EINVAL);
		ck_assert_uint_eq(number, 99);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vocabulary");
	TCase *tcase = tcase_create("words");

	tcase_add_test(tcase, numbers_stay_what_they_are);
	tcase_add_test(tcase, every_word_has_its_text);
	tcase_add_test(tcase, other_numbers_are_unknown);
	tcase_add_test(tcase, other_words_are_refused);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
