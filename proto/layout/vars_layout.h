/*
 * Shared variables: what the segment begins with. Behind it are the pages of the variables, which
 * are their module's alone; this library reads and writes nothing there.
 *
 *   offset  size  what
 *        0     8  magic
 *        8     4  version of this layout
 *       12     4  offset of the variables: VARS_OFFSET
 *       16    16  instance of the broker: locks among the variables are by its roster
 *       32     8  size of the variables, in whole pages
 *       40     8  fingerprint of how they lie
 *       48        0 up to the variables
 *    65536  size  the variables
 *
 * Who writes. The initialiser, once, the magic last. Later nobody writes to the header.
 *
 * What counts. A header counts when each field is what the reader's own module has; he needs none
 * of its values. A process maps the variables in place of its own and lets go of the header.
 *
 * What a crash leaves behind: before the broker has heard "ready" a segment that it throws away,
 * and the next initialiser begins with his own values; after it, a good one.
 */
#ifndef LAYOUT_VARS_LAYOUT_H
#define LAYOUT_VARS_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VARS_MAGIC         UINT64_C(0x5352415652424d53) /* "SMBRVARS" */
#define VARS_VERSION       1u
#define VARS_OFFSET        65536u /* the largest page of any machine */
#define VARS_INSTANCE_SIZE 16

struct vars_layout {
	_Atomic uint64_t magic;
	uint32_t version;
	uint32_t offset;
	uint8_t instance[VARS_INSTANCE_SIZE];
	uint64_t size;
	uint64_t fingerprint;
};

static_assert(offsetof(struct vars_layout, version) == 8, "as the map above says");
static_assert(offsetof(struct vars_layout, offset) == 12, "as the map above says");
static_assert(offsetof(struct vars_layout, instance) == 16, "as the map above says");
static_assert(offsetof(struct vars_layout, size) == 32, "as the map above says");
static_assert(offsetof(struct vars_layout, fingerprint) == 40, "as the map above says");
static_assert(sizeof(struct vars_layout) == 48, "as the map above says");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share these words");

/* What the header says of the variables. */
struct vars_shape {
	uint8_t instance[VARS_INSTANCE_SIZE];
	uint64_t size;
	uint64_t fingerprint;
};

/* Format fresh memory whose variables are in place already. */
static inline void vars_format(struct vars_layout *shared, const struct vars_shape *shape)
{
	shared->version = VARS_VERSION;
	shared->offset = VARS_OFFSET;
	memcpy(shared->instance, shape->instance, sizeof(shared->instance));
	shared->size = shape->size;
	shared->fingerprint = shape->fingerprint;
	/* Pairs with the acquire in vars_fault(). */
	atomic_store_explicit(&shared->magic, VARS_MAGIC, memory_order_release);
}

/* NULL for a header of variables of this SHAPE; else what is wrong with it, as the end of a
 * sentence ("it ..."). */
static inline const char *vars_fault(const struct vars_layout *shared,
				     const struct vars_shape *shape)
{
	/* Pairs with the release in vars_format(). */
	uint64_t magic = atomic_load_explicit(&shared->magic, memory_order_acquire);
	struct vars_layout header;

	memcpy(&header, shared, sizeof(header));
	if (magic != VARS_MAGIC)
		return "does not begin as shared variables do";
	if (header.version != VARS_VERSION)
		return "has a layout that this library does not know";
	if (header.offset != VARS_OFFSET)
		return "has its variables in another place";
	if (memcmp(header.instance, shape->instance, sizeof(header.instance)) != 0)
		return "belongs to another instance of the broker";
	if (header.size != shape->size)
		return "has variables of another size";
	if (header.fingerprint != shape->fingerprint)
		return "has variables that lie otherwise";
	return NULL;
}

#endif
