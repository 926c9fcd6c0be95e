/*
 * The process id is kept in a page that the kernel empties in every child, however it is made.
 * Threads that find it empty write the same number.
 */
#include "core/process.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"

static _Atomic pid_t nowhere; /* stays 0 */

_Atomic pid_t *_Atomic process_page = &nowhere;

static void prepare(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return;
	if (madvise(page, size, MADV_WIPEONFORK) == 0)
		atomic_store_explicit(&process_page, page, memory_order_release);
	else
		(void)munmap(page, size);
}

pid_t process_id_learn(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pid_t pid = getpid();
	_Atomic pid_t *page;

	(void)pthread_once(&once, prepare);
	page = atomic_load_explicit(&process_page, memory_order_acquire);
	if (page != &nowhere)
		atomic_store_explicit(page, pid, memory_order_relaxed);
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
