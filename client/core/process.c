/*
 * The number is kept in a page that the kernel empties in every child, however it is made. Who
 * finds it empty counts on from the number of the process that it was forked from, which lies in
 * ordinary memory.
 */
#include "core/process.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"

static _Atomic uint64_t nowhere; /* stays 0 */

_Atomic uint64_t *_Atomic process_page = &nowhere;

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

uint64_t process_learn(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static _Atomic uint64_t last; /* of this process, or of those before it */
	_Atomic uint64_t *page;
	uint64_t here = 0, next;

	(void)pthread_once(&once, prepare);
	page = atomic_load_explicit(&process_page, memory_order_acquire);
	if (page == &nowhere) /* nothing is emptied here: the pid has to do */
		return (uint64_t)getpid();
	next = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
	if (atomic_compare_exchange_strong_explicit(page, &here, next, memory_order_relaxed,
						    memory_order_relaxed))
		here = next; /* else that of a thread which was first */
	return here;
}

int process_check(uint64_t process)
{
	if (process == process_here())
		return 0;
	return error_set(-EOWNERDEAD,
			 "this handle belongs to another process, of which this one was forked; "
			 "connect anew with shmb_connect(), or make it this one's with "
			 "shmb_rejoin()");
}
