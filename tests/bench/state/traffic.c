/*
 * Where the value lies in its page matters more than what a design does: where a slot has the same
 * place in another page, loads from one wait for stores to the other, and a line that is reached
 * over costs two. With the value at one place such accidents of one design or the other are all
 * that is seen of 64 bytes; so it moves, to the same places in the same runs of all.
 */
#include "state/traffic.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define STEP ((size_t)1040) /* comes to each multiple of 16 */

void traffic_init(struct traffic *traffic)
{
	size_t size = traffic->size;
	size_t step = (size - sizeof(uint64_t)) / (TRAFFIC_MARKS - 1) / sizeof(uint64_t);

	for (unsigned mark = 0; mark < TRAFFIC_MARKS - 1; mark++)
		traffic->marks[mark] = step * sizeof(uint64_t) * mark;
	traffic->marks[TRAFFIC_MARKS - 1] = size - sizeof(uint64_t);
	traffic->room =
		mmap(NULL, PAGE + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	traffic->control = mmap(NULL, sizeof(*traffic->control), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (traffic->room == MAP_FAILED || traffic->control == MAP_FAILED)
		bench_fail("no memory for values of %zu bytes", size);
	memset(traffic->room, 0, PAGE + size);
	traffic->value = traffic->room;
}

void traffic_fini(struct traffic *traffic)
{
	(void)munmap(traffic->room, PAGE + traffic->size);
	(void)munmap(traffic->control, sizeof(*traffic->control));
}

void traffic_move(struct traffic *traffic)
{
	size_t at = (size_t)(traffic->value - traffic->room);

	traffic->value = traffic->room + (at + STEP) % PAGE;
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
