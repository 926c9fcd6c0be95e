/*
 * libusers: which programs need a library.
 *
 *   libusers [-v] LIBRARY DIRECTORY...
 *
 * A line for each file below the directories that names LIBRARY, such as libz.so.1, among those
 * that it needs. What cannot be parsed is passed over, and symbolic links are not followed. As to
 * what is parsed and what others have left, and -v, it is as libneeds.
 */
#include <err.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parsed_files.h"

#define DIRECTORIES_OPEN 16

static struct parsed_files files;
static const char *library;
static int status = EXIT_SUCCESS;

static int visit(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
	static struct needs needs;
	int r;

	(void)where;
	if (kind == FTW_DNR)
		warnx("%s: cannot be read", path);
	if (kind == FTW_DNR)
		status = EXIT_FAILURE;
	if (kind != FTW_F || !S_ISREG(facts->st_mode))
		return 0;
	r = parsed_files_needs(&files, path, &needs);
	if (r < 0 && r != -ENOEXEC && r != -ELIBBAD) {
		warnx("%s: %s", path, strerror(-r));
		status = EXIT_FAILURE;
	}
	for (const char *name = NULL; r == 0 && (name = needs_next(&needs, name));)
		if (strcmp(name, library) == 0) {
			puts(path);
			break;
		}
	return 0;
}

int main(int argc, char **argv)
{
	int is_verbose = 0, option;

	while ((option = getopt(argc, argv, "v")) == 'v')
		is_verbose = 1;
	if (option != -1 || argc - optind < 2) {
		fprintf(stderr, "usage: libusers [-v] LIBRARY DIRECTORY...\n");
		return 2;
	}
	library = argv[optind++];
	parsed_files_open(&files);
	for (; optind < argc; optind++)
		if (nftw(argv[optind], visit, DIRECTORIES_OPEN, FTW_PHYS) < 0) {
			warn("%s", argv[optind]);
			status = EXIT_FAILURE;
		}
	if (fflush(stdout) == EOF)
		err(EXIT_FAILURE, "cannot write to standard output");
	if (is_verbose)
		parsed_files_report(&files);
	parsed_files_close(&files);
	return status;
}
