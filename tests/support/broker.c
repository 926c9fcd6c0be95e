/*
 * The guardian is forked after the broker and holds a pidfd of it, so that it never ends another
 * process. It is in another session and nobody's child, since Check kills the process group of a
 * test that takes too long, and ctest all its descendants.
 */
#include "support/broker.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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

/* Who listens in a home where a broker was to be started on demand; 0 for nobody. */
static pid_t ask_who_listens(const struct broker *broker)
{
	struct wire_status_reply status;
	struct raw raw;

	if (raw_try_connect(&raw, broker->socket) < 0)
		return 0;
	ck_assert_int_eq(raw_hello(&raw), 0);
	ck_assert_int_eq(raw_ask(&raw, WIRE_STATUS, NULL, &status, NULL), 0);
	raw_close(&raw);
	return (pid_t)status.pid;
}

static void end_process(int process)
{
	struct pollfd end = {.fd = process, .events = POLLIN};

	(void)syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
	(void)poll(&end, 1, PATIENCE_MS);
}

/* The life of a guardian: END_OF_TEST brings a byte when it is not needed any more. */
static _Noreturn void guard(const struct broker *broker, int end_of_test)
{
	pid_t pid = broker->pid;
	int process = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	ssize_t got;
	char byte;

	do
		got = read(end_of_test, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		_exit(EXIT_SUCCESS);
	if (!pid && (pid = ask_who_listens(broker)))
		process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process >= 0)
		end_process(process);
	if (pid)
		(void)sysv_remove_of(pid);
	for (unsigned i = 0; i < broker->n_earlier; i++)
		(void)sysv_remove_of(broker->earlier[i]);
	/* Where a test has mounted something there. */
	(void)umount2(broker->fifos, MNT_DETACH);
	(void)umount2(broker->directory, MNT_DETACH);
	remove_tree(broker->home);
	_exit(EXIT_SUCCESS);
}

/* Forked twice, so that whoever ends the test with all its children does not end its guardian. It
 * has no descriptor but its two pipes: one to listen at, one that closes with it. */
static void set_guardian(struct broker *broker)
{
	int ends[2];
	int gone[2];
	pid_t child;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(gone, O_CLOEXEC), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		(void)setsid();
		if (fork() != 0)
			_exit(EXIT_SUCCESS);
		if (dup2(ends[0], 0) < 0 || dup2(gone[1], 1) < 0 || close_range(2, ~0u, 0) < 0)
			_exit(EXIT_FAILURE);
		guard(broker, 0);
	}
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	close(ends[0]);
	close(gone[1]);
	broker->guard = ends[1];
	broker->gone = gone[0];
}

/* Let the guardian clean up, or go without doing so, and wait until it has. */
static void end_guardian(struct broker *broker, bool cleans_up)
{
	char byte = 0;

	if (!cleans_up)
		ck_assert_int_eq(write(broker->guard, &byte, 1), 1);
	close(broker->guard);
	ck_assert_int_eq(read(broker->gone, &byte, 1), 0);
	close(broker->gone);
}

/* The program was opened before, since the other user may not reach where it lies. */
static void become_subject_to(const struct broker_terms *terms)
{
	const struct rlimit open_files = {terms->open_files, terms->open_files};

	if (terms->open_files && setrlimit(RLIMIT_NOFILE, &open_files) < 0)
		_exit(EXIT_FAILURE);
	if (terms->uid &&
	    (setgroups(0, NULL) < 0 || setresgid(terms->uid, terms->uid, terms->uid) < 0 ||
	     setresuid(terms->uid, terms->uid, terms->uid) < 0))
		_exit(EXIT_FAILURE);
}

/* The one that was built with this, or another that somebody wants to be tried. */
static const char *daemon_path(void)
{
	const char *path = getenv("SHMB_TEST_DAEMON");

	return path ? path : SHMB_TEST_DAEMON;
}

