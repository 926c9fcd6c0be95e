/*
 * The process id is kept in a page that the kernel empties in every child, however it is made.
 * Threads that find it empty write the same number.
 */
#include "core/process.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"

static _Atomic pid_t *remembered; /* NULL when there is no such page to be had */

static void prepare(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return;
	if (madvise(page, size, MADV_WIPEONFORK) == 0)
		remembered = page;
	else
		(void)munmap(page, size);
}

pid_t process_id(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pid_t pid;

	(void)pthread_once(&once, prepare);
	if (!remembered)
		return getpid();
	pid = atomic_load_explicit(remembered, memory_order_relaxed);
	if (pid == 0) {
		pid = getpid();
		atomic_store_explicit(remembered, pid, memory_order_relaxed);
	}
	return pid;
}

int process_check(pid_t pid)
{
	if (pid == process_id())
		return 0;
	return error_set(-EOWNERDEAD,
			 "this handle belongs to process %d, of which this one was forked; connect "
			 "anew with shmb_connect()",
			 (int)pid);
}
