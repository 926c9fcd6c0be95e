/*
 * What a format in shared memory begins with whose bytes the library gives meaning: which format it
 * is, in which version, and for which machines its bytes were laid out. (Shared variables are laid
 * out by a compiler, and have a header of their own.)
 *
 *   offset  size  what
 *        0     8  magic, of the format; stored last, with release
 *        8     4  version of its layout
 *       12     4  fingerprint of the ABI
 *       16     4  size of its header, from here
 *       20     4  flags, of the format
 *       24    16  instance of the roster whose member ids stand in it
 *
 * The initialiser writes all of it, and nobody after that. Formats have no pointers, so a mapping
 * may lie anywhere; what differs between machines is in the fingerprint.
 */
#ifndef LAYOUT_HEAD_H
#define LAYOUT_HEAD_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_INSTANCE_SIZE 16
#define LAYOUT_LINE          64u /* of a cache */

/* Of 64-bit, little-endian machines whose words of 64 bits are atomic: the bytes '6' '4' 'L' 'E',
 * which another order of bytes does not read as this number. */
#define LAYOUT_ABI UINT32_C(0x454c3436)

struct layout_head {
	_Atomic uint64_t magic;
	uint32_t version;
	uint32_t abi;
	uint32_t header_size;
	uint32_t flags;
	uint8_t instance[LAYOUT_INSTANCE_SIZE];
};

/* Fill in all of HEAD but the magic, which is stored last, with release. */
void layout_head_fill(struct layout_head *head, uint32_t version, uint32_t header_size,
		      uint32_t flags, const uint8_t instance[static LAYOUT_INSTANCE_SIZE]);

/* What is wrong with COPY, as the end of a sentence; NULL when it is the head of that format. */
const char *layout_head_fault(const struct layout_head *copy, uint64_t magic, uint32_t version,
			      uint32_t header_size);

static_assert(sizeof(struct layout_head) == 40, "as the map above says");
static_assert(offsetof(struct layout_head, version) == 8, "as the map above says");
static_assert(offsetof(struct layout_head, abi) == 12, "as the map above says");
static_assert(offsetof(struct layout_head, header_size) == 16, "as the map above says");
static_assert(offsetof(struct layout_head, flags) == 20, "as the map above says");
static_assert(offsetof(struct layout_head, instance) == 24, "as the map above says");
static_assert(sizeof(void *) == 8, "a machine of LAYOUT_ABI");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a machine of LAYOUT_ABI");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a machine of LAYOUT_ABI");

#endif
