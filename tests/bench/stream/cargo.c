#include "stream/cargo.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "support/bench.h"

void cargo_init(struct cargo *cargo)
{
	cargo->bytes = mmap(NULL, cargo->size * CARGO_BATCH, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (cargo->bytes == MAP_FAILED)
		bench_fail("no memory for records of %zu bytes", cargo->size);
	memset(cargo->bytes, 0, cargo->size * CARGO_BATCH);
	cargo->number = 0;
}

void cargo_fini(struct cargo *cargo)
{
	(void)munmap(cargo->bytes, cargo->size * CARGO_BATCH);
}

void cargo_fail(const struct cargo *cargo, uint64_t found)
{
	bench_fail("record %" PRIu64 " of %zu bytes is torn, or is record %" PRIu64, cargo->number,
		   cargo->size, found);
}
