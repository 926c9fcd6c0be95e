#include "twin_memory.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/process.h"

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t in_pages(size_t size)
{
	return (size + page_size() - 1) / page_size() * page_size();
}

static void *map(int fd, size_t size, int protection)
{
	char *place = mmap(NULL, in_pages(size) + 2 * page_size(), PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *memory;

	ck_assert_ptr_ne(place, MAP_FAILED);
	memory = mmap(place + page_size(), size, protection, MAP_SHARED | MAP_FIXED, fd, 0);
	ck_assert_ptr_ne(memory, MAP_FAILED);
	return memory;
}

static void unmap(const void *memory, size_t size)
{
	(void)munmap((char *)(uintptr_t)memory - page_size(), in_pages(size) + 2 * page_size());
}

void twin_memory_start(struct twin_memory *memory, size_t size)
{
	int fd = memfd_create("twin", MFD_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	memory->size = size;
	memory->writable = map(fd, size, PROT_READ | PROT_WRITE);
	memory->locked = map(fd, size, PROT_READ);
	(void)close(fd);
	memory->bell = mmap(NULL, sizeof(*memory->bell), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(memory->bell, MAP_FAILED);
}

void twin_memory_stop(struct twin_memory *memory)
{
	unmap(memory->writable, memory->size);
	unmap(memory->locked, memory->size);
	(void)munmap(memory->bell, sizeof(*memory->bell));
}

struct shmb_segment *twin_memory_segment(const struct twin_memory *memory, const void *data)
{
	struct shmb_segment *segment = calloc(1, sizeof(*segment));

	ck_assert_ptr_nonnull(segment);
	segment->process = process_here();
	segment->attachment.data = (void *)(uintptr_t)data;
	segment->attachment.size = memory->size;
	return segment;
}
