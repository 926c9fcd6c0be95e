/*
 * What was parsed out of files, for all programs of a user that want to know it.
 *
 * A file is known by its device, its inode, its size and the time at which it was changed: a file
 * that is another one in any of these is parsed anew, and what was known of it before is forgotten
 * when the cache needs the room. Of several programs that come to the same file at once one parses
 * it, and the others wait for what it finds. When it is killed meanwhile the next one does it.
 *
 * A file that cannot be parsed is known as such, for half a minute. A file that cannot be opened is
 * not: that is between who asks and the file. So nobody learns here what a file says that he may
 * not read himself.
 *
 * Whatever goes wrong with the cache, a program that asks gets its answer: it parses the file
 * itself, and says once why.
 */
#ifndef PARSED_FILES_H
#define PARSED_FILES_H

#include <stddef.h>

#include <shmbroker/shmbroker.h>

#include "parse_elf.h"

/* One program's hold of them. For the functions below, but for the counts. */
struct parsed_files {
	struct shmb_connection *broker;
	struct shmb_cache *cache; /* NULL: it could not be had */
	int has_complained;
	unsigned long parsed; /* by this program, also in vain */
	unsigned long had;    /* from the cache, also as "cannot be parsed" */
};

/* Names of libraries, one after the other, each with a 0 after it. */
struct needs {
	size_t size;
	char names[ELF_NAMES_SIZE];
};

/*
 * Open the cache, or create it; when it cannot be had, say so on standard error. FILES is to be
 * ended by parsed_files_close() in any case.
 */
void parsed_files_open(struct parsed_files *files);
void parsed_files_close(struct parsed_files *files);

/*
 * Which libraries the file PATH needs, in *ret_needs, which is no value after a failure.
 *
 * Returns 0; -ENOEXEC when it is no ELF file of this machine's kind or no regular file at all;
 * -ELIBBAD when it is one that makes no sense; else what opening or reading it failed with.
 *
 * Threads: one at a time for each FILES.
 */
int parsed_files_needs(struct parsed_files *files, const char *path, struct needs *ret_needs);

/* The name after NAME, or the first one after NULL; NULL at the end. */
const char *needs_next(const struct needs *needs, const char *name);

/* Say on standard error how many files were parsed and how many were had. */
void parsed_files_report(const struct parsed_files *files);

#endif
