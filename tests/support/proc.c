/*
 * Readers of /proc/PID/fd, smaps_rollup, status and stat.
 */
#include "support/proc.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static FILE *open_of(pid_t pid, const char *what)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	return fopen(path, "re");
}

/* Entries of the directory WHAT that /proc has for PID; -1 when it is gone. */
static int count(pid_t pid, const char *what)
{
	char path[64];
	DIR *directory;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	directory = opendir(path);
	if (!directory)
		return -1;
	for (struct dirent *entry; (entry = readdir(directory));)
		if (entry->d_name[0] != '.')
			n++;
	closedir(directory);
	return n;
}

int proc_count_fds(pid_t pid)
{
	int n = count(pid, "fd");

	return pid == getpid() ? n - 1 : n;
}

int proc_count_threads(pid_t pid)
{
	return count(pid, "task");
}

static bool is_called(pid_t pid, const char *thread, const char *name)
{
	char what[64], line[32] = "";
	attr_cleanup(close_file) FILE *file = NULL;

	snprintf(what, sizeof(what), "task/%.20s/comm", thread);
	file = open_of(pid, what);
	return file && fgets(line, sizeof(line), file) && strcspn(line, "\n") == strlen(name) &&
	       strncmp(line, name, strlen(name)) == 0;
}

bool proc_has_thread(pid_t pid, const char *name)
{
	char path[64];
	DIR *directory;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	directory = opendir(path);
	if (!directory)
		return false;
	for (struct dirent *entry; !found && (entry = readdir(directory));)
		found = is_called(pid, entry->d_name, name);
	closedir(directory);
	return found;
}

long proc_private_kib(pid_t pid)
{
	attr_cleanup(close_file) FILE *file = open_of(pid, "smaps_rollup");
	char line[256];
	long sum = 0;
	long kib;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Private_Clean: %ld", &kib) == 1 ||
		    sscanf(line, "Private_Dirty: %ld", &kib) == 1)
			sum += kib;
	return sum;
}

long proc_anonymous_kib(pid_t pid)
{
	attr_cleanup(close_file) FILE *file = open_of(pid, "status");
	char line[256];
	long kib;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			return kib;
	return -1;
}

struct stat_line {
	char state;
	unsigned long ticks;         /* on the processor */
	unsigned long long began_at; /* in ticks, too */
};

/* The fields of /proc/PID/stat behind the name of the program, which may hold anything. */
static bool read_stat(pid_t pid, struct stat_line *ret_stat)
{
	attr_cleanup(close_file) FILE *file = open_of(pid, "stat");
	unsigned long user = 0;
	unsigned long system = 0;
	char line[1024];
	char *at;

	if (!file || !fgets(line, sizeof(line), file) || !(at = strrchr(line, ')')))
		return false;
	if (sscanf(at + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d "
		   "%llu",
		   &ret_stat->state, &user, &system, &ret_stat->began_at) != 4)
		return false;
	ret_stat->ticks = user + system;
	return true;
}

long proc_cpu_ms(pid_t pid)
{
	struct stat_line stat;

	if (!read_stat(pid, &stat))
		return -1;
	return (long)stat.ticks * 1000 / sysconf(_SC_CLK_TCK);
}

uint64_t proc_began_at(pid_t pid)
{
	struct stat_line stat;

	return read_stat(pid, &stat) ? stat.began_at : 0;
}

char proc_state(pid_t pid)
{
	struct stat_line stat;

	return read_stat(pid, &stat) ? stat.state : 0;
}

bool proc_is_alive(pid_t pid)
{
	char state = proc_state(pid);

	return state != 0 && state != 'Z' && state != 'X';
}
