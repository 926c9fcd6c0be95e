/*
 * One configuration file as a sequence of sections and assignments, each with its line.
 */
#ifndef RULES_CONFIG_FILE_H
#define RULES_CONFIG_FILE_H

#include <stdio.h>

/* What is told while a file is read. Texts are gone when the call returns. */
struct config_file_reader {
	void *data;
	void (*section)(void *data, unsigned line, const char *name);
	void (*assignment)(void *data, unsigned line, const char *key, const char *value);
	void (*fault)(void *data, unsigned line, const char *text);
};

/* Read FILE to its end. Returns 0, or -errno when it could not be read. */
int config_file_read(FILE *file, const struct config_file_reader *reader);

#endif
