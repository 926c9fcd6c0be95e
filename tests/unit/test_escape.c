/*
 * Texts of others between quotes: nothing ends the quotes, nothing is an order, and every character
 * that can be shown is.
 */
#include "base/escape.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "support/suite.h"

static const struct {
	const char *text;
	const char *in_dot;
	const char *in_label;
} texts[] = {
	{"", "", ""},
	{"plain/name-1.x", "plain/name-1.x", "plain/name-1.x"},
	{"a\"b", "a\\\"b", "a\\\"b"},
	{"a\\b", "a\\\\\\\\b", "a\\\\b"},
	{"\\", "\\\\\\\\", "\\\\"},
	{"\\\"", "\\\\\\\\\\\"", "\\\\\\\""},
	{"a\nb", "a\\\\x0ab", "a\\nb"},
	{"\x1b[2J\x7f", "\\\\x1b[2J\\\\x7f", "?[2J?"},
	{"<b>&lt;", "<b>&amp;lt;", "<b>&lt;"},
	/* Characters of two, three and four bytes. */
	{"\xc3\xb6", "\xc3\xb6", "\xc3\xb6"},
	{"\xe2\x82\xac", "\xe2\x82\xac", "\xe2\x82\xac"},
	{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	/* A control character of two bytes, and what XML does not have. */
	{"\xc2\x9b", "\\\\xc2\\\\x9b", "??"},
	{"\xef\xbf\xbf", "\\\\xef\\\\xbf\\\\xbf", "???"},
	/* Cut short, in the midst of which the quotes would end; begun with what goes on. */
	{"\xc3", "\\\\xc3", "?"},
	{"\xe2\x82", "\\\\xe2\\\\x82", "??"},
	{"\xf0\x9f\x98\"", "\\\\xf0\\\\x9f\\\\x98\\\"", "???\\\""},
	{"\xbf", "\\\\xbf", "?"},
	/* Longer than it has to be, a surrogate, and beyond the last one. */
	{"\xc0\xa2", "\\\\xc0\\\\xa2", "??"},
	{"\xe0\x80\xa2", "\\\\xe0\\\\x80\\\\xa2", "???"},
	{"\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80", "???"},
	{"\xf4\x90\x80\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80", "????"},
	{"\xff", "\\\\xff", "?"},
};

static void check(void (*escape)(FILE *out, const char *text), const char *text,
		  const char *expected)
{
	char *got = NULL;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	ck_assert_ptr_nonnull(out);
	escape(out, text);
	fclose(out);
	ck_assert_str_eq(got, expected);
	free(got);
}

START_TEST(texts_stay_within_their_quotes)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		check(escape_dot, texts[i].text, texts[i].in_dot);
		check(escape_label, texts[i].text, texts[i].in_label);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("escape");
	TCase *tests = tcase_create("escape");

	tcase_add_test(tests, texts_stay_within_their_quotes);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
