/*
 * One loop over a field list encodes, another decodes; no message has code of its own. Both work
 * through a cursor that refuses to pass its end, so that no length needs checking anywhere else.
 */
#include "wire/codec.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define FIELD(M, type_, name_, bound_, since_, meaning_)                                           \
	{.name = #name_,                                                                           \
	 .meaning = (meaning_),                                                                    \
	 .offset = offsetof(struct wire_##M, name_),                                               \
	 .bound = (bound_),                                                                        \
	 .type = WIRE_FIELD_##type_,                                                               \
	 .since = (since_)},

#define SHAPE(message, FIELDS)                                                                     \
	static const struct wire_field message##_fields[] = {FIELDS(FIELD, message)};              \
	const struct wire_shape wire_##message##_shape = {                                         \
		.name = #message,                                                                  \
		.fields = message##_fields,                                                        \
		.n_fields = ARRAY_SIZE(message##_fields),                                          \
		.struct_size = sizeof(struct wire_##message),                                      \
	};

WIRE_MESSAGES(SHAPE)

#define ACL_ENTRY_SIZE 6u

/* Where the next byte goes or comes from, and where it must stop. */
struct writer {
	uint8_t *at;
	uint8_t *end;
};

struct reader {
	const uint8_t *at;
	const uint8_t *end;
};

static bool write_bytes(struct writer *writer, const void *bytes, size_t size)
{
	if ((size_t)(writer->end - writer->at) < size)
		return false;
	memcpy(writer->at, bytes, size);
	writer->at += size;
	return true;
}

static bool write_u16(struct writer *writer, uint16_t value)
{
	value = htole16(value);
	return write_bytes(writer, &value, sizeof(value));
}

static bool write_u32(struct writer *writer, uint32_t value)
{
	value = htole32(value);
	return write_bytes(writer, &value, sizeof(value));
}

static bool write_u64(struct writer *writer, uint64_t value)
{
	value = htole64(value);
	return write_bytes(writer, &value, sizeof(value));
}

static bool read_bytes(struct reader *reader, void *bytes, size_t size)
{
	if ((size_t)(reader->end - reader->at) < size)
		return false;
	memcpy(bytes, reader->at, size);
	reader->at += size;
	return true;
}

static bool read_u16(struct reader *reader, uint16_t *ret)
{
	uint16_t value;

	if (!read_bytes(reader, &value, sizeof(value)))
		return false;
	*ret = le16toh(value);
	return true;
}

static bool read_u32(struct reader *reader, uint32_t *ret)
{
	uint32_t value;

	if (!read_bytes(reader, &value, sizeof(value)))
		return false;
	*ret = le32toh(value);
	return true;
}

static bool read_u64(struct reader *reader, uint64_t *ret)
{
	uint64_t value;

	if (!read_bytes(reader, &value, sizeof(value)))
		return false;
	*ret = le64toh(value);
	return true;
}

static int write_run(struct writer *writer, const void *bytes, size_t size, size_t bound)
{
	if (size > bound)
		return -EINVAL;
	return write_u16(writer, (uint16_t)size) && write_bytes(writer, bytes, size) ? 0 : -ENOBUFS;
}

static int write_acl(struct writer *writer, const struct wire_acl *acl, size_t bound)
{
	if (acl->n > bound)
		return -EINVAL;
	if (!write_u16(writer, acl->n))
		return -ENOBUFS;
	for (size_t i = 0; i < acl->n; i++) {
		const struct wire_acl_entry *entry = &acl->entries[i];

		if (!write_bytes(writer, &entry->subject, 1) ||
		    !write_bytes(writer, &entry->access, 1) || !write_u32(writer, entry->id))
			return -ENOBUFS;
	}
	return 0;
}

static int write_gids(struct writer *writer, const struct wire_gids *gids, size_t bound)
{
	if (gids->n > bound)
		return -EINVAL;
	if (!write_u16(writer, gids->n))
		return -ENOBUFS;
	for (size_t i = 0; i < gids->n; i++)
		if (!write_u32(writer, gids->ids[i]))
			return -ENOBUFS;
	return 0;
}

static int write_field(struct writer *writer, const struct wire_field *field, const void *message)
{
	const uint8_t *from = (const uint8_t *)message + field->offset;
	bool fits = false;

	switch (field->type) {
	case WIRE_FIELD_u8:
		fits = write_bytes(writer, from, 1);
		break;
	case WIRE_FIELD_u16:
		fits = write_u16(writer, *(const uint16_t *)(const void *)from);
		break;
	case WIRE_FIELD_u32:
		fits = write_u32(writer, *(const uint32_t *)(const void *)from);
		break;
	case WIRE_FIELD_u64:
		fits = write_u64(writer, *(const uint64_t *)(const void *)from);
		break;
	case WIRE_FIELD_bytes:
		fits = write_bytes(writer, from, field->bound);
		break;
	case WIRE_FIELD_text:
		return write_run(writer, from, strnlen((const char *)from, field->bound + 1u),
				 field->bound);
	case WIRE_FIELD_blob: {
		const struct wire_blob *blob = (const void *)from;

		return write_run(writer, blob->data, blob->size, field->bound);
	}
	case WIRE_FIELD_acl:
		return write_acl(writer, (const void *)from, field->bound);
	case WIRE_FIELD_gids:
		return write_gids(writer, (const void *)from, field->bound);
	}
	return fits ? 0 : -ENOBUFS;
}

static bool read_text(struct reader *reader, char *text, size_t bound)
{
	uint16_t size;

	if (!read_u16(reader, &size) || size > bound || !read_bytes(reader, text, size))
		return false;
	text[size] = '\0';
	return memchr(text, '\0', size) == NULL;
}

static bool read_acl(struct reader *reader, struct wire_acl *acl, size_t bound)
{
	if (!read_u16(reader, &acl->n) || acl->n > bound)
		return false;
	for (size_t i = 0; i < acl->n; i++) {
		struct wire_acl_entry *entry = &acl->entries[i];

		if (!read_bytes(reader, &entry->subject, 1) ||
		    !read_bytes(reader, &entry->access, 1) || !read_u32(reader, &entry->id))
			return false;
	}
	return true;
}

static bool read_gids(struct reader *reader, struct wire_gids *gids, size_t bound)
{
	if (!read_u16(reader, &gids->n) || gids->n > bound)
		return false;
	for (size_t i = 0; i < gids->n; i++)
		if (!read_u32(reader, &gids->ids[i]))
			return false;
	return true;
}

static bool read_field(struct reader *reader, const struct wire_field *field, void *message)
{
	uint8_t *to = (uint8_t *)message + field->offset;

	switch (field->type) {
	case WIRE_FIELD_u8:
		return read_bytes(reader, to, 1);
	case WIRE_FIELD_u16:
		return read_u16(reader, (uint16_t *)(void *)to);
	case WIRE_FIELD_u32:
		return read_u32(reader, (uint32_t *)(void *)to);
	case WIRE_FIELD_u64:
		return read_u64(reader, (uint64_t *)(void *)to);
	case WIRE_FIELD_bytes:
		return read_bytes(reader, to, field->bound);
	case WIRE_FIELD_text:
		return read_text(reader, (char *)to, field->bound);
	case WIRE_FIELD_blob: {
		struct wire_blob *blob = (void *)to;

		return read_u16(reader, &blob->size) && blob->size <= field->bound &&
		       read_bytes(reader, blob->data, blob->size);
	}
	case WIRE_FIELD_acl:
		return read_acl(reader, (void *)to, field->bound);
	case WIRE_FIELD_gids:
		return read_gids(reader, (void *)to, field->bound);
	}
	return false;
}

/* What a field that is not there reads as. Only lengths matter in texts, blobs and lists. */
static void clear_field(const struct wire_field *field, void *message)
{
	static const uint8_t widths[] = {
		[WIRE_FIELD_u8] = 1,   [WIRE_FIELD_u16] = 2,  [WIRE_FIELD_u32] = 4,
		[WIRE_FIELD_u64] = 8,  [WIRE_FIELD_text] = 1, [WIRE_FIELD_bytes] = 0,
		[WIRE_FIELD_blob] = 2, [WIRE_FIELD_acl] = 2,  [WIRE_FIELD_gids] = 2,
	};
	size_t width = field->type == WIRE_FIELD_bytes ? field->bound : widths[field->type];

	memset((uint8_t *)message + field->offset, 0, width);
}

int wire_encode(const struct wire_shape *shape, unsigned version, const void *message,
		uint8_t *buffer, size_t capacity, size_t *ret_size)
{
	struct writer writer = {buffer, buffer + capacity};

	for (size_t i = 0; i < shape->n_fields; i++) {
		int r;

		if (shape->fields[i].since > version)
			break;
		r = write_field(&writer, &shape->fields[i], message);
		if (r < 0)
			return r;
	}
	*ret_size = (size_t)(writer.at - buffer);
	return 0;
}

static int decode(const struct wire_shape *shape, unsigned version, struct reader *reader,
		  bool may_end_early, void *message)
{
	for (size_t i = 0; i < shape->n_fields; i++) {
		const struct wire_field *field = &shape->fields[i];

		if (field->since > version || (may_end_early && reader->at == reader->end))
			clear_field(field, message);
		else if (!read_field(reader, field, message))
			return -EBADMSG;
	}
	return 0;
}

int wire_decode(const struct wire_shape *shape, unsigned version, const uint8_t *bytes, size_t size,
		void *message)
{
	struct reader reader = {bytes, bytes + size};
	int r = decode(shape, version, &reader, false, message);

	if (r < 0)
		return r;
	return reader.at == reader.end ? 0 : -EBADMSG;
}

int wire_decode_open(const struct wire_shape *shape, const uint8_t *bytes, size_t size,
		     void *message)
{
	struct reader reader = {bytes, bytes + size};

	return decode(shape, WIRE_VERSION_NEWEST, &reader, true, message);
}

bool wire_is_whole(const struct wire_shape *shape, unsigned version)
{
	/* They are only ever appended. */
	return shape->n_fields == 0 || shape->fields[shape->n_fields - 1].since <= version;
}

const char *wire_text(const struct wire_shape *shape, const void *message, const char *name)
{
	for (size_t i = 0; i < shape->n_fields; i++)
		if (shape->fields[i].type == WIRE_FIELD_text &&
		    strcmp(shape->fields[i].name, name) == 0)
			return (const char *)message + shape->fields[i].offset;
	return "";
}

static size_t field_size(const struct wire_field *field, bool largest)
{
	switch (field->type) {
	case WIRE_FIELD_u8:
		return 1;
	case WIRE_FIELD_u16:
		return 2;
	case WIRE_FIELD_u32:
		return 4;
	case WIRE_FIELD_u64:
		return 8;
	case WIRE_FIELD_bytes:
		return field->bound;
	case WIRE_FIELD_acl:
		return 2u + (largest ? field->bound * ACL_ENTRY_SIZE : 0u);
	case WIRE_FIELD_gids:
		return 2u + (largest ? field->bound * sizeof(uint32_t) : 0u);
	default:
		return 2u + (largest ? field->bound : 0u);
	}
}

static size_t body_size(const struct wire_shape *shape, unsigned version, bool largest)
{
	size_t size = 0;

	for (size_t i = 0; i < shape->n_fields; i++)
		if (shape->fields[i].since <= version)
			size += field_size(&shape->fields[i], largest);
	return size;
}

size_t wire_size_min(const struct wire_shape *shape, unsigned version)
{
	return body_size(shape, version, false);
}

size_t wire_size_max(const struct wire_shape *shape, unsigned version)
{
	return body_size(shape, version, true);
}

int wire_encode_packet(const struct wire_header *header, const struct wire_shape *shape,
		       const void *message, uint8_t *buffer, size_t *ret_size)
{
	struct writer writer = {buffer, buffer + WIRE_HEADER_SIZE};
	size_t body;
	int r = wire_encode(shape, header->version, message, buffer + WIRE_HEADER_SIZE,
			    WIRE_PACKET_MAX - WIRE_HEADER_SIZE, &body);

	if (r < 0)
		return r;
	if (!write_bytes(&writer, &header->version, 1) || !write_bytes(&writer, &header->type, 1) ||
	    !write_u16(&writer, header->code) || !write_u32(&writer, header->serial) ||
	    !write_u32(&writer, (uint32_t)(WIRE_HEADER_SIZE + body)) ||
	    !write_u32(&writer, (uint32_t)header->status))
		return -ENOBUFS;
	*ret_size = WIRE_HEADER_SIZE + body;
	return 0;
}

int wire_decode_header(const uint8_t *bytes, size_t size, struct wire_header *ret_header)
{
	struct reader reader = {bytes, bytes + size};
	struct wire_header header;
	uint32_t status;

	if (!read_bytes(&reader, &header.version, 1) || !read_bytes(&reader, &header.type, 1) ||
	    !read_u16(&reader, &header.code) || !read_u32(&reader, &header.serial) ||
	    !read_u32(&reader, &header.length) || !read_u32(&reader, &status))
		return -EBADMSG;
	if (header.length != size || header.type < WIRE_REQUEST || header.type > WIRE_EVENT)
		return -EBADMSG;
	header.status = (int32_t)status;
	*ret_header = header;
	return 0;
}

int wire_append(struct wire_blob *blob, const struct wire_shape *shape, unsigned version,
		const void *entry)
{
	size_t used = blob->size;
	size_t size;
	struct writer writer = {blob->data + used, blob->data + sizeof(blob->data)};
	int r;

	if (sizeof(blob->data) - used < 2)
		return -ENOBUFS;
	r = wire_encode(shape, version, entry, blob->data + used + 2, sizeof(blob->data) - used - 2,
			&size);
	if (r < 0)
		return r;
	(void)write_u16(&writer, (uint16_t)size);
	blob->size = (uint16_t)(used + 2 + size);
	return 0;
}

int wire_next(const struct wire_blob *blob, size_t *offset, const struct wire_shape *shape,
	      unsigned version, void *entry)
{
	struct reader reader = {blob->data + *offset, blob->data + blob->size};
	uint16_t size;
	int r;

	if (reader.at == reader.end)
		return 0;
	if (!read_u16(&reader, &size) || (size_t)(reader.end - reader.at) < size)
		return -EBADMSG;
	r = wire_decode(shape, version, reader.at, size, entry);
	if (r < 0)
		return r;
	*offset += 2u + size;
	return 1;
}
