/*
 * The process of a fuzzer. What the daemon logs goes where stderr goes; findings are said through a
 * copy of it that was made before, so that stderr itself may be thrown away.
 */
#include "harness.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/proc.h"

#define SEGMENTS_MAX  "8"
#define PLACE_MAX     40
#define SIZE_MAX_TEXT "1048576"

static char directory[64];
static pid_t owner; /* of the directory */
static bool has_sysv;
static int complaints = STDERR_FILENO;
static struct rlimit full_limit;

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *where)
{
	(void)st;
	(void)flag;
	(void)where;
	(void)remove(path);
	return 0;
}

static void remove_directory(void)
{
	if (owner == getpid())
		(void)nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Before main(), in which libFuzzer's -close_fd_mask closes the original. */
__attribute__((constructor)) static void keep_stderr(void)
{
	int copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	if (copy >= 0)
		complaints = copy;
}

void fuzz_fail(const char *format, ...)
{
	char line[1024];
	va_list arguments;
	int n;

	fuzz_lift_limit();
	va_start(arguments, format);
	n = vsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	line[n < 0 || n > (int)sizeof(line) - 2 ? (int)sizeof(line) - 2 : n] = '\n';
	(void)!write(complaints, "finding: ", 9);
	(void)!write(complaints, line, (size_t)(strchr(line, '\n') - line + 1));
	remove_directory();
	abort();
}

static void make_directory(void)
{
	const char *place = getenv("TMPDIR");

	/* A socket in it must have a path that is short enough. */
	if (!place || place[0] != '/' || strlen(place) > PLACE_MAX)
		place = "/tmp";
	snprintf(directory, sizeof(directory), "%.*s/shmbroker-fuzz-XXXXXX", PLACE_MAX, place);
	if (!mkdtemp(directory) || chmod(directory, 0755) < 0)
		fuzz_fail("no directory can be made: %m");
	owner = getpid();
	(void)atexit(remove_directory);
}

static bool write_setting(const char *path, const char *text)
{
	autofd fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* Limits are the namespace's own: those of the machine are not touched. */
static bool enter_namespace(void)
{
	return unshare(CLONE_NEWIPC) == 0 &&
	       write_setting("/proc/sys/kernel/shmmni", SEGMENTS_MAX) &&
	       write_setting("/proc/sys/kernel/shmmax", SIZE_MAX_TEXT);
}

void fuzz_prepare(void)
{
	static bool is_prepared;

	if (is_prepared)
		return;
	is_prepared = true;
	(void)getrlimit(RLIMIT_NOFILE, &full_limit);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(022);
	make_directory();
	has_sysv = enter_namespace();
}

const char *fuzz_directory(void)
{
	return directory;
}

bool fuzz_has_sysv(void)
{
	return has_sysv;
}

int fuzz_count_sysv(void)
{
	struct shm_info info;

	if (!has_sysv || shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info) < 0)
		return 0;
	return info.used_ids;
}

void fuzz_remove_sysv(void)
{
	struct shm_info info;
	struct shmid_ds segment;
	int last = has_sysv ? shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info) : -1;

	for (int i = 0; i <= last; i++) {
		int id = shmctl(i, SHM_STAT, &segment);

		if (id >= 0)
			(void)shmctl(id, IPC_RMID, NULL);
	}
}

int fuzz_count_fds(void)
{
	return proc_count_fds(getpid());
}

void fuzz_limit_fds(unsigned more)
{
	struct rlimit limit = full_limit;
	autofd lowest = dup(complaints);

	if (lowest < 0)
		return;
	limit.rlim_cur = (rlim_t)lowest + more;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

void fuzz_lift_limit(void)
{
	if (full_limit.rlim_max > 0)
		(void)setrlimit(RLIMIT_NOFILE, &full_limit);
}

/* Called by the sanitizers' runtimes when they have found something. */
void __asan_on_error(void);
void __ubsan_on_report(void);

__attribute__((visibility("default"))) void __asan_on_error(void)
{
	fuzz_lift_limit();
}

__attribute__((visibility("default"))) void __ubsan_on_report(void)
{
	fuzz_lift_limit();
}
