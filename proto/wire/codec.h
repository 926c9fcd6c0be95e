/*
 * From message structs to bytes and back, by the field lists of messages.h. Decoding is where bytes
 * of a stranger enter: every length is checked against the field's bound and against what is left,
 * and the message must end where its last field ends.
 *
 * A packet is a header of 16 bytes and a body:
 *
 *   0  u8   version   the protocol version in which the body is encoded
 *   1  u8   type      1 request, 2 answer, 3 event
 *   2  u16  code      opcode, or number of the event
 *   4  u32  serial    chosen by the client, repeated by the answer; 0 in events
 *   8  u32  length    of header and body
 *  12  i32  status    answers: negative errno and a refusal as body; else an outcome
 */
#ifndef WIRE_CODEC_H
#define WIRE_CODEC_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "wire/messages.h"

#define WIRE_VERSION_OLDEST 1
#define WIRE_VERSION_NEWEST (1 + WIRE_NEXT_VERSIONS)
#define WIRE_HEADER_SIZE    16
#define WIRE_PACKET_MAX     4096

enum wire_type { WIRE_REQUEST = 1, WIRE_ANSWER = 2, WIRE_EVENT = 3 };

enum wire_field_type {
	WIRE_FIELD_u8,
	WIRE_FIELD_u16,
	WIRE_FIELD_u32,
	WIRE_FIELD_u64,
	WIRE_FIELD_text,
	WIRE_FIELD_bytes,
	WIRE_FIELD_blob,
	WIRE_FIELD_acl,
	WIRE_FIELD_gids,
};

struct wire_field {
	const char *name;
	const char *meaning;
	uint16_t offset;
	uint16_t bound;
	uint8_t type;
	uint8_t since;
};

/* A message as data: its fields in order, and the size of its struct. */
struct wire_shape {
	const char *name;
	const struct wire_field *fields;
	uint16_t n_fields;
	uint16_t struct_size;
};

struct wire_header {
	uint8_t version;
	uint8_t type;
	uint16_t code;
	uint32_t serial;
	uint32_t length;
	int32_t status;
};

#define WIRE_SHAPE_DECLARATION(message, FIELDS)                                                    \
	extern const struct wire_shape wire_##message##_shape;

WIRE_MESSAGES(WIRE_SHAPE_DECLARATION)

/*
 * Encode MESSAGE into BUFFER. Returns 0, or -ENOBUFS when it does not fit, or -EINVAL when a text
 * or blob is longer than its bound.
 */
attr_nodrop int wire_encode(const struct wire_shape *shape, unsigned version, const void *message,
			    uint8_t *buffer, size_t capacity, size_t *ret_size);

/*
 * Decode SIZE bytes into MESSAGE, which is wholly written: absent fields read as zero, texts end
 * with a 0. Returns 0, or -EBADMSG, and then MESSAGE is not to be used.
 */
attr_nodrop int wire_decode(const struct wire_shape *shape, unsigned version, const uint8_t *bytes,
			    size_t size, void *message);

/* Whether VERSION has all the fields of SHAPE: else some of a message are lost in it. */
bool wire_is_whole(const struct wire_shape *shape, unsigned version);

/* The text of MESSAGE that is called NAME; "" when SHAPE has none. */
const char *wire_text(const struct wire_shape *shape, const void *message, const char *name);

/* As wire_decode(), but bytes after the last field are ignored: for HELLO, which has to work
 * between versions that know nothing of each other. */
attr_nodrop int wire_decode_open(const struct wire_shape *shape, const uint8_t *bytes, size_t size,
				 void *message);

/* The smallest and the largest body that SHAPE can have in VERSION. */
size_t wire_size_min(const struct wire_shape *shape, unsigned version);
size_t wire_size_max(const struct wire_shape *shape, unsigned version);

/* A whole packet into BUFFER of WIRE_PACKET_MAX bytes. header->length is computed. */
attr_nodrop int wire_encode_packet(const struct wire_header *header, const struct wire_shape *shape,
				   const void *message, uint8_t *buffer, size_t *ret_size);

/*
 * The header of a received packet. Returns 0; -EBADMSG when SIZE is less than a header, differs
 * from the length in it, or the type is unknown. The version is the caller's to judge.
 */
attr_nodrop int wire_decode_header(const uint8_t *bytes, size_t size,
				   struct wire_header *ret_header);

/*
 * Lists within a blob: each entry a u16 length and a body. wire_append() returns -ENOBUFS, with the
 * blob as it was, when there is no room left. wire_next() gives the entry at *offset and moves on:
 * 1 for an entry, 0 at the end, -EBADMSG for bytes that are not a list.
 */
attr_nodrop int wire_append(struct wire_blob *blob, const struct wire_shape *shape,
			    unsigned version, const void *entry);
attr_nodrop int wire_next(const struct wire_blob *blob, size_t *offset,
			  const struct wire_shape *shape, unsigned version, void *entry);

#endif
