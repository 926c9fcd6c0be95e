/*
 * A child keeps one end of a socket pair. It asks the kernel to be killed with its parent, so that
 * a test which fails or is killed leaves none behind.
 */
#include "support/child.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/eventually.h"

#define CHILDREN_MAX 256

static void die_with(pid_t parent)
{
	ck_assert_int_eq(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

void child_start(struct child *child, child_fn *function, void *data)
{
	pid_t parent = getpid();
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	child->pid = fork();
	ck_assert_int_ge(child->pid, 0);
	if (child->pid == 0) {
		die_with(parent);
		close(ends[0]);
		child->line = ends[1];
		_exit(function(child, data));
	}
	close(ends[1]);
	child->line = ends[0];
}

void child_say(struct child *child, int64_t number)
{
	ck_assert_int_eq(send(child->line, &number, sizeof(number), MSG_NOSIGNAL), sizeof(number));
}

int64_t child_hear(struct child *child)
{
	struct pollfd line = {.fd = child->line, .events = POLLIN};
	int64_t number;
	ssize_t got;

	ck_assert_msg(poll(&line, 1, PATIENCE_MS) == 1, "process %d says nothing", child->pid);
	got = recv(child->line, &number, sizeof(number), 0);
	if (got != sizeof(number))
		ck_abort_msg("process %d is gone: %d", child->pid, child_wait(child));
	return number;
}

bool child_has_said(const struct child *child)
{
	struct pollfd line = {.fd = child->line, .events = POLLIN};

	return poll(&line, 1, 0) == 1;
}

int64_t child_hear_any(struct child *children, size_t n, size_t *ret_index)
{
	struct pollfd lines[CHILDREN_MAX];

	ck_assert_uint_le(n, CHILDREN_MAX);
	for (size_t i = 0; i < n; i++)
		lines[i] = (struct pollfd){.fd = children[i].line, .events = POLLIN};
	ck_assert_msg(poll(lines, n, PATIENCE_MS) > 0, "none of %zu processes says anything", n);
	for (size_t i = 0; i < n; i++)
		if (lines[i].revents) {
			*ret_index = i;
			return child_hear(&children[i]);
		}
	ck_abort_msg("poll counts what is not there");
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int child_wait(struct child *child)
{
	int status = 0;

	eventually(waitpid(child->pid, &status, WNOHANG) == child->pid);
	close(child->line);
	child->line = -1;
	return status_of(status);
}

void child_kill(struct child *child)
{
	ck_assert_int_eq(kill(child->pid, SIGKILL), 0);
	ck_assert_int_eq(child_wait(child), -SIGKILL);
}

void child_run(child_fn *function, void *data)
{
	struct child child;

	child_start(&child, function, data);
	ck_assert_int_eq(child_wait(&child), 0);
}

static void read_all(int fd, char *output, size_t size)
{
	char rest[512];
	size_t used = 0;

	for (;;) {
		bool full = !output || used + 1 >= size;
		ssize_t got = full ? read(fd, rest, sizeof(rest))
				   : read(fd, output + used, size - 1 - used);

		if (got <= 0)
			break;
		if (!full)
			used += (size_t)got;
	}
	if (output)
		output[used] = '\0';
}

int child_command(const char *const *argv, char *output, size_t size)
{
	pid_t parent = getpid();
	int status = 0;
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		die_with(parent);
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(ends[1]);
	read_all(ends[0], output, size);
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status_of(status);
}
