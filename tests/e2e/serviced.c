/*
 * The options are remembered, since they are every broker's.
 */
#include "serviced.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>

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

void serviced_stop(struct broker *broker)
{
	eventually(manager_count(broker->manager) == 0);
	eventually(serviced_files(broker) == 0);
	for (unsigned i = 0; i < broker->n_earlier; i++)
		ck_assert_int_eq(sysv_count_of(broker->earlier[i]), 0);
	broker_stop(broker);
}
