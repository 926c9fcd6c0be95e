/*
 * SIGCHLD is blocked and waited for: so there is a bound on every wait, and nothing of the engine's
 * is interrupted.
 */
#include "process.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static sigset_t news;

void process_init(void)
{
	const struct rlimit no_core = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &no_core); /* some are expected to fall */
	(void)sigemptyset(&news);
	(void)sigaddset(&news, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &news, NULL) < 0)
		err(EXIT_FAILURE, "sigprocmask");
}

pid_t process_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		err(EXIT_FAILURE, "fork");
	if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
		_exit(EXIT_FAILURE);
	return pid;
}

bool process_await(pid_t pid, int timeout_ms, int *ret_status)
{
	uint64_t deadline = deadline_in_ms((uint64_t)timeout_ms);

	for (;;) {
		int left = deadline_left_ms(deadline);
		struct timespec bound = {.tv_sec = left / 1000,
					 .tv_nsec = (long)(left % 1000) * 1000000};
		pid_t told = waitpid(pid, ret_status, WNOHANG | __WALL);

		if (told == pid)
			return true;
		if (told < 0)
			err(EXIT_FAILURE, "waitpid");
		if (left == 0)
			return false;
		(void)sigtimedwait(&news, NULL, &bound);
	}
}

void process_kill(pid_t pid)
{
	int status;

	(void)kill(pid, SIGKILL);
	do {
		if (waitpid(pid, &status, __WALL) != pid)
			err(EXIT_FAILURE, "waitpid");
	} while (!WIFEXITED(status) && !WIFSIGNALED(status));
}

char *remark_new(void)
{
	char *remark =
		mmap(NULL, REMARK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (remark == MAP_FAILED)
		err(EXIT_FAILURE, "mmap");
	return remark;
}

void remark_and_exit(char *remark, const char *wrong)
{
	if (wrong)
		(void)snprintf(remark, REMARK_SIZE, "%s", wrong);
	_exit(wrong ? EXIT_FAILURE : EXIT_SUCCESS);
}