/* It has the descriptors that it is given and none that the test happens to have inherited. */
static void run_broker(const struct broker *broker, const struct broker_terms *terms, pid_t parent)
{
	const char *argv[OPTIONS_MAX + 4] = {daemon_path(), "--socket", broker->socket};
	int log = open(broker->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int program = open(argv[0], O_PATH | O_CLOEXEC);

	for (size_t i = 0; terms->options && terms->options[i]; i++) {
		ck_assert_uint_lt(i, OPTIONS_MAX);
		argv[3 + i] = terms->options[i];
	}
	(void)dup2(log, STDERR_FILENO); /* its number is soon another's */
	(void)close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	if (broker->manager)
		manager_equip(broker->manager, &program);
	else if (terms->is_service)
		(void)setenv("NOTIFY_SOCKET", "/nowhere/notify", 1);
	else
		(void)unsetenv("NOTIFY_SOCKET");
	become_subject_to(terms);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* forgotten when the user changes */
	if (getppid() != parent || log < 0)
		_exit(EXIT_FAILURE);
	if (terms->is_held)
		(void)raise(SIGSTOP);
	fexecve(program, (char *const *)argv, environ);
	_exit(127);
}

/* A member that came and went: the broker answers, and has closed what it had opened for it. */
static bool broker_answers(const struct broker *broker)
{
	struct raw raw;
	int r;

	if (raw_try_connect(&raw, broker->socket) < 0)
		return false;
	r = raw_hello(&raw);
	if (r == 0)
		r = raw_try_ask(&raw, WIRE_GOODBYE, NULL, NULL, NULL);
	if (r == 0)
		raw_expect_end(&raw);
	raw_close(&raw);
	return r == 0;
}

static void launch(struct broker *broker, const struct broker_terms *terms)
{
	pid_t parent = getpid();

	if (broker->manager) {
		manager_take_all_in(broker->manager);
		pthread_mutex_lock(&broker->manager->lock);
	}
	broker->pid = fork();
	ck_assert_int_ge(broker->pid, 0);
	if (broker->pid == 0)
		run_broker(broker, terms, parent);
	if (broker->manager)
		pthread_mutex_unlock(&broker->manager->lock);
	set_guardian(broker);
	if (!running_for)
		(void)atexit(show_log);
	running = broker;
	running_for = getpid();
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static bool has_ended(const struct broker *broker, int *ret_status)
{
	int status;

	if (waitpid(broker->pid, &status, WNOHANG) != broker->pid)
		return false;
	*ret_status = status_of(status);
	return true;
}

static void make_home(struct broker *broker, const char *directory)
{
	*broker = (struct broker){.home = "/tmp/shmbroker-test-XXXXXX"};
	ck_assert_ptr_nonnull(mkdtemp(broker->home));
	/* Other users come in too, in the tests about them. */
	ck_assert_int_eq(chmod(broker->home, 0755), 0);
	snprintf(broker->directory, sizeof(broker->directory), "%s/%s", broker->home, directory);
	snprintf(broker->fifos, sizeof(broker->fifos), "%s/fifo", broker->directory);
	snprintf(broker->socket, sizeof(broker->socket), "%s/socket", broker->directory);
	snprintf(broker->log, sizeof(broker->log), "%s/log", broker->home);
}

static bool try_start(struct broker *broker, const struct broker_terms *terms, int *ret_status)
{
	make_home(broker, "run");
	if (terms->uid)
		ck_assert_int_eq(chown(broker->home, terms->uid, terms->uid), 0);
	if (terms->manager) {
		ck_assert_int_eq(mkdir(broker->directory, 0755), 0);
		if (terms->uid)
			ck_assert_int_eq(chown(broker->directory, terms->uid, terms->uid), 0);
		manager_start(terms->manager, broker->home, broker->socket);
		broker->manager = terms->manager;
	}
	launch(broker, terms);
	for (;;) {
		bool answers = false;

		if (has_ended(broker, ret_status))
			return false;
		eventually((answers = broker_answers(broker)) || proc_state(broker->pid) == 'Z');
		if (answers)
			return true;
	}
}

bool broker_try_start(struct broker *broker, const char *const *options, int *ret_status)
{
	const struct broker_terms terms = {.options = options};

	return try_start(broker, &terms, ret_status);
}

void broker_start_under(struct broker *broker, const struct broker_terms *terms)
{
	int status;

	ck_assert_msg(try_start(broker, terms, &status), "the broker ended at its start");
}

void broker_start(struct broker *broker, const char *const *options)
{
	const struct broker_terms terms = {.options = options};

	broker_start_under(broker, &terms);
}

static bool hide_system_broker(void)
{
	if (access("/run/shmbroker", F_OK) != 0)
		return true;
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", "/run", "tmpfs", 0, NULL) == 0)
		return true;
	fprintf(stderr, "SKIPPED: this machine has a system broker (/run/shmbroker), which only "
			"root can hide from this test\n");
	return false;
}

bool broker_on_demand(struct broker *broker)
{
	char xdg[80];

	if (!hide_system_broker())
		return false;
	make_home(broker, "xdg/shmbroker");
	snprintf(xdg, sizeof(xdg), "%s/xdg", broker->home);
	ck_assert_int_eq(mkdir(xdg, 0700), 0);
	ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", xdg, 1), 0);
	ck_assert_int_eq(setenv("SHMBROKER_DAEMON", daemon_path(), 1), 0);
	ck_assert_int_eq(unsetenv("SHMBROKER_SOCKET"), 0);
	ck_assert_int_eq(unsetenv("NOTIFY_SOCKET"), 0);
	set_guardian(broker);
	return true;
}

static void launch_again(struct broker *broker, const struct broker_terms *terms)
{
	end_guardian(broker, false);
	ck_assert_uint_lt(broker->n_earlier, BROKER_EARLIER_MAX);
	broker->earlier[broker->n_earlier++] = broker->pid;
	launch(broker, terms);
}

void broker_launch_again(struct broker *broker, const char *const *options)
{
	launch_again(broker, &(struct broker_terms){.options = options});
}

void broker_launch_held(struct broker *broker, const char *const *options)
{
	launch_again(broker, &(struct broker_terms){.options = options, .is_held = true});
}

void broker_await(const struct broker *broker)
{
	eventually(broker_answers(broker));
}

void broker_start_again(struct broker *broker, const char *const *options)
{
	broker_launch_again(broker, options);
	broker_await(broker);
}

int broker_end(struct broker *broker, int signal)
{
	int status = 0;

	ck_assert_int_eq(kill(broker->pid, signal), 0);
	eventually(has_ended(broker, &status));
	return status;
}

void broker_forget(struct broker *broker)
{
	running = NULL;
	end_guardian(broker, true);
}

void broker_stop(struct broker *broker)
{
	ck_assert_int_eq(broker_end(broker, SIGTERM), 0);
	ck_assert_int_eq(sysv_count_of(broker->pid), 0);
	ck_assert_int_le(broker_fifos(broker), 0);
	ck_assert_int_eq(access(broker->socket, F_OK), broker->manager ? 0 : -1);
	ck_assert(!broker_said(broker, "still charged"));
	if (broker->manager)
		manager_stop(broker->manager);
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

unsigned broker_said_times(const struct broker *broker, const char *text)
{
	char line[8192];
	FILE *log = fopen(broker->log, "re");
	unsigned n = 0;

	while (log && fgets(line, sizeof(line), log))
		n += strstr(line, text) != NULL;
	if (log)
		fclose(log);
	return n;
}

bool broker_said(const struct broker *broker, const char *text)
{
	return broker_said_times(broker, text) > 0;
}
