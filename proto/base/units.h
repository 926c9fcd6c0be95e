/*
 * Sizes and durations as people write them: 64M, 30s. One grammar for the command line, the
 * configuration and what is printed.
 *
 *   size      digits, then nothing or one of B K M G T (powers of 1024)
 *   duration  digits, then ms s min h d; a bare 0 is allowed, a bare number is not
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* Enough for anything that the two format calls write, terminator included. */
#define UNITS_TEXT_MAX 32

/* Bytes. Returns 0, -EINVAL for what is not a size, -ERANGE when it does not fit. */
int units_parse_size(const char *text, uint64_t *ret_bytes);

/* Milliseconds. Returns 0, -EINVAL for what is not a duration, -ERANGE when it does not fit. */
int units_parse_duration(const char *text, uint64_t *ret_ms);

/* The shortest exact form: 65536 is "64K", 1000 is "1000". Both return TEXT. */
char *units_format_size(uint64_t bytes, char text[static UNITS_TEXT_MAX]);
char *units_format_duration(uint64_t ms, char text[static UNITS_TEXT_MAX]);

#endif
