/*
 * The options are remembered, since they are every broker's.
 */
#include "serviced.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "support/sysv.h"

#define OPTIONS_MAX 10

static const char *options_of_all[OPTIONS_MAX + 1];

void serviced_start(struct broker *broker, struct manager *manager, const char *const *options)
{
	static char max[16];
	const struct broker_terms terms = {.manager = manager, .options = options_of_all};
	unsigned n = 0;

	snprintf(max, sizeof(max), "%d", SERVICED_STORE_MAX);
	options_of_all[n++] = "--store-max";
	options_of_all[n++] = max;
	for (; options && *options && n < OPTIONS_MAX; options++)
		options_of_all[n++] = *options;
	options_of_all[n] = NULL;
	broker_start_under(broker, &terms);
}

void serviced_end(struct broker *broker, int signal)
{
	ck_assert_int_eq(broker_end(broker, signal), signal == SIGKILL ? -SIGKILL : 0);
}

void serviced_start_again(struct broker *broker)
{
	broker_start_again(broker, options_of_all);
}

void serviced_launch_held(struct broker *broker)
{
	broker_launch_held(broker, options_of_all);
}

void serviced_restart(struct broker *broker, int signal)
{
	serviced_end(broker, signal);
	serviced_start_again(broker);
}

static int count_in(const struct broker *broker, const char *where)
{
	char path[160];
	DIR *directory;
	int n = 0;

	snprintf(path, sizeof(path), "%s/%s", broker->directory, where);
	directory = opendir(path);
	for (const struct dirent *entry; directory && (entry = readdir(directory));)
		n += entry->d_name[0] != '.';
	if (directory)
		closedir(directory);
	return n;
}

int serviced_files(const struct broker *broker)
{
	return count_in(broker, "objects");
}

int serviced_set_aside(const struct broker *broker)
{
	return count_in(broker, "objects/.quarantine");
}

void serviced_clear_aside(const struct broker *broker)
{
	char path[SERVICED_PATH_MAX];
	DIR *directory;

	snprintf(path, sizeof(path), "%s/objects/.quarantine", broker->directory);
	directory = opendir(path);
	ck_assert_ptr_nonnull(directory);
	for (const struct dirent *entry; (entry = readdir(directory));)
		if (entry->d_name[0] != '.' && unlinkat(dirfd(directory), entry->d_name, 0) < 0)
			ck_assert_int_eq(unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR),
					 0);
	closedir(directory);
}

void serviced_file_of(const struct broker *broker, uint64_t id, char path[static SERVICED_PATH_MAX])
{
	snprintf(path, SERVICED_PATH_MAX, "%s/objects/%" PRIx64, broker->directory, id);
}

size_t serviced_read(const char *path, char text[static SERVICED_TEXT_MAX])
{
	FILE *file = fopen(path, "re");
	size_t size;

	ck_assert_ptr_nonnull(file);
	size = fread(text, 1, SERVICED_TEXT_MAX, file);
	fclose(file);
	return size;
}

void serviced_write(const char *path, const char *text, size_t size)
{
	FILE *file;

	(void)unlink(path);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

void serviced_stop(struct broker *broker)
{
	eventually(manager_count(broker->manager) == 0);
	eventually(serviced_files(broker) == 0);
	for (unsigned i = 0; i < broker->n_earlier; i++)
		ck_assert_int_eq(sysv_count_of(broker->earlier[i]), 0);
	broker_stop(broker);
}
