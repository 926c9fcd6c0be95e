/*
 * All directories are in one, which goes away also when a test has failed.
 */
#include "config_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char top[] = "/tmp/shmbroker-test.XXXXXX";
char directory[64];
char users_path[128];

char faults[FAULTS_MAX][1200];
size_t n_faults;

char *path_of(const char *name, char path[static 128])
{
	snprintf(path, 128, "%s/%s", directory, name);
	return path;
}

void write_bytes(const char *name, const char *bytes, size_t size)
{
	char path[128];
	FILE *file = fopen(path_of(name, path), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

void write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

void make_top(void)
{
	ck_assert_ptr_nonnull(mkdtemp(top));
}

void remove_top(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	ck_assert_int_eq(system(command), 0);
}

void make_directory(void)
{
	char path[128];

	snprintf(directory, sizeof(directory), "%s/XXXXXX", top);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(mkdir(path_of("conf.d", path), 0700), 0);
	ck_assert_int_eq(mkdir(path_of("objects.d", path), 0700), 0);
	path_of("users", users_path);
	write_file("users", "");
	n_faults = 0;
}

void collect(void *data, const char *file, unsigned line, const char *text)
{
	size_t size = strlen(directory);

	(void)data;
	ck_assert_uint_lt(n_faults, FAULTS_MAX);
	if (strncmp(file, directory, size) == 0)
		file += size + 1;
	snprintf(faults[n_faults++], sizeof(faults[0]), "%s:%u: %s", file, line, text);
}

int load(struct policy **ret_policy)
{
	char path[128];
	struct config_source source = {path_of("main", path), users_path, BROKER};

	n_faults = 0;
	return config_load_from(&source, collect, NULL, ret_policy);
}

struct policy *load_good(void)
{
	struct policy *policy = NULL;
	int r = load(&policy);

	ck_assert_msg(r == 0, "%d, %zu faults; %s", r, n_faults, n_faults ? faults[0] : "none");
	ck_assert_uint_eq(n_faults, 0);
	ck_assert_ptr_nonnull(policy);
	return policy;
}

void load_faulty(void)
{
	struct policy *mine = (struct policy *)&n_faults, *policy = mine;

	ck_assert_int_eq(load(&policy), -EINVAL);
	ck_assert_ptr_eq(policy, mine);
	ck_assert_uint_gt(n_faults, 0);
}

void expect_fault(size_t i, const char *start)
{
	ck_assert_uint_lt(i, n_faults);
	ck_assert_msg(strncmp(faults[i], start, strlen(start)) == 0, "\"%s\" is not \"%s...\"",
		      faults[i], start);
}
