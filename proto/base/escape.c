/*
 * Texts end with a 0, which is no byte that goes on with a character: so nothing is read beyond it.
 */
#include "base/escape.h"

#include <stdbool.h>
#include <string.h>

#include "base/attr.h"

/* By the first byte of a character, what its second one may be: nothing that is longer than it has
 * to be, no surrogate, and no control character. */
static const struct {
	unsigned char first, last;
	unsigned char second_least, second_most;
	size_t length;
} characters[] = {
	{' ', '~', 0, 0, 1},         {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* The two that UTF-8 can say and XML, which pictures are made of, cannot. */
static const char *const nothings[] = {"\xef\xbf\xbe", "\xef\xbf\xbf"};

static bool goes_on(unsigned char byte)
{
	return byte >= 0x80 && byte <= 0xbf;
}

/* Of the character at TEXT, or 0 when it cannot be shown. */
static size_t length_of(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t i = 0; i < ARRAY_SIZE(nothings); i++)
		if (strncmp(text, nothings[i], strlen(nothings[i])) == 0)
			return 0;
	for (size_t i = 0; i < ARRAY_SIZE(characters); i++) {
		size_t length = characters[i].length;

		if (bytes[0] < characters[i].first || bytes[0] > characters[i].last)
			continue;
		if (length > 1 &&
		    (bytes[1] < characters[i].second_least || bytes[1] > characters[i].second_most))
			return 0;
		for (size_t at = 2; at < length; at++)
			if (!goes_on(bytes[at]))
				return 0;
		return length;
	}
	return 0;
}

void escape_dot(FILE *out, const char *text)
{
	while (*text) {
		size_t length = length_of(text);

		if (length == 0)
			fprintf(out, "\\\\x%02x", (unsigned char)*text);
		else if (*text == '\\')
			fputs("\\\\\\\\", out);
		else if (*text == '"')
			fputs("\\\"", out);
		else if (*text == '&') /* else "&lt;" would be a "<" */
			fputs("&amp;", out);
		else
			fwrite(text, 1, length, out);
		text += length ? length : 1;
	}
}

void escape_label(FILE *out, const char *text)
{
	while (*text) {
		size_t length = length_of(text);

		if (*text == '\n')
			fputs("\\n", out);
		else if (length == 0)
			fputc('?', out);
		else if (*text == '\\' || *text == '"')
			fprintf(out, "\\%c", *text);
		else
			fwrite(text, 1, length, out);
		text += length ? length : 1;
	}
}
