/*
 * The tables of commands and options as arrays of a shell.
 */
#include <stdbool.h>
#include <string.h>

#include "base/attr.h"
#include "line/command.h"
#include "line/options.h"
#include "parts.h"
#include "top/columns.h"
#include "wire/vocabulary.h"
#include "words/format.h"

#define COLUMNS_MAX 32 /* more than top has */

#define WORD_OF_ROW(number, name, text) text,

static const char *const backings[] = {WIRE_BACKINGS(WORD_OF_ROW)};
static const char *const lifetimes[] = {WIRE_LIFETIMES(WORD_OF_ROW)};
static const char *const deeds[] = {WIRE_DEEDS(WORD_OF_ROW)};

/* How a shell writes an array whose keys are words, and an entry of it. */
struct shell {
	const char *declare;
	const char *before_key, *behind_key;
	bool has_summaries; /* it shows them */
};

static const struct shell bash = {"declare -gA", "[\"", "\"]=", false};
static const struct shell zsh = {"typeset -gA", "'", "' ", true};

static void begin_array(FILE *out, const struct shell *shell, const char *name)
{
	fprintf(out, "%s _shmctl_%s=(\n", shell->declare, name);
}

static void end_array(FILE *out)
{
	(void)fputs(")\n", out);
}

static void put_key(FILE *out, const struct shell *shell, const char *prefix, const char *key,
		    size_t size)
{
	fprintf(out, "\t%s%s%.*s%s", shell->before_key, prefix, (int)size, key, shell->behind_key);
}

static void put_quoted(FILE *out, const char *text)
{
	(void)fputc('\'', out);
	for (; *text; text++)
		if (*text == '\'')
			(void)fputs("'\\''", out);
		else
			(void)fputc(*text, out);
	(void)fputs("'\n", out);
}

static size_t first_word_size(size_t i)
{
	return strcspn(command_table[i].name, " ");
}

/* Whether the first word of the command I is that of an earlier one. */
static bool is_known(size_t i)
{
	size_t size = first_word_size(i);

	for (size_t before = 0; before < i; before++)
		if (first_word_size(before) == size &&
		    strncmp(command_table[before].name, command_table[i].name, size) == 0)
			return true;
	return false;
}

static void put_first_words(FILE *out)
{
	const char *space = "";

	(void)fputs("_shmctl_commands='", out);
	for (size_t i = 0; i < command_table_n; i++) {
		if (is_known(i))
			continue;
		fprintf(out, "%s%.*s", space, (int)first_word_size(i), command_table[i].name);
		space = " ";
	}
	(void)fputs("'\n", out);
}

/* Those of commands that begin as the command FIRST does. */
static void put_second_words(FILE *out, size_t first)
{
	size_t size = first_word_size(first) + 1;
	const char *space = "";

	(void)fputc('\'', out);
	for (size_t i = first; i < command_table_n; i++) {
		if (strncmp(command_table[i].name, command_table[first].name, size) != 0)
			continue;
		fprintf(out, "%s%s", space, command_table[i].name + size);
		space = " ";
	}
	(void)fputs("'\n", out);
}

static void put_seconds(FILE *out, const struct shell *shell)
{
	begin_array(out, shell, "seconds");
	for (size_t i = 0; i < command_table_n; i++) {
		size_t size = first_word_size(i);

		if (command_table[i].name[size] == '\0' || is_known(i))
			continue;
		put_key(out, shell, "", command_table[i].name, size);
		put_second_words(out, i);
	}
	end_array(out);
}

static void put_option_names(FILE *out, unsigned families)
{
	const char *space = "";

	(void)fputc('\'', out);
	for (size_t i = 0; i < option_table_n; i++) {
		if (!(option_table[i].families & families))
			continue;
		fprintf(out, "%s--%s", space, option_table[i].name);
		space = " ";
	}
	(void)fputs("'\n", out);
}

/* What to print of a command, or of an option. */
enum aspect { OPERANDS, OPTIONS, SUMMARY, VALUE };

static void put_commands(FILE *out, const struct shell *shell, const char *name, enum aspect aspect)
{
	begin_array(out, shell, name);
	for (size_t i = 0; i < command_table_n; i++) {
		const struct command *command = &command_table[i];

		put_key(out, shell, "", command->name, strlen(command->name));
		if (aspect == OPTIONS)
			put_option_names(out, command->options);
		else
			put_quoted(out, aspect == OPERANDS ? command->operands : command->summary);
	}
	end_array(out);
}

static void put_options(FILE *out, const struct shell *shell, const char *name, enum aspect aspect)
{
	begin_array(out, shell, name);
	for (size_t i = 0; i < option_table_n; i++) {
		const struct option_row *row = &option_table[i];
		const char *text = aspect == VALUE ? row->value : row->summary;

		if (!text)
			continue;
		put_key(out, shell, "--", row->name, strlen(row->name));
		put_quoted(out, text);
	}
	end_array(out);
}

/* Whether an option takes WORD whose value is called so, if there is one. */
static bool is_taken(const char *value, const char *word)
{
	struct arguments arguments = {.json = false};
	bool is_value = false;

	for (size_t i = 0; i < option_table_n; i++) {
		const struct option_row *row = &option_table[i];

		if (!row->value || strcmp(row->value, value) != 0)
			continue;
		is_value = true;
		if (!row->take(&arguments, word))
			return true;
	}
	return !is_value;
}

static void put_choice(FILE *out, const struct shell *shell, const char *value,
		       const char *const *words, size_t n)
{
	const char *space = "";

	put_key(out, shell, "", value, strlen(value));
	(void)fputc('\'', out);
	for (size_t i = 0; i < n; i++) {
		if (!is_taken(value, words[i]))
			continue;
		fprintf(out, "%s%s", space, words[i]);
		space = " ";
	}
	(void)fputs("'\n", out);
}

/* What top can sort by. */
static void put_columns(FILE *out, const struct shell *shell)
{
	const char *words[COLUMNS_MAX];
	size_t n = 0;

	for (; n < top_object_table.n && n < COLUMNS_MAX; n++)
		words[n] = top_object_table.columns[n].word;
	put_choice(out, shell, "COLUMN", words, n);
}

static void put_choices(FILE *out, const struct shell *shell)
{
	begin_array(out, shell, "choices");
	put_choice(out, shell, "BACKING", backings, ARRAY_SIZE(backings));
	put_choice(out, shell, "LIFETIME", lifetimes, ARRAY_SIZE(lifetimes));
	put_choice(out, shell, "DEED", deeds, ARRAY_SIZE(deeds));
	put_choice(out, shell, "WORD", format_full_words, SHMB_FULL_OVERWRITE + 1);
	put_columns(out, shell);
	end_array(out);
}

static void print_tables(FILE *out, const struct shell *shell)
{
	put_first_words(out);
	(void)fputs("_shmctl_global=", out);
	put_option_names(out, OPTIONS_GLOBAL);
	put_seconds(out, shell);
	put_commands(out, shell, "operands", OPERANDS);
	put_commands(out, shell, "options", OPTIONS);
	put_options(out, shell, "values", VALUE);
	put_choices(out, shell);
	if (!shell->has_summaries)
		return;
	put_commands(out, shell, "summaries", SUMMARY);
	put_options(out, shell, "option_summaries", SUMMARY);
}

void shells_print_bash(FILE *out)
{
	print_tables(out, &bash);
}

void shells_print_zsh(FILE *out)
{
	print_tables(out, &zsh);
}
