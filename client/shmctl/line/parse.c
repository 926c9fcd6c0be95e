/*
 * getopt_long(3) walks the line once, over the options of all commands, and hands out operands and
 * options in the order in which they stand: the first operand is the command, options before it
 * must be global, and options after it global or the command's own.
 */
#include "parse.h"

#include <getopt.h>
#include <string.h>

#include "command.h"
#include "complain_usage.h"
#include "options.h"
#include "words/complain.h"

#define FIRST_OPTION 256 /* what getopt_long says for option_table[0]: beyond all characters */

/* The table as getopt_long wants it; ROWS has room for the end mark. */
static void fill_getopt_rows(struct option rows[static OPTIONS_MAX + 1])
{
	memset(rows, 0, (OPTIONS_MAX + 1) * sizeof(*rows));
	for (size_t i = 0; i < option_table_n; i++)
		rows[i] = (struct option){
			.name = option_table[i].name,
			.has_arg = option_table[i].value ? required_argument : no_argument,
			.val = FIRST_OPTION + (int)i,
		};
}

/* What getopt_long did not like. */
static int refuse_option(const struct command *command, int why, const char *word)
{
	if (why == ':')
		return complain_usage(command, "--%s wants a value, %s",
				      option_table[optopt - FIRST_OPTION].name,
				      option_table[optopt - FIRST_OPTION].value);
	if (optopt >= FIRST_OPTION)
		return complain_usage(command, "--%s takes no value",
				      option_table[optopt - FIRST_OPTION].name);
	if (optopt)
		return complain_usage(
			command,
			"there is no option -%c (a name that begins with \"-\" comes after \"--\")",
			optopt);
	return complain_usage(command, "there is no option %s, or more than one that begins so",
			      word);
}

static int take_option(const struct option_row *row, const struct command *command,
		       struct arguments *arguments)
{
	unsigned allowed = OPTIONS_GLOBAL | (command ? command->options : 0);
	const char *fault;

	if (!(row->families & allowed))
		return command ? complain_usage(command, "--%s is no option of \"%s\"", row->name,
						command->name)
			       : complain_usage(NULL,
						"--%s is an option of some commands and comes "
						"after the command",
						row->name);
	fault = row->take(arguments, optarg);
	if (fault)
		return complain_usage(command, "--%s: \"%s\" %s", row->name, optarg, fault);
	arguments->given |= row->families;
	return STATUS_DONE;
}

/* The first word that is no option, or two of them, is the command, the others are its operands. */
static int take_word(char *word, const struct command **command, struct arguments *arguments)
{
	const char *first = arguments->first_word;

	if (*command) {
		arguments->operands[arguments->operands_n++] = word;
		return STATUS_DONE;
	}
	if (!first && command_begins(word)) {
		arguments->first_word = word;
		return STATUS_DONE;
	}
	*command = first ? command_find(first, word) : command_find(word, NULL);
	return *command ? STATUS_DONE
			: complain_usage(NULL, "there is no command \"%s%s%s\"", first ? first : "",
					 first ? " " : "", word);
}

static int check_operands(const struct command *command, const struct arguments *arguments)
{
	if (arguments->help)
		return STATUS_DONE;
	if (!command && arguments->first_word)
		return complain_usage(NULL, "\"%s\" wants another word, as in \"%s\"",
				      arguments->first_word,
				      command_begins(arguments->first_word)->name);
	if (!command)
		return complain_usage(NULL, "no command was given");
	if (arguments->operands_n < command->least)
		return complain_usage(command, "\"%s\" lacks an operand; it wants %s",
				      command->name, command->operands);
	if (arguments->operands_n > command->most)
		return complain_usage(command, "\"%s\" does not want the operand \"%s\"",
				      command->name, arguments->operands[command->most]);
	return STATUS_DONE;
}

int options_parse(int argc, char **argv, struct arguments *ret_arguments,
		  const struct command **ret_command)
{
	/* Operands are gathered at the front of argv, which getopt_long has passed by then. */
	struct arguments arguments = {.lifetime = SHMB_LIFETIME_KEEP, .operands = argv};
	const struct command *command = NULL;
	struct option rows[OPTIONS_MAX + 1];
	int status = STATUS_DONE;
	int option;

	fill_getopt_rows(rows);
	opterr = 0;
	/* "-": in order, operands as option 1. ":": tell a missing value from the rest. */
	while (status == STATUS_DONE &&
	       (option = getopt_long(argc, argv, "-:h", rows, NULL)) != -1) {
		if (option == '?' || option == ':')
			status = refuse_option(command, option, argv[optind - 1]);
		else if (option == 1)
			status = take_word(optarg, &command, &arguments);
		else if (option == 'h')
			arguments.help = true;
		else
			status = take_option(&option_table[option - FIRST_OPTION], command,
					     &arguments);
	}
	for (; status == STATUS_DONE && optind < argc; optind++)
		status = take_word(argv[optind], &command, &arguments);
	if (status == STATUS_DONE)
		status = check_operands(command, &arguments);
	if (status != STATUS_DONE)
		return status;
	*ret_arguments = arguments;
	*ret_command = command;
	return STATUS_DONE;
}
