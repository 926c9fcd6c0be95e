/*
 * The names in a directory, one after the other.
 */
#ifndef RESTART_NAMES_H
#define RESTART_NAMES_H

#include <dirent.h>

/* Those in DIRECTORY, a path from PARENT, which is no symbolic link. Returns NULL with errno. */
DIR *names_open(int parent, const char *directory);

/* For attr_cleanup. */
void names_close(DIR **names);

/* The next one, also "." and ".."; NULL at the end, with errno 0, or with an error. */
const char *names_next(DIR *names);

#endif
