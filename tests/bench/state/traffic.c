/*
 * The value has a buffer of its own in each process, aligned as the shared one is, and in the
 * middle of a page: where a slot at the beginning of another page had the same place in it, loads
 * from one would wait for stores to the other, in one design and not in the next.
 */
#include "state/traffic.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#define OFFSET ((size_t)2048)

void traffic_init(struct traffic *traffic)
{
	size_t size = traffic->size;
	size_t step = (size - sizeof(uint64_t)) / (TRAFFIC_MARKS - 1) / sizeof(uint64_t);

	for (unsigned mark = 0; mark < TRAFFIC_MARKS - 1; mark++)
		traffic->marks[mark] = step * sizeof(uint64_t) * mark;
	traffic->marks[TRAFFIC_MARKS - 1] = size - sizeof(uint64_t);
	traffic->value = mmap(NULL, OFFSET + size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	traffic->control = mmap(NULL, sizeof(*traffic->control), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (traffic->value == MAP_FAILED || traffic->control == MAP_FAILED)
		bench_fail("no memory for values of %zu bytes", size);
	traffic->value += OFFSET;
	memset(traffic->value, 0, size);
}

void traffic_fini(struct traffic *traffic)
{
	(void)munmap(traffic->value - OFFSET, OFFSET + traffic->size);
	(void)munmap(traffic->control, sizeof(*traffic->control));
}

void traffic_begin(struct traffic *traffic)
{
	traffic->began_with = traffic->version;
	traffic->began_ns = traffic->next_ns = now_ns();
	atomic_store_explicit(&traffic->control->has_begun, true, memory_order_release);
}

void traffic_end(struct traffic *traffic)
{
	traffic->control->spent_ns = now_ns() - traffic->began_ns;
	traffic->control->published = traffic->version - traffic->began_with;
}

void traffic_fail(const struct traffic *traffic, unsigned mark)
{
	bench_fail("a value of %zu bytes was torn or old: mark %u has %" PRIu64
		   ", the first %" PRIu64 ", and version %" PRIu64 " had been read",
		   traffic->size, mark, *traffic_mark(traffic, mark), *traffic_mark(traffic, 0),
		   traffic->version);
}
