/*
 * The command line, taken apart.
 */
#ifndef SHMCTL_LINE_PARSE_H
#define SHMCTL_LINE_PARSE_H

struct arguments;
struct command;

/*
 * Take the command line apart. *ret_command is NULL when there is none, which only goes with
 * --help. The operands are a rearranged part of ARGV. Returns STATUS_DONE, or STATUS_USAGE when it
 * makes no sense and that has been said.
 */
int options_parse(int argc, char **argv, struct arguments *ret_arguments,
		  const struct command **ret_command);

#endif
