#include "state_memory.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS 1024

void state_memory_start(struct state_memory *memory, const struct state_shape *shape)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE] = {0};
	const char *fault;
	uint64_t size;

	ck_assert(state_size(shape, &size));
	twin_memory_start(&memory->twin, size);
	fake_roster_start(&memory->roster, MEMBERS);
	memory->size = size;
	memory->header = memory->twin.writable;
	memory->locked = memory->twin.locked;
	memory->bell = memory->twin.bell;
	ck_assert_int_eq(state_format(memory->header, size, shape, instance), 0);
	ck_assert_int_eq(state_attach(memory->header, size, &memory->view, instance, &fault), 0);
}

void state_memory_stop(struct state_memory *memory)
{
	twin_memory_stop(&memory->twin);
	fake_roster_stop(&memory->roster);
}

static struct shmb_state *handle(struct state_memory *memory, const void *data)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE];
	struct shmb_state *state = calloc(1, sizeof(*state) + sizeof("test"));
	const char *fault;

	ck_assert_ptr_nonnull(state);
	memcpy(state->name, "test", sizeof("test"));
	state->segment = twin_memory_segment(&memory->twin, data);
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
