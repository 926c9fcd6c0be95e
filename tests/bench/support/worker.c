/*
 * A worker asks the kernel to be killed with its parent.
 */
#include "support/worker.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/bench.h"
#include "support/place.h"

#define LOOK_NS 200000000 /* how often it is seen whether workers live */

static _Noreturn void live(pid_t parent, int core, void (*function)(void *data), void *data)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(EXIT_FAILURE);
	place_pin(0, core);
	function(data);
	_exit(EXIT_SUCCESS);
}

pid_t worker_start(int core, void (*function)(void *data), void *data)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		bench_fail("cannot fork: %s", strerror(errno));
	if (pid == 0)
		live(parent, core, function, data);
	return pid;
}

void worker_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void gate_wait(_Atomic uint32_t *word, uint32_t value)
{
	while (atomic_load_explicit(word, memory_order_acquire) == value)
		(void)syscall(SYS_futex, word, FUTEX_WAIT, value, NULL);
}

void workers_wait(const pid_t *workers, unsigned n, _Atomic uint32_t *word, uint32_t value)
{
	const struct timespec patience = {.tv_nsec = LOOK_NS};

	while (atomic_load_explicit(word, memory_order_acquire) == value) {
		(void)syscall(SYS_futex, word, FUTEX_WAIT, value, &patience);
		if (atomic_load_explicit(word, memory_order_acquire) != value)
			return;
		for (unsigned i = 0; i < n; i++)
			if (waitpid(workers[i], NULL, WNOHANG) != 0)
				bench_fail("a process of the benchmark has ended");
	}
}

void gate_count(_Atomic uint32_t *word)
{
	(void)atomic_fetch_add_explicit(word, 1, memory_order_acq_rel);
	(void)syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX);
}
