/*
 * Completes a text by what the tables of commands and options say. It runs while shmctl is built:
 * what is installed beside it, manual page and completions, comes from these tables as its help
 * does.
 *
 *   shmctl_reference TEMPLATE >TEXT
 *
 * TEMPLATE is copied; a line that is "@NAME@" gives way to the part called so.
 */
#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "parts.h"
#include "words/complain.h"

struct part {
	const char *line; /* that gives way to it */
	void (*print)(FILE *out);
};

static const struct part parts[] = {
	{"@options@\n", manual_print_options},
	{"@commands@\n", manual_print_commands},
	{"@bash tables@\n", shells_print_bash},
	{"@zsh tables@\n", shells_print_zsh},
};

static bool print_part(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strcmp(line, parts[i].line) == 0) {
			parts[i].print(stdout);
			return true;
		}
	return false;
}

static int complete(FILE *template, const char *path)
{
	char *line = NULL;
	size_t size = 0;
	int status = STATUS_DONE;

	while (status == STATUS_DONE && getline(&line, &size, template) > 0)
		if (line[0] != '@') {
			(void)fputs(line, stdout);
		} else if (!print_part(line)) {
			warnx("%s: there is no part %s", path, line);
			status = STATUS_FAILED;
		}
	free(line);
	if (status == STATUS_DONE && ferror(template)) {
		warn("cannot read %s", path);
		status = STATUS_FAILED;
	}
	return status;
}

int main(int argc, char **argv)
{
	FILE *template = argc == 2 ? fopen(argv[1], "re") : NULL;
	int status = STATUS_FAILED;

	if (argc != 2) {
		warnx("usage: shmctl_reference TEMPLATE");
		return STATUS_USAGE;
	}
	if (template) {
		status = complete(template, argv[1]);
		(void)fclose(template);
	} else {
		warn("cannot open %s", argv[1]);
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		warn("cannot write what %s gives", argv[1]);
		status = STATUS_FAILED;
	}
	return status;
}
