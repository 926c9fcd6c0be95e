/*
 * The starter holds the start lock, makes the socket and listens, and hands the listening socket on
 * to the broker: so whoever connects from then on is queued by the kernel, however long the broker
 * takes to begin. The others try to connect while they wait for the lock.
 *
 * The broker is nobody's child, session member or descriptor holder. Between fork and exec only
 * async-signal-safe functions are called, since other threads may have held any lock.
 */
#include "core/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/fd.h"
#include "core/error.h"

#define IDLE_EXIT        "60s"
#define PAUSE_FIRST_MS   1
#define PAUSE_LONGEST_MS 20

/* The descriptors of the new broker, after standard input, output and error. */
#define LISTENER_FD     3
#define LISTENER_TEXT   "3"
#define FAILURE_FD      4
#define FIRST_UNUSED_FD 5

/* The time is over while the new process is on its way. */
#define STILL_STARTING 1

/* What the new process needs, all of it made before the fork. */
struct exec_plan {
	const char *program;
	int null;
	int log;
	int listener;
	int failure; /* a pipe: closed by a good exec, else it brings errno */
	char **environment;
};

/* Put FD at TARGET, kept across exec. The numbers below FIRST_UNUSED_FD are free by now. */
static bool place(int fd, int target)
{
	return dup2(fd, target) == target;
}

/* Move a descriptor out of the way of the numbers that are to be placed. */
static bool lift(int *fd)
{
	int lifted = fcntl(*fd, F_DUPFD_CLOEXEC, FIRST_UNUSED_FD);

	if (lifted < 0)
		return false;
	*fd = lifted;
	return true;
}

