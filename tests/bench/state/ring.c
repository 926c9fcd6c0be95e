/*
 * The limit as a design.
 */
#include "state/design.h"
#include "state/limit_ring.h"

static void *prepare(const struct traffic *traffic, const struct server *broker attr_unused)
{
	size_t size = limit_ring_size(traffic->size, traffic->slots);

	return limit_ring_make(design_share(size), traffic->size, traffic->slots);
}

static void publish(void *ring, const void *value, size_t size)
{
	limit_ring_publish(ring, value, size);
}

static bool read_value(void *ring, void *value, size_t size)
{
	return limit_ring_read(ring, value, &size) != 0;
}

static void write_all(void *ring, struct traffic *traffic)
{
	design_write(ring, traffic, publish);
}

static uint64_t read_all(void *ring, struct traffic *traffic, uint64_t reads)
{
	return design_read(ring, traffic, reads, read_value);
}

const struct design design_ring = {
	.name = "ring",
	.prepare = prepare,
	.write = write_all,
	.read = read_all,
};
