/*
 * Lines are split by libinih. As it is packaged it does not say on which line it is, keeps 49 bytes
 * of a section's name, does not tell of sections without assignments, names only the first of the
 * lines that it does not understand, and takes an indented line for more of the value before. So
 * this reader, which hands it one line after another, counts them, trims them, keeps sections to
 * itself, and notices when nothing came of a line.
 */
#include "rules/config_file.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/attr.h"

#define WHITESPACE " \t\r\n"

/* libinih takes a line with its newline and a 0 in a buffer of INI_MAX_LINE bytes. */
#define LINE_MAX_BYTES (INI_MAX_LINE - 3)

/* The longest section is [Prefix NAME], with a name of 200 bytes and some to be complained of. */
#define SECTION_MAX_BYTES 255

_Static_assert(INI_MAX_LINE == 200, "the sentence about long lines says 197");

struct reading {
	FILE *file;
	const struct config_file_reader *reader;
	char *text; /* the line, in a buffer of getline */
	size_t room;
	unsigned line;
	bool is_pending; /* the line was handed over as an assignment and nothing came back yet */
	int error;
};

static void free_text(char **text)
{
	free(*text);
}

static void say(struct reading *reading, const char *text)
{
	reading->reader->fault(reading->reader->data, reading->line, text);
}

/* Between brackets, with nothing behind them. */
static void take_section(struct reading *reading, char *text, size_t size)
{
	if (size > SECTION_MAX_BYTES) {
		say(reading,
		    "the name of this section is too long; a prefix has at most 200 bytes");
		return;
	}
	if (text[size - 1] != ']' || strchr(text, ']') != text + size - 1) {
		say(reading, "a section is written [Name], with nothing behind it; write comments "
			     "on lines of "
			     "their own");
		return;
	}
	text[size - 1] = '\0';
	reading->reader->section(reading->reader->data, reading->line, text + 1);
}

static bool is_printable(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((text[i] < ' ' || text[i] > '~') && text[i] != '\t')
			return false;
	return true;
}

/* What a trimmed line gives libinih to split: itself, or nothing. */
static const char *take_line(struct reading *reading, char *text, size_t size)
{
	if (size == 0 || *text == '#' || *text == ';')
		return "";
	if (!is_printable(text, size)) {
		say(reading,
		    "there is a byte here that is no printable ASCII; only comments, on lines "
		    "of their own, may have others");
		return "";
	}
	if (*text == '[') {
		take_section(reading, text, size);
		return "";
	}
	if (size > LINE_MAX_BYTES) {
		say(reading,
		    "this line is longer than 197 bytes; a list may be given in several lines, "
		    "each with the key");
		return "";
	}
	reading->is_pending = true;
	return text;
}

static void judge_pending(struct reading *reading)
{
	if (reading->is_pending)
		say(reading, "this is neither [Section] nor Key=VALUE; begin comments with #");
	reading->is_pending = false;
}

/* The next line for libinih, which calls this in the place of fgets. */
static char *next_line(char *buffer, int size, void *data)
{
	struct reading *reading = data;
	const char *taken;
	char *start;
	ssize_t n;

	judge_pending(reading);
	errno = 0;
	n = getline(&reading->text, &reading->room, reading->file);
	if (n < 0) {
		if (!feof(reading->file))
			reading->error = errno ? -errno : -EIO;
		return NULL;
	}
	reading->line++;
	while (n > 0 && strchr(WHITESPACE, reading->text[n - 1]) && reading->text[n - 1])
		reading->text[--n] = '\0';
	start = reading->text + strspn(reading->text, WHITESPACE);
	taken = take_line(reading, start, (size_t)(reading->text + n - start));
	(void)snprintf(buffer, (size_t)size, "%s\n", taken);
	return buffer;
}

/* What libinih made of the line. It is told that all is well, or it would stop. */
static int take_assignment(void *data, const char *section, const char *key, const char *value)
{
	struct reading *reading = data;

	(void)section;
	if (*key == '\0')
		return 1; /* and the line stays pending */
	reading->is_pending = false;
	reading->reader->assignment(reading->reader->data, reading->line, key, value);
	return 1;
}

int config_file_read(FILE *file, const struct config_file_reader *reader)
{
	struct reading reading = {.file = file, .reader = reader};
	attr_cleanup(free_text) char *text = NULL;
	int r = ini_parse_stream(next_line, &reading, take_assignment, &reading);

	text = reading.text;
	if (r == -2)
		return -ENOMEM;
	return reading.error;
}
