/*
 * A private mapping with one page more than needed, and that page without any permission. The
 * bytes are put against it; nothing is unmapped, since each test function has its own process.
 */
#include "support/guarded.h"

#include <err.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

uint8_t *guarded_new(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t usable = (size + page - 1) / page * page;
	uint8_t *start = mmap(NULL, usable + page, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED || mprotect(start + usable, page, PROT_NONE) < 0)
		err(EXIT_FAILURE, "guarded memory");
	return start + usable - size;
}
