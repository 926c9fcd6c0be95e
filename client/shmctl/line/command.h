/*
 * The commands. One row of the table is all that dispatch, the check of the command line and the
 * help know of a command.
 */
#ifndef SHMCTL_LINE_COMMAND_H
#define SHMCTL_LINE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct session;

struct command {
	const char *name;     /* one word, or two with a space */
	const char *operands; /* as in its synopsis */
	const char *summary;  /* one line */
	const char *help;     /* what else there is to know, lines of at most 80 characters */
	unsigned options;     /* families of options that it takes, enum option_family */
	int least, most;      /* how many operands it takes */
	bool is_local;        /* works without a broker, or connects by itself */
	/* What the line says beyond the table, before there is a broker; NULL when it has no more.
	 */
	int (*check)(struct session *session);
	int (*run)(struct session *session);
};

/* All of them, in the order of the help. */
extern const struct command command_table[];
extern const size_t command_table_n;

/* The command called so; SECOND is NULL for a name of one word. NULL when there is none. */
const struct command *command_find(const char *first, const char *second);

/* A command whose name has two words, of which WORD is the first; NULL when there is none. */
const struct command *command_begins(const char *word);

#endif
