/*
 * A main file and what lies beside it, which are read as the configuration; and what is said of
 * them.
 */
#ifndef UNIT_CONFIG_FILES_H
#define UNIT_CONFIG_FILES_H

#include <check.h>
#include <stddef.h>

#include "rules/config.h"

#define DAEMON     1 /* uid and gid, on every Debian */
#define BROKER     900
#define FAULTS_MAX 32

extern char top[];         /* the directory around those of all tests */
extern char directory[64]; /* that of one */
extern char users_path[128];
extern char faults[FAULTS_MAX][1200]; /* "FILE:LINE: TEXT", files below the directory */
extern size_t n_faults;

/* Around all tests, and before each. */
void make_top(void);
void remove_top(void);
void make_directory(void);

/* NAME is below the directory. */
char *path_of(const char *name, char path[static 128]);
void write_bytes(const char *name, const char *bytes, size_t size);
void write_file(const char *name, const char *text);

/* Keep what is said in faults; DATA is NULL. A config_say. */
void collect(void *data, const char *file, unsigned line, const char *text);

/* Read all; what is said is collected. */
int load(struct policy **ret_policy);

/* The same, and nothing was said; or something was, and the caller's policy is what it was. */
struct policy *load_good(void);
void load_faulty(void);

void expect_fault(size_t i, const char *start);

#endif
