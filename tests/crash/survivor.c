/*
 * A survivor that hangs costs its patience, which is long, since on a busy machine a slow one is
 * none that hangs; where it is expected to hang it is short.
 */
#include "survivor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "process.h"
#include "support/proc.h"

#define PATIENCE_MS        10000
#define PATIENCE_BROKEN_MS 100

static char *remark;

pid_t survivor_start(const struct operation *operation, void *image, bool is_whole)
{
	pid_t pid;

	if (!remark)
		remark = remark_new();
	remark[0] = '\0';
	pid = process_fork();
	if (pid == 0)
		remark_and_exit(remark, operation->go_on(image, is_whole));
	return pid;
}

bool survivor_await_sleep(pid_t pid)
{
	const struct timespec moment = {.tv_nsec = 50 * 1000};
	uint64_t deadline = deadline_in_ms(PATIENCE_MS);

	while (proc_state(pid) != 'S') {
		if (!proc_is_alive(pid) || deadline_left_ms(deadline) == 0)
			return false;
		(void)nanosleep(&moment, NULL);
	}
	return true;
}

const char *survivor_verdict(const struct operation *operation, pid_t pid)
{
	static char verdict[REMARK_SIZE];
	int status;

	if (!process_await(pid, operation->hangs ? PATIENCE_BROKEN_MS : PATIENCE_MS, &status)) {
		process_kill(pid);
		return "the survivor hangs";
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
		return NULL;
	if (remark[0] != '\0')
		(void)snprintf(verdict, sizeof(verdict), "%s", remark);
	else if (WIFSIGNALED(status))
		(void)snprintf(verdict, sizeof(verdict), "the survivor fell to signal %d",
			       WTERMSIG(status));
	else
		(void)snprintf(verdict, sizeof(verdict), "the survivor ended with status %d",
			       WEXITSTATUS(status));
	return verdict;
}
