#include "stream/cargo.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "support/bench.h"

void cargo_init(struct cargo *cargo, bool sends, unsigned which)
{
	cargo->bytes = mmap(NULL, cargo->size * CARGO_BATCH, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (cargo->bytes == MAP_FAILED)
		bench_fail("no memory for records of %zu bytes", cargo->size);
	memset(cargo->bytes, 0, cargo->size * CARGO_BATCH);
	cargo->number = sends ? (uint64_t)which << CARGO_SOURCE : 0;
	cargo->numbers = NULL;
	cargo->work = sends ? cargo->producer_work : cargo->consumer_work;
	if (sends || cargo->producers < 2)
		return;
	cargo->numbers = calloc(cargo->producers, sizeof(*cargo->numbers));
	if (!cargo->numbers)
		bench_fail("no memory for %u producers", cargo->producers);
	for (uint64_t i = 0; i < cargo->producers; i++)
		cargo->numbers[i] = i << CARGO_SOURCE;
}

void cargo_fini(struct cargo *cargo)
{
	free(cargo->numbers);
	(void)munmap(cargo->bytes, cargo->size * CARGO_BATCH);
}

void cargo_fail(const struct cargo *cargo, uint64_t found)
{
	bench_fail("record %" PRIu64 " of %zu bytes is torn, or is record %" PRIu64, cargo->number,
		   cargo->size, found);
}
