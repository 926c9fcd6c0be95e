/*
 * A tracer of its own, whose end lets what it traces go on.
 */
#include "support/killer.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/eventually.h"

struct task {
	pid_t pid;
	unsigned n;
};

#define ENTRY_STOP (SIGTRAP | 0x80)

static void go_on(pid_t thread, int signal)
{
	(void)ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(long)signal);
}

/* What has to be done about a stop of THREAD. Returns whether it begins a system call. */
static bool judge(pid_t thread, int status)
{
	struct __ptrace_syscall_info info;
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == ENTRY_STOP)
		return ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof(info), &info) > 0 &&
		       info.op == PTRACE_SYSCALL_INFO_ENTRY;
	go_on(thread, event ? 0 : signal);
	return false;
}

static int trace(struct child *self, void *data)
{
	const struct task *task = data;
	unsigned n = 0;
	pid_t thread;
	int status;

	if (ptrace(PTRACE_SEIZE, task->pid, NULL,
		   (void *)(long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE)) < 0 ||
	    ptrace(PTRACE_INTERRUPT, task->pid, NULL, NULL) < 0)
		return 1;
	if (waitpid(task->pid, &status, __WALL) != task->pid || !WIFSTOPPED(status))
		return 1;
	go_on(task->pid, 0);
	child_say(self, 0);
	while ((thread = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status))
			continue;
		if (!judge(thread, status)) {
			if (WSTOPSIG(status) == ENTRY_STOP)
				go_on(thread, 0);
			continue;
		}
		if (n++ < task->n) {
			go_on(thread, 0);
			continue;
		}
		child_say(self, 1);
		(void)kill(task->pid, SIGKILL);
		while (waitpid(-1, &status, __WALL) > 0)
			;
		return 0;
	}
	return 0;
}

void killer_arm(struct killer *killer, pid_t pid, unsigned n)
{
	struct task task = {pid, n};

	killer->victim = pid;
	killer->has_struck = false;
	child_start(&killer->tracer, trace, &task);
	ck_assert_int_eq(child_hear(&killer->tracer), 0);
}

bool killer_strikes_within(struct killer *killer, int ms)
{
	struct pollfd line = {.fd = killer->tracer.line, .events = POLLIN};
	int64_t number;

	if (!killer->has_struck && poll(&line, 1, ms) == 1)
		killer->has_struck =
			recv(line.fd, &number, sizeof(number), MSG_DONTWAIT) == sizeof(number);
	return killer->has_struck;
}

/* It may have said so and been ended before it could do it. */
bool killer_disarm(struct killer *killer)
{
	if (!killer_strikes_within(killer, 0))
		(void)kill(killer->tracer.pid, SIGKILL);
	eventually(waitpid(killer->tracer.pid, NULL, WNOHANG) == killer->tracer.pid);
	if (killer_strikes_within(killer, 0))
		(void)kill(killer->victim, SIGKILL);
	(void)close(killer->tracer.line);
	return killer->has_struck;
}
