/*
 * The limit as a design, and what it costs to look at everything first.
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

/* Through a pointer, as a call into a shared library goes. */
static uint64_t (*volatile const read_checked)(const struct limit_handle *handle, void *value,
					       size_t *size) = limit_ring_read_checked;

static struct limit_handle handle;
static _Atomic uint64_t here = 1;

static void *prepare_checked(const struct traffic *traffic, const struct server *broker)
{
	handle = (struct limit_handle){
		.ring = prepare(traffic, broker),
		.here = &here,
		.owner = 1,
		.most = traffic->size,
		.stride = limit_ring_stride(traffic->size),
		.mask = traffic->slots - 1,
	};
	return (void *)(uintptr_t)handle.ring;
}

static bool read_value_checked(void *ring, void *value, size_t size)
{
	(void)ring;
	return read_checked(&handle, value, &size) != 0;
}

static uint64_t read_all_checked(void *ring, struct traffic *traffic, uint64_t reads)
{
	return design_read(ring, traffic, reads, read_value_checked);
}

const struct design design_ring_checked = {
	.name = "ring, checked",
	.prepare = prepare_checked,
	.write = write_all,
	.read = read_all_checked,
};
