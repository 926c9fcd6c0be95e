/*
 * libneeds: which shared libraries files need.
 *
 *   libneeds [-v] FILE...
 *
 * A line for each library, "FILE: LIBRARY". What has been parsed is kept for all programs that use
 * parsed_files.h: start it twice, or several at once, or libusers after it, and with -v see on
 * standard error who has parsed what.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parsed_files.h"

static struct parsed_files files;

/* Returns how it went, as a status to exit with. */
static int print_needs(const char *path)
{
	static struct needs needs;
	int r = parsed_files_needs(&files, path, &needs);

	if (r < 0) {
		warnx("%s: %s", path, strerror(-r));
		return EXIT_FAILURE;
	}
	for (const char *name = NULL; (name = needs_next(&needs, name));)
		printf("%s: %s\n", path, name);
	/* Whoever reads this sees each file when it is done. */
	if (fflush(stdout) == EOF)
		err(EXIT_FAILURE, "cannot write to standard output");
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS, is_verbose = 0, option;

	while ((option = getopt(argc, argv, "v")) == 'v')
		is_verbose = 1;
	if (option != -1 || optind == argc) {
		fprintf(stderr, "usage: libneeds [-v] FILE...\n");
		return 2;
	}
	parsed_files_open(&files);
	for (int i = optind; i < argc; i++)
		status |= print_needs(argv[i]);
	if (is_verbose)
		parsed_files_report(&files);
	parsed_files_close(&files);
	return status;
}
