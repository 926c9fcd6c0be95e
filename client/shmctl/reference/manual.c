/*
 * The parts of the manual page, in scdoc(5).
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "line/command.h"
#include "line/options.h"
#include "parts.h"

/* What would mean something to scdoc, anywhere and at the beginning of a line. */
#define MEANS_ANYWHERE    "\\*_+"
#define MEANS_AT_THE_HEAD "\\*_+#-;:[]|`"

/* SIZE bytes of TEXT, a line or a part of one, as they are. */
static void put_text(FILE *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (strchr(i == 0 ? MEANS_AT_THE_HEAD : MEANS_ANYWHERE, text[i]))
			(void)fputc('\\', out);
		(void)fputc(text[i], out);
	}
}

/* What is in capitals stands for something else: "NAME [FILE]". */
static void put_operands(FILE *out, const char *operands)
{
	bool is_within = false;

	for (const char *at = operands; *at || is_within; at++) {
		bool is_capital = isupper((unsigned char)*at);

		if (is_capital != is_within)
			(void)fputc('_', out);
		is_within = is_capital;
		if (*at == '\0')
			break;
		(void)fputc(*at, out);
	}
}

/* The help of a command. Lines that are set in are shown as they stand. */
static void put_help(FILE *out, const char *help)
{
	bool is_literal = false;

	for (const char *line = help, *end; *line; line = end + (*end == '\n')) {
		bool is_set_in = *line == ' ' || *line == '\t';

		end = strchrnul(line, '\n');
		if (is_set_in && !is_literal)
			(void)fputs("\n```\n", out);
		else if (!is_set_in && is_literal)
			(void)fputs("```\n\n", out);
		is_literal = is_set_in;
		put_text(out, line, (size_t)(end - line));
		(void)fputc('\n', out);
	}
	if (is_literal)
		(void)fputs("```\n", out);
}

static void put_options(FILE *out, unsigned families)
{
	for (size_t i = 0; i < option_table_n; i++) {
		const struct option_row *row = &option_table[i];

		if (!(row->families & families))
			continue;
		fprintf(out, "\n*--%s*", row->name);
		if (row->value) {
			(void)fputc(' ', out);
			put_operands(out, row->value);
		}
		(void)fputs("\n\t", out);
		put_text(out, row->summary, strlen(row->summary));
		(void)fputs(".\n", out);
	}
}

static void put_command(FILE *out, const struct command *command)
{
	fprintf(out, "\n## %s\n\n*shmctl %s*%s%s", command->name, command->name,
		command->options ? " [_OPTION_]..." : "", command->operands[0] ? " " : "");
	put_operands(out, command->operands);
	fprintf(out, "\n\n%c", toupper((unsigned char)command->summary[0]));
	put_text(out, command->summary + 1, strlen(command->summary + 1));
	(void)fputs(".\n", out);
	if (command->help[0])
		(void)fputc('\n', out);
	put_help(out, command->help);
	put_options(out, command->options);
}

void manual_print_options(FILE *out)
{
	put_options(out, OPTIONS_GLOBAL);
}

void manual_print_commands(FILE *out)
{
	for (size_t i = 0; i < command_table_n; i++)
		put_command(out, &command_table[i]);
}
