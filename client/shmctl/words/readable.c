#include "readable.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"

char *readable_age(uint64_t ms, char text[static UNITS_TEXT_MAX])
{
	static const uint64_t units[] = {86400 * 1000, 3600 * 1000, 60 * 1000, 1000};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (ms >= 2 * units[i])
			return units_format_duration(ms - ms % units[i], text);
	return units_format_duration(ms, text);
}

char *readable_size(uint64_t bytes, char text[static UNITS_TEXT_MAX])
{
	static const char letters[] = "KMGT";
	uint64_t unit = 1;
	size_t n = 0;

	for (; n < strlen(letters) && bytes / unit >= 1024; n++)
		unit *= 1024;
	if (n == 0)
		snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 "B", bytes);
	else if (bytes % unit == 0)
		units_format_size(bytes, text);
	else
		snprintf(text, UNITS_TEXT_MAX, "%.1f%c", (double)bytes / (double)unit,
			 letters[n - 1]);
	return text;
}

char *readable_bytes(const void *bytes, size_t size, char *text)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *byte = bytes;
	char *at = text;

	for (size_t i = 0; i < size; i++) {
		if (byte[i] == '\\') {
			*at++ = '\\';
			*at++ = '\\';
		} else if (byte[i] < ' ' || byte[i] > '~') {
			*at++ = '\\';
			*at++ = 'x';
			*at++ = digits[byte[i] >> 4];
			*at++ = digits[byte[i] & 15];
		} else {
			*at++ = (char)byte[i];
		}
	}
	*at = '\0';
	return text;
}
