/*
 * Parts of texts that come from the tables of commands and options.
 */
#ifndef SHMCTL_PARTS_H
#define SHMCTL_PARTS_H

#include <stdio.h>

/* For the manual page, in scdoc(5). */
void manual_print_options(FILE *out);  /* those of every command */
void manual_print_commands(FILE *out); /* a section each */

/*
 * The tables for completion, as arrays of the shell:
 *
 *   _shmctl_commands           list: the first words
 *   _shmctl_global             list: the options of every command
 *   _shmctl_seconds            first word: second words
 *   _shmctl_operands           command: its operands, as in its synopsis
 *   _shmctl_options            command: its own options
 *   _shmctl_values             option: what its value is called; not for those without
 *   _shmctl_choices            what a value or an operand is called: all that it can be
 *   _shmctl_summaries          command: its summary; for zsh alone, as is the next
 *   _shmctl_option_summaries   option: its summary
 */
void shells_print_bash(FILE *out);
void shells_print_zsh(FILE *out);

#endif
