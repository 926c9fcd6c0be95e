#include "stream_memory.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/child.h"

#define MEMBERS 1024

void stream_memory_start(struct stream_memory *memory, const struct stream_shape *shape)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE] = {0};
	const char *fault;
	uint64_t size;

	ck_assert(stream_size(shape, &size));
	twin_memory_start(&memory->twin, size);
	fake_roster_start(&memory->roster, MEMBERS);
	ck_assert_int_eq(stream_format(memory->twin.writable, size, shape, instance), 0);
	ck_assert_int_eq(stream_attach(memory->twin.writable, size, &memory->view, instance,
				       &fault),
			 0);
}

void stream_memory_stop(struct stream_memory *memory)
{
	twin_memory_stop(&memory->twin);
	fake_roster_stop(&memory->roster);
}

static struct shmb_stream *handle(struct stream_memory *memory, const void *data)
{
	uint8_t instance[LAYOUT_INSTANCE_SIZE];
	struct shmb_stream *stream = calloc(1, sizeof(*stream) + sizeof("test"));
	const char *fault;

	ck_assert_ptr_nonnull(stream);
	memcpy(stream->name, "test", sizeof("test"));
	stream->segment = twin_memory_segment(&memory->twin, data);
	stream->doorbell.page = memory->twin.bell;
	ck_assert_int_eq(stream_attach((void *)(uintptr_t)data, memory->twin.size, &stream->view,
				       instance, &fault),
			 0);
	return stream;
}

struct shmb_stream *stream_memory_look(struct stream_memory *memory)
{
	return handle(memory, memory->twin.locked);
}

struct shmb_stream *stream_memory_join(struct stream_memory *memory)
{
	struct shmb_stream *stream = handle(memory, memory->twin.writable);

	stream->member = malloc(sizeof(*stream->member));
	ck_assert_ptr_nonnull(stream->member);
	*stream->member = fake_member_new(&memory->roster);
	return stream;
}

struct shmb_producer *stream_memory_producer(struct shmb_stream *stream)
{
	struct shmb_producer *producer;

	must(shmb_producer_open(stream, &producer) == 0);
	return producer;
}

struct shmb_consumer *stream_memory_consumer(struct shmb_stream *stream,
					     const struct shmb_consumer_options *options)
{
	struct shmb_consumer *consumer;

	must(shmb_consumer_open(stream, options, &consumer) == 0);
	return consumer;
}

void stream_memory_close(struct shmb_stream *stream)
{
	free(stream->member);
	free(stream->segment);
	free(stream);
}

void stream_memory_bury(struct stream_memory *memory, const struct shmb_stream *stream)
{
	fake_roster_bury(&memory->roster, atomic_load(&stream->member->id));
}
