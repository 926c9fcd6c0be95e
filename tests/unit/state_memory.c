/*
 * A memfd, mapped twice, each time between two pages that fault.
 */
#include "state_memory.h"

#include <check.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/barrier.h"
#include "core/process.h"

#define MEMBERS 1024

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

void state_memory_start(struct state_memory *memory, const struct state_shape *shape)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE] = {0};
	int fd = memfd_create("state", MFD_CLOEXEC);
	const char *fault;
	uint64_t size;

	ck_assert(state_size(shape, &size));
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	fake_roster_start(&memory->roster, MEMBERS);
	memory->size = size;
	memory->header = map(fd, size, PROT_READ | PROT_WRITE);
	memory->locked = map(fd, size, PROT_READ);
	(void)close(fd);
	memory->bell = mmap(NULL, sizeof(*memory->bell), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(memory->bell, MAP_FAILED);
	ck_assert_int_eq(state_format(memory->header, size, shape, instance), 0);
	ck_assert_int_eq(state_attach(memory->header, size, &memory->view, instance, &fault), 0);
}

void state_memory_stop(struct state_memory *memory)
{
	unmap(memory->header, memory->size);
	unmap(memory->locked, memory->size);
	(void)munmap(memory->bell, sizeof(*memory->bell));
	fake_roster_stop(&memory->roster);
}

static struct shmb_segment *segment_of(const struct state_memory *memory, const void *data)
{
	struct shmb_segment *segment = calloc(1, sizeof(*segment));

	ck_assert_ptr_nonnull(segment);
	segment->process = process_here();
	segment->attachment.data = (void *)(uintptr_t)data;
	segment->attachment.size = memory->size;
	return segment;
}

static struct shmb_state *handle(struct state_memory *memory, const void *data)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE];
	struct shmb_state *state = calloc(1, sizeof(*state) + sizeof("test"));
	const char *fault;

	ck_assert_ptr_nonnull(state);
	memcpy(state->name, "test", sizeof("test"));
	state->segment = segment_of(memory, data);
	state->doorbell.page = memory->bell;
	ck_assert_int_eq(state_attach((void *)(uintptr_t)data, memory->size, &state->view, instance,
				      &fault),
			 0);
	return state;
}

struct shmb_state *state_memory_reader(struct state_memory *memory)
{
	return handle(memory, memory->locked);
}

struct shmb_state *state_memory_writer(struct state_memory *memory)
{
	struct shmb_state *state = handle(memory, memory->header);

	state->member = malloc(sizeof(*state->member));
	ck_assert_ptr_nonnull(state->member);
	*state->member = fake_member_new(&memory->roster);
	if (!state->view.shape.single_writer)
		return state;
	state->publisher.may_be_cheap = barrier_enable();
	if (state_claim(state) == 0)
		return state;
	state_memory_close(state);
	return NULL;
}

void state_memory_close(struct shmb_state *state)
{
	state_give_up_claim(state);
	free(state->member);
	free(state->segment);
	free(state);
}

void state_memory_bury(struct state_memory *memory, struct shmb_state *state)
{
	fake_roster_bury(&memory->roster, atomic_load(&state->member->id));
	state->publisher.claim = 0;
	state_memory_close(state);
}
