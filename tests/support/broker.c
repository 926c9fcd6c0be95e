/*
 * The guardian is forked after the broker and holds a pidfd of it, so that it never ends another
 * process; it has a session of its own, since Check kills the process group of a test that takes
 * too long.
 */
#include "support/broker.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/eventually.h"
#include "support/proc.h"
#include "support/raw.h"
#include "support/sysv.h"

#define OPTIONS_MAX 16

/* The one whose log is worth showing when the test ends without having stopped it. */
static struct broker *running;
static pid_t running_for;

static void show_log(void)
{
	char line[512];
	FILE *log;

	if (!running || running_for != getpid())
		return;
	log = fopen(running->log, "re");
	fprintf(stderr, "-- what the broker said:\n");
	while (log && fgets(line, sizeof(line), log))
		fputs(line, stderr);
	fprintf(stderr, "--\n");
	if (log)
		fclose(log);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

static void remove_tree(const char *path)
{
	(void)nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* The life of a guardian. */
static void guard(const struct broker *broker, int end_of_test)
{
	int process = (int)syscall(SYS_pidfd_open, broker->pid, 0);
	struct pollfd broker_end = {.fd = process, .events = POLLIN};
	char byte;

	(void)setsid();
	(void)signal(SIGINT, SIG_IGN);
	while (read(end_of_test, &byte, 1) < 0 && errno == EINTR)
		;
	if (process >= 0) {
		(void)syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
		(void)poll(&broker_end, 1, PATIENCE_MS);
	}
	(void)sysv_remove_of(broker->pid);
	remove_tree(broker->home);
	_exit(EXIT_SUCCESS);
}

static void set_guardian(struct broker *broker)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	broker->guardian = fork();
	ck_assert_int_ge(broker->guardian, 0);
	if (broker->guardian == 0) {
		close(ends[1]);
		guard(broker, ends[0]);
	}
	close(ends[0]);
	broker->guard = ends[1];
}

static void run_broker(const struct broker *broker, const char *const *options, pid_t parent)
{
	const char *argv[OPTIONS_MAX + 4] = {SHMB_TEST_DAEMON, "--socket", broker->socket};
	int log = open(broker->log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	for (size_t i = 0; options && options[i]; i++) {
		ck_assert_uint_lt(i, OPTIONS_MAX);
		argv[3 + i] = options[i];
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || log < 0)
		_exit(EXIT_FAILURE);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)dup2(log, STDERR_FILENO);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

/* A member that came and went: the broker answers, and has closed what it had opened for it. */
static bool broker_answers(const struct broker *broker)
{
	struct raw raw;

	ck_assert_msg(waitpid(broker->pid, NULL, WNOHANG) == 0, "the broker ended at its start");
	if (raw_try_connect(&raw, broker->socket) < 0)
		return false;
	ck_assert_int_eq(raw_hello(&raw), 0);
	ck_assert_int_eq(raw_ask(&raw, WIRE_GOODBYE, NULL, NULL, NULL), 0);
	raw_expect_end(&raw);
	return true;
}

static void launch(struct broker *broker, const char *const *options)
{
	pid_t parent = getpid();

	broker->pid = fork();
	ck_assert_int_ge(broker->pid, 0);
	if (broker->pid == 0)
		run_broker(broker, options, parent);
	set_guardian(broker);
	if (!running_for)
		(void)atexit(show_log);
	running = broker;
	running_for = getpid();
	eventually(broker_answers(broker));
}

void broker_start(struct broker *broker, const char *const *options)
{
	snprintf(broker->home, sizeof(broker->home), "/tmp/shmbroker-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(broker->home));
	/* Other users come in too, in the tests about them. */
	ck_assert_int_eq(chmod(broker->home, 0755), 0);
	snprintf(broker->directory, sizeof(broker->directory), "%s/run", broker->home);
	snprintf(broker->fifos, sizeof(broker->fifos), "%s/fifo", broker->directory);
	snprintf(broker->socket, sizeof(broker->socket), "%s/socket", broker->directory);
	snprintf(broker->log, sizeof(broker->log), "%s/log", broker->home);
	launch(broker, options);
}

/* The guardian of the broker before is let go first, without its clean-up of what is now ours. */
void broker_start_again(struct broker *broker, const char *const *options)
{
	ck_assert_int_eq(kill(broker->guardian, SIGKILL), 0);
	ck_assert_int_eq(waitpid(broker->guardian, NULL, 0), broker->guardian);
	close(broker->guard);
	launch(broker, options);
}

int broker_end(struct broker *broker, int signal)
{
	int status = 0;

	ck_assert_int_eq(kill(broker->pid, signal), 0);
	eventually(waitpid(broker->pid, &status, WNOHANG) == broker->pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void broker_forget(struct broker *broker)
{
	running = NULL;
	close(broker->guard);
	ck_assert_int_eq(waitpid(broker->guardian, NULL, 0), broker->guardian);
}

void broker_stop(struct broker *broker)
{
	ck_assert_int_eq(broker_end(broker, SIGTERM), 0);
	ck_assert_int_eq(sysv_count_of(broker->pid), 0);
	ck_assert_int_le(broker_fifos(broker), 0);
	ck_assert_int_ne(access(broker->socket, F_OK), 0);
	broker_forget(broker);
}

int broker_fds(const struct broker *broker)
{
	return proc_count_fds(broker->pid);
}

int broker_fifos(const struct broker *broker)
{
	DIR *directory = opendir(broker->fifos);
	int n = 0;

	if (!directory)
		return -1;
	for (struct dirent *entry; (entry = readdir(directory));)
		if (entry->d_name[0] != '.')
			n++;
	closedir(directory);
	return n;
}

bool broker_said(const struct broker *broker, const char *text)
{
	char line[1024];
	FILE *log = fopen(broker->log, "re");
	bool found = false;

	while (log && !found && fgets(line, sizeof(line), log))
		found = strstr(line, text) != NULL;
	if (log)
		fclose(log);
	return found;
}