static void default_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)sigaction(number, &action, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become_broker(struct exec_plan plan)
{
	char *const argv[] = {(char *)"shmbrokerd",
			      (char *)"--user",
			      (char *)"--listener",
			      (char *)LISTENER_TEXT,
			      (char *)"--idle-exit",
			      (char *)IDLE_EXIT,
			      NULL};
	int r;

	if (lift(&plan.null) && lift(&plan.log) && lift(&plan.listener) && lift(&plan.failure) &&
	    place(plan.null, STDIN_FILENO) && place(plan.log, STDOUT_FILENO) &&
	    place(plan.log, STDERR_FILENO) && place(plan.listener, LISTENER_FD) &&
	    dup3(plan.failure, FAILURE_FD, O_CLOEXEC) == FAILURE_FD) {
		plan.failure = FAILURE_FD;
		(void)umask(0077);
		default_signals();
		if (close_range(FIRST_UNUSED_FD, ~0u, 0) == 0 && chdir("/") == 0)
			(void)execve(plan.program, argv, plan.environment);
	}
	r = errno;
	(void)!write(plan.failure, &r, sizeof(r));
	_exit(127);
}

/* Fork twice, so that the broker is nobody's zombie one day. Signals are blocked meanwhile: no
 * handler of the program is to run in the new processes. */
static int fork_broker(const struct exec_plan *plan)
{
	sigset_t all, before;
	pid_t child;
	int r = 0;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	child = fork();
	if (child == 0) {
		(void)setsid();
		child = fork();
		if (child == 0)
			become_broker(*plan);
		if (child < 0) {
			r = errno;
			(void)!write(plan->failure, &r, sizeof(r));
		}
		_exit(0);
	}
	if (child < 0)
		r = -errno;
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* Returns 0 when the broker was executed, -errno when it was not, STILL_STARTING when the time is
 * over before that is known. */
static int hear_failure(int pipe, uint64_t deadline)
{
	struct pollfd poll_for = {.fd = pipe, .events = POLLIN};
	int failure = 0;
	int n;

	do
		n = poll(&poll_for, 1, deadline_left_ms(deadline));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return STILL_STARTING;
	return read(pipe, &failure, sizeof(failure)) == sizeof(failure) ? -failure : 0;
}

/* The new process owns the listener by now and will serve: nothing is taken back. */
static int give_up_waiting(const char *directory)
{
	return error_set(
		-ETIMEDOUT,
		"a broker is being started and did not answer in time; try again with more "
		"time, and see %s/broker.log",
		directory);
}

static const char *choose_program(void)
{
	const char *program = secure_getenv("SHMBROKER_DAEMON");

	return program && program[0] ? program : SHMB_DAEMON_PATH;
}

/*
 * The environment without what a service manager told this program alone: a broker that took it for
 * itself would leave things behind for a manager that does not know it. The array is the caller's
 * to free; NULL without memory.
 */
static char **own_environment(void)
{
	static const char *const foreign[] = {"NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_",
					      "JOURNAL_STREAM=", "INVOCATION_ID="};
	size_t n = 0, kept = 0;
	char **environment;

	while (environ[n])
		n++;
	environment = calloc(n + 1, sizeof(*environment));
	for (size_t i = 0; environment && i < n; i++) {
		bool is_foreign = false;

		for (size_t j = 0; j < ARRAY_SIZE(foreign); j++)
			is_foreign |= strncmp(environ[i], foreign[j], strlen(foreign[j])) == 0;
		if (!is_foreign)
			environment[kept++] = environ[i];
	}
	return environment;
}

/* Returns 0, STILL_STARTING, or -errno with a text. */
static int start_broker(const char *directory, int listener, uint64_t deadline)
{
	struct exec_plan plan = {.program = choose_program(), .listener = listener};
	char log_path[WIRE_PLACE_MAX + sizeof("/broker.log")];
	autofd null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	autofd log = -1, failure_in = -1, failure_out = -1;
	int ends[2];
	int r;

	if (plan.program[0] != '/')
		return error_set(-EINVAL,
				 "SHMBROKER_DAEMON is \"%s\", which is not an absolute path; give "
				 "the whole path of shmbrokerd",
				 plan.program);
	snprintf(log_path, sizeof(log_path), "%s/broker.log", directory);
	log = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (null < 0 || log < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return error_set(-errno, "shmbrokerd cannot be started with its log in %s: %s",
				 log_path, strerror(errno));
	failure_in = ends[0];
	failure_out = ends[1];
	plan.null = null;
	plan.log = log;
	plan.failure = failure_out;
	plan.environment = own_environment();
	if (!plan.environment)
		return error_no_memory();
	r = fork_broker(&plan);
	free(plan.environment);
	if (r == 0) {
		failure_out = fd_close(failure_out);
		r = hear_failure(failure_in, deadline);
	}
	if (r == STILL_STARTING)
		return r;
	if (r < 0)
		return error_set(r,
				 "no broker listens, and %s cannot be started: %s; install "
				 "shmbrokerd there, set SHMBROKER_DAEMON to where it is, or set "
				 "SHMBROKER_SOCKET to the socket of one that runs",
				 plan.program, strerror(-r));
	return 0;
}

/* Nobody listens, and nobody but us may change that now. */
static int make_listener(const struct location *location, int *ret_fd)
{
	const char *path = location->address.sun_path;
	autofd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return error_set(-errno, "no socket can be made: %s", strerror(errno));
	(void)unlink(path);
	/* The file takes its mode from the socket, so it is never open to others. */
	if (fchmod(fd, 0600) < 0 ||
	    bind(fd, (const struct sockaddr *)&location->address, sizeof(location->address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return error_set(-errno, "no socket for a broker can be made at %s: %s", path,
				 strerror(errno));
	*ret_fd = fd_steal(&fd);
	return 0;
}

static int start_and_connect(const struct location *location, uint64_t deadline, int *ret_fd)
{
	autofd listener = -1;
	int r = make_listener(location, &listener);

	if (r < 0)
		return r;
	r = start_broker(location->directory, listener, deadline);
	if (r < 0) {
		(void)unlink(location->address.sun_path);
		return r;
	}
	if (r == STILL_STARTING)
		return give_up_waiting(location->directory);
	r = locate_connect(location, ret_fd);
	if (locate_found_nobody(r) || r == -EAGAIN)
		return error_set(-ECONNRESET,
				 "the broker that was just started at %s does not listen; see "
				 "%s/broker.log",
				 location->address.sun_path, location->directory);
	return r;
}

/*
 * Wait for the start lock, or for a broker that somebody else starts. Returns 0 with a connection,
 * 1 with the lock, or -errno with a text.
 */
static int lock_or_connect(const struct location *location, int lock, uint64_t deadline,
			   int *ret_fd)
{
	for (int pause = PAUSE_FIRST_MS;; pause *= 2) {
		bool is_locked = flock(lock, LOCK_EX | LOCK_NB) == 0;
		int r = locate_connect(location, ret_fd);
		int left = deadline_left_ms(deadline);

		if (r == 0 || (r < 0 && !locate_found_nobody(r) && r != -EAGAIN)) {
			if (is_locked)
				(void)flock(lock, LOCK_UN);
			return r;
		}
		if (is_locked && locate_found_nobody(r))
			return 1;
		if (is_locked)
			(void)flock(lock, LOCK_UN);
		if (left == 0)
			return error_set(-ETIMEDOUT,
					 "the broker at %s is being started by another program and "
					 "did not answer in time; see %s/broker.log",
					 location->address.sun_path, location->directory);
		if (pause > PAUSE_LONGEST_MS)
			pause = PAUSE_LONGEST_MS;
		(void)poll(NULL, 0, pause < left ? pause : left);
	}
}

int launch(const struct location *location, uint64_t deadline, int *ret_fd)
{
	char lock_path[WIRE_PLACE_MAX + sizeof("/" WIRE_PLACE_START)];
	autofd lock = -1;
	int r = locate_check_directory(location, true);

	if (r < 0)
		return r;
	snprintf(lock_path, sizeof(lock_path), "%s/%s", location->directory, WIRE_PLACE_START);
	lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0)
		return error_set(-errno, "no start lock can be had at %s: %s", lock_path,
				 strerror(errno));
	r = lock_or_connect(location, lock, deadline, ret_fd);
	if (r <= 0)
		return r;
	r = start_and_connect(location, deadline, ret_fd);
	/* Said explicitly: a process that another thread has just forked may share the lock. */
	(void)flock(lock, LOCK_UN);
	return r;
}
