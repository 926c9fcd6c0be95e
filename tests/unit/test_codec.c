/*
 * The codec. Nothing here knows a single message: every shape there is goes through every test, so
 * that a new message is covered when its row is written. All bytes that are decoded end against a
 * page that faults.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "support/chance.h"
#include "support/guarded.h"
#include "support/suite.h"
#include "wire/codec.h"

#define SHAPE_ROW(message, FIELDS) &wire_##message##_shape,

static const struct wire_shape *const shapes[] = {WIRE_MESSAGES(SHAPE_ROW)};

/* Room for any message, aligned for any of its members. */
union any_message {
	uint64_t alignment;
	uint8_t bytes[8192];
};

enum filling { FILLING_LEAST, FILLING_MOST, FILLING_RANDOM };

static void fill_text(const struct wire_field *field, enum filling filling, struct chance *chance,
		      uint8_t *to)
{
	size_t size = filling == FILLING_LEAST  ? 0
		      : filling == FILLING_MOST ? field->bound
						: chance_below(chance, field->bound + 1u);

	for (size_t i = 0; i < size; i++)
		to[i] = filling == FILLING_MOST ? 0xff : (uint8_t)(1 + chance_below(chance, 255));
	to[size] = '\0';
}

static void fill_blob(const struct wire_field *field, enum filling filling, struct chance *chance,
		      struct wire_blob *blob)
{
	blob->size = filling == FILLING_LEAST  ? 0
		     : filling == FILLING_MOST ? field->bound
					       : (uint16_t)chance_below(chance, field->bound + 1u);
	if (filling == FILLING_RANDOM)
		chance_fill(chance, blob->data, blob->size);
	else
		memset(blob->data, 0xff, blob->size);
}

static void fill_acl(const struct wire_field *field, enum filling filling, struct chance *chance,
		     struct wire_acl *acl)
{
	acl->n = filling == FILLING_LEAST  ? 0
		 : filling == FILLING_MOST ? field->bound
					   : (uint16_t)chance_below(chance, field->bound + 1u);
	memset(acl->entries, 0xff, sizeof(acl->entries));
	for (size_t i = 0; filling == FILLING_RANDOM && i < acl->n; i++)
		acl->entries[i] = (struct wire_acl_entry){
			.subject = (uint8_t)chance_below(chance, 256),
			.access = (uint8_t)chance_below(chance, 256),
			.id = (uint32_t)chance_u64(chance),
		};
}

static void fill_gids(const struct wire_field *field, enum filling filling, struct chance *chance,
		      struct wire_gids *gids)
{
	gids->n = filling == FILLING_LEAST  ? 0
		  : filling == FILLING_MOST ? field->bound
					    : (uint16_t)chance_below(chance, field->bound + 1u);
	memset(gids->ids, 0xff, sizeof(gids->ids));
	if (filling == FILLING_RANDOM)
		chance_fill(chance, gids->ids, gids->n * sizeof(gids->ids[0]));
}

static bool acls_are_equal(const struct wire_acl *a, const struct wire_acl *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->entries[i].subject != b->entries[i].subject ||
		    a->entries[i].access != b->entries[i].access ||
		    a->entries[i].id != b->entries[i].id)
			return false;
	return true;
}

static bool has_length(const struct wire_field *field)
{
	return field->type == WIRE_FIELD_text || field->type == WIRE_FIELD_blob ||
	       field->type == WIRE_FIELD_acl || field->type == WIRE_FIELD_gids;
}

static size_t fixed_size(const struct wire_field *field)
{
	switch (field->type) {
	case WIRE_FIELD_acl:
		return 6u * field->bound;
	case WIRE_FIELD_gids:
		return 4u * field->bound;
	case WIRE_FIELD_u8:
		return 1;
	case WIRE_FIELD_u16:
		return 2;
	case WIRE_FIELD_u32:
		return 4;
	case WIRE_FIELD_u64:
		return 8;
	default:
		return field->bound;
	}
}

static void fill_message(const struct wire_shape *shape, enum filling filling,
			 struct chance *chance, union any_message *message)
{
	ck_assert_uint_le(shape->struct_size, sizeof(*message));
	for (size_t i = 0; i < shape->n_fields; i++) {
		const struct wire_field *field = &shape->fields[i];
		uint8_t *to = message->bytes + field->offset;

		if (field->type == WIRE_FIELD_text)
			fill_text(field, filling, chance, to);
		else if (field->type == WIRE_FIELD_blob)
			fill_blob(field, filling, chance, (void *)to);
		else if (field->type == WIRE_FIELD_acl)
			fill_acl(field, filling, chance, (void *)to);
		else if (field->type == WIRE_FIELD_gids)
			fill_gids(field, filling, chance, (void *)to);
		else if (filling == FILLING_RANDOM)
			chance_fill(chance, to, fixed_size(field));
		else
			memset(to, filling == FILLING_MOST ? 0xff : 0, fixed_size(field));
	}
}

static bool field_is_equal(const struct wire_field *field, const uint8_t *a, const uint8_t *b)
{
	if (field->type == WIRE_FIELD_text)
		return strcmp((const char *)a, (const char *)b) == 0;
	if (field->type == WIRE_FIELD_blob) {
		const struct wire_blob *blob_a = (const void *)a;
		const struct wire_blob *blob_b = (const void *)b;

		return blob_a->size == blob_b->size &&
		       memcmp(blob_a->data, blob_b->data, blob_a->size) == 0;
	}
	if (field->type == WIRE_FIELD_acl)
		return acls_are_equal((const void *)a, (const void *)b);
	if (field->type == WIRE_FIELD_gids) {
		const struct wire_gids *gids_a = (const void *)a, *gids_b = (const void *)b;

		return gids_a->n == gids_b->n &&
		       memcmp(gids_a->ids, gids_b->ids, gids_a->n * sizeof(gids_a->ids[0])) == 0;
	}
	return memcmp(a, b, fixed_size(field)) == 0;
}

static void expect_equal(const struct wire_shape *shape, const union any_message *a,
			 const union any_message *b)
{
	for (size_t i = 0; i < shape->n_fields; i++) {
		const struct wire_field *field = &shape->fields[i];

		ck_assert_msg(field_is_equal(field, a->bytes + field->offset,
					     b->bytes + field->offset),
			      "%s.%s changed on its way", shape->name, field->name);
	}
}

/* Encode into exactly the room that it takes, against the faulting page. */
static uint8_t *encode_guarded(const struct wire_shape *shape, const union any_message *message,
			       size_t *ret_size)
{
	static uint8_t room[WIRE_PACKET_MAX];
	uint8_t *bytes;

	ck_assert_int_eq(wire_encode(shape, WIRE_VERSION_NEWEST, message, room, sizeof(room),
				     ret_size),
			 0);
	bytes = guarded_new(*ret_size);
	ck_assert_int_eq(wire_encode(shape, WIRE_VERSION_NEWEST, message, bytes, *ret_size,
				     ret_size),
			 0);
	return bytes;
}

static void expect_round_trip(const struct wire_shape *shape, enum filling filling,
			      struct chance *chance)
{
	static union any_message sent;
	static union any_message got;
	size_t size;
	uint8_t *bytes;

	memset(&got, 0xa5, sizeof(got));
	fill_message(shape, filling, chance, &sent);
	bytes = encode_guarded(shape, &sent, &size);
	if (filling == FILLING_LEAST)
		ck_assert_uint_eq(size, wire_size_min(shape, WIRE_VERSION_NEWEST));
	if (filling == FILLING_MOST)
		ck_assert_uint_eq(size, wire_size_max(shape, WIRE_VERSION_NEWEST));
	ck_assert_int_eq(wire_decode(shape, WIRE_VERSION_NEWEST, bytes, size, &got), 0);
	expect_equal(shape, &sent, &got);
}

START_TEST(every_message_survives_the_trip)
{
	struct chance chance;

	chance_init(&chance);
	expect_round_trip(shapes[_i], FILLING_LEAST, &chance);
	expect_round_trip(shapes[_i], FILLING_MOST, &chance);
	for (int round = 0; round < 100; round++)
		expect_round_trip(shapes[_i], FILLING_RANDOM, &chance);
}
END_TEST

START_TEST(a_message_cut_or_prolonged_anywhere_is_refused)
{
	static union any_message message;
	uint8_t *bytes;
	uint8_t *room;
	size_t size;

	fill_message(shapes[_i], FILLING_MOST, NULL, &message);
	bytes = encode_guarded(shapes[_i], &message, &size);
	room = guarded_new(size + 1);
	for (size_t kept = 0; kept <= size + 1; kept++) {
		uint8_t *head = room + size + 1 - kept;

		if (kept == size)
			continue;
		memcpy(head, bytes, kept < size ? kept : size);
		ck_assert_msg(wire_decode(shapes[_i], WIRE_VERSION_NEWEST, head, kept, &message) ==
				      -EBADMSG,
			      "%zu bytes were taken for %zu", kept, size);
	}
}
END_TEST

START_TEST(encoding_stops_at_the_capacity)
{
	static union any_message message;
	uint8_t *room;
	size_t size;

	fill_message(shapes[_i], FILLING_MOST, NULL, &message);
	room = encode_guarded(shapes[_i], &message, &size);
	for (size_t capacity = 0; capacity < size; capacity++) {
		size_t untouched = 4711;

		ck_assert_int_eq(wire_encode(shapes[_i], WIRE_VERSION_NEWEST, &message,
					     room + size - capacity, capacity, &untouched),
				 -ENOBUFS);
		ck_assert_uint_eq(untouched, 4711);
	}
}
END_TEST

/* What is accepted means exactly one message: encoded again, it is the same bytes. */
static void expect_refused_or_canonical(const struct wire_shape *shape, const uint8_t *bytes,
					size_t size)
{
	static union any_message message;
	static uint8_t again[WIRE_PACKET_MAX];
	size_t again_size;

	if (wire_decode(shape, WIRE_VERSION_NEWEST, bytes, size, &message) < 0)
		return;
	ck_assert_int_eq(wire_encode(shape, WIRE_VERSION_NEWEST, &message, again, sizeof(again),
				     &again_size),
			 0);
	ck_assert_uint_eq(again_size, size);
	ck_assert_mem_eq(again, bytes, size);
}

START_TEST(random_bytes_are_refused_or_mean_one_message)
{
	uint8_t *room = guarded_new(WIRE_PACKET_MAX);
	struct chance chance;

	chance_init(&chance);
	for (int round = 0; round < 2000; round++) {
		size_t most = wire_size_max(shapes[_i], WIRE_VERSION_NEWEST) + 2;
		size_t size = chance_below(&chance, most + 1);
		uint8_t *bytes = room + WIRE_PACKET_MAX - size;

		chance_fill(&chance, bytes, size);
		expect_refused_or_canonical(shapes[_i], bytes, size);
	}
}
END_TEST

START_TEST(changed_bytes_are_refused_or_mean_one_message)
{
	static union any_message message;
	struct chance chance;

	chance_init(&chance);
	for (int round = 0; round < 200; round++) {
		uint8_t *bytes;
		size_t size;

		fill_message(shapes[_i], FILLING_RANDOM, &chance, &message);
		bytes = encode_guarded(shapes[_i], &message, &size);
		for (int change = 0; change < 4 && size > 0; change++) {
			bytes[chance_below(&chance, size)] = (uint8_t)chance_u64(&chance);
			expect_refused_or_canonical(shapes[_i], bytes, size);
		}
	}
}
END_TEST

START_TEST(texts_blobs_and_lists_keep_to_their_bounds)
{
	static union any_message message;
	static uint8_t room[2 * WIRE_PACKET_MAX];
	size_t size;

	for (size_t i = 0; i < shapes[_i]->n_fields; i++) {
		const struct wire_field *field = &shapes[_i]->fields[i];
		uint8_t *at = message.bytes + field->offset;

		if (!has_length(field))
			continue;
		fill_message(shapes[_i], FILLING_LEAST, NULL, &message);
		if (field->type == WIRE_FIELD_text)
			memset(at, 'x', field->bound + 1u); /* without its end */
		else                                        /* a blob and a list begin alike */
			*(uint16_t *)(void *)at = (uint16_t)(field->bound + 1u);
		ck_assert_int_eq(wire_encode(shapes[_i], WIRE_VERSION_NEWEST, &message, room,
					     sizeof(room), &size),
				 -EINVAL);
	}
}
END_TEST

/* The shape of a message with one field, for looking at one kind of field alone. */
static struct wire_shape single_shape(const struct wire_field *field)
{
	return (struct wire_shape){.name = "single", .fields = field, .n_fields = 1};
}

START_TEST(a_text_has_no_zero_in_it_and_no_more_than_its_bound)
{
	const struct wire_field field = {.name = "text",
					 .bound = 3,
					 .type = WIRE_FIELD_text,
					 .since = 1};
	const struct wire_shape shape = single_shape(&field);
	char text[4];

	ck_assert_int_eq(wire_decode(&shape, 1, (const uint8_t *)"\3\0abc", 5, text), 0);
	ck_assert_str_eq(text, "abc");
	ck_assert_int_eq(wire_decode(&shape, 1, (const uint8_t *)"\0\0", 2, text), 0);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(wire_decode(&shape, 1, (const uint8_t *)"\4\0abcd", 6, text), -EBADMSG);
	ck_assert_int_eq(wire_decode(&shape, 1, (const uint8_t *)"\3\0a\0c", 5, text), -EBADMSG);
	ck_assert_int_eq(wire_decode(&shape, 1, (const uint8_t *)"\3\0ab\0", 5, text), -EBADMSG);
	ck_assert_int_eq(wire_decode(&shape, 1, (const uint8_t *)"\3\1abc", 5, text), -EBADMSG);
}
END_TEST

/* A message as a later version of the protocol may have it. */
struct grown {
	uint32_t number;
	uint16_t later;
	char text[9];
	uint8_t bytes[4];
	struct wire_blob blob;
};

static const struct wire_field grown_fields[] = {
	{.name = "number",
	 .offset = offsetof(struct grown, number),
	 .type = WIRE_FIELD_u32,
	 .since = 1},
	{.name = "later",
	 .offset = offsetof(struct grown, later),
	 .type = WIRE_FIELD_u16,
	 .since = 2},
	{.name = "text",
	 .offset = offsetof(struct grown, text),
	 .bound = 8,
	 .type = WIRE_FIELD_text,
	 .since = 2},
	{.name = "bytes",
	 .offset = offsetof(struct grown, bytes),
	 .bound = 4,
	 .type = WIRE_FIELD_bytes,
	 .since = 3},
	{.name = "blob",
	 .offset = offsetof(struct grown, blob),
	 .bound = 16,
	 .type = WIRE_FIELD_blob,
	 .since = 3},
};

static const struct wire_shape grown_shape = {
	.name = "grown",
	.fields = grown_fields,
	.n_fields = ARRAY_SIZE(grown_fields),
	.struct_size = sizeof(struct grown),
};

static const struct grown grown_sample = {
	.number = 7, .later = 8, .text = "text", .bytes = {1, 2, 3, 4}, .blob = {2, {5, 6}}};

START_TEST(later_fields_are_left_out_for_an_older_version)
{
	static const size_t sizes[] = {0, 4, 4 + 2 + 6, 4 + 2 + 6 + 4 + 4};
	uint8_t room[64];

	for (unsigned version = 1; version <= 3; version++) {
		struct grown got;
		size_t size;

		memset(&got, 0xa5, sizeof(got));
		ck_assert_int_eq(wire_encode(&grown_shape, version, &grown_sample, room,
					     sizeof(room), &size),
				 0);
		ck_assert_uint_eq(size, sizes[version]);
		ck_assert_int_eq(wire_decode(&grown_shape, version, room, size, &got), 0);
		ck_assert_uint_eq(got.number, 7);
		ck_assert_uint_eq(got.later, version >= 2 ? 8 : 0);
		ck_assert_str_eq(got.text, version >= 2 ? "text" : "");
		ck_assert_mem_eq(got.bytes, version >= 3 ? "\1\2\3\4" : "\0\0\0\0", 4);
		ck_assert_uint_eq(got.blob.size, version >= 3 ? 2 : 0);
	}
}
END_TEST

START_TEST(sizes_follow_the_version)
{
	ck_assert_uint_eq(wire_size_min(&grown_shape, 1), 4);
	ck_assert_uint_eq(wire_size_max(&grown_shape, 1), 4);
	ck_assert_uint_eq(wire_size_min(&grown_shape, 2), 4 + 2 + 2);
	ck_assert_uint_eq(wire_size_max(&grown_shape, 2), 4 + 2 + 2 + 8);
	ck_assert_uint_eq(wire_size_min(&grown_shape, 3), 4 + 2 + 2 + 4 + 2);
	ck_assert_uint_eq(wire_size_max(&grown_shape, 3), 4 + 2 + 2 + 8 + 4 + 2 + 16);
}
END_TEST

START_TEST(bytes_of_one_version_are_not_taken_for_another)
{
	struct grown got;
	uint8_t room[64];
	size_t size;

	for (unsigned sent = 1; sent <= 3; sent++)
		for (unsigned read = 1; read <= 3; read++) {
			ck_assert_int_eq(wire_encode(&grown_shape, sent, &grown_sample, room,
						     sizeof(room), &size),
					 0);
			ck_assert_int_eq(wire_decode(&grown_shape, read, room, size, &got),
					 sent == read ? 0 : -EBADMSG);
		}
}
END_TEST

/* HELLO has to be understood between versions that do not know each other. */
START_TEST(open_decoding_forgives_what_a_version_adds_or_lacks)
{
	static union any_message sent;
	static union any_message got;
	uint8_t *bytes;
	uint8_t *room;
	size_t size;

	fill_message(shapes[_i], FILLING_MOST, NULL, &sent);
	bytes = encode_guarded(shapes[_i], &sent, &size);
	room = guarded_new(size + 100);
	memcpy(room, bytes, size);
	memset(&got, 0xa5, sizeof(got));
	ck_assert_int_eq(wire_decode_open(shapes[_i], room, size + 100, &got), 0);
	expect_equal(shapes[_i], &sent, &got);
	size = 0;
	for (size_t fields = 0; fields < shapes[_i]->n_fields; fields++) {
		const struct wire_field *field = &shapes[_i]->fields[fields];

		memset(&got, 0xa5, sizeof(got));
		ck_assert_int_eq(wire_decode_open(shapes[_i], bytes, size, &got), 0);
		for (size_t i = fields; i < shapes[_i]->n_fields; i++) {
			union any_message nothing = {0};

			ck_assert(field_is_equal(&shapes[_i]->fields[i],
						 got.bytes + shapes[_i]->fields[i].offset,
						 nothing.bytes + shapes[_i]->fields[i].offset));
		}
		size += fixed_size(field) + (has_length(field) ? 2 : 0);
		ck_assert_msg(fixed_size(field) == 1 ||
				      wire_decode_open(shapes[_i], bytes, size - 1, &got) ==
					      -EBADMSG,
			      "%s was taken half", field->name);
	}
}
END_TEST

START_TEST(a_packet_is_these_bytes)
{
	static const uint8_t expected[] = {
		1,    1,    2,    0,    0x78, 0x56, 0x34, 0x12, 24, 0, 0, 0,
		0xfe, 0xff, 0xff, 0xff, 8,    7,    6,    5,    4,  3, 2, 1,
	};
	const struct wire_header header = {
		.version = 1, .type = WIRE_REQUEST, .code = 2, .serial = 0x12345678, .status = -2};
	const struct wire_confirm_request request = {.nonce = UINT64_C(0x0102030405060708)};
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_header got;
	size_t size;

	ck_assert_int_eq(wire_encode_packet(&header, &wire_confirm_request_shape, &request, packet,
					    &size),
			 0);
	ck_assert_uint_eq(size, sizeof(expected));
	ck_assert_mem_eq(packet, expected, size);
	ck_assert_int_eq(wire_decode_header(packet, size, &got), 0);
	ck_assert_uint_eq(got.version, 1);
	ck_assert_uint_eq(got.type, WIRE_REQUEST);
	ck_assert_uint_eq(got.code, 2);
	ck_assert_uint_eq(got.serial, 0x12345678);
	ck_assert_uint_eq(got.length, 24);
	ck_assert_int_eq(got.status, -2);
}
END_TEST

START_TEST(a_header_must_be_whole_and_say_the_length)
{
	const struct wire_header header = {.version = 1, .type = WIRE_REQUEST, .code = 5};
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_header got;
	size_t size;

	ck_assert_int_eq(wire_encode_packet(&header, &wire_empty_shape, &header, packet, &size), 0);
	ck_assert_uint_eq(size, WIRE_HEADER_SIZE);
	for (size_t cut = 0; cut < WIRE_HEADER_SIZE; cut++) {
		uint8_t *head = guarded_new(cut);

		memcpy(head, packet, cut);
		ck_assert_int_eq(wire_decode_header(head, cut, &got), -EBADMSG);
	}
	ck_assert_int_eq(wire_decode_header(packet, size + 1, &got), -EBADMSG);
	for (int type = 0; type < 256; type++) {
		packet[1] = (uint8_t)type;
		ck_assert_int_eq(wire_decode_header(packet, size, &got),
				 type >= WIRE_REQUEST && type <= WIRE_EVENT ? 0 : -EBADMSG);
	}
	packet[1] = WIRE_REQUEST;
	for (size_t at = 8; at < 12; at++) {
		packet[at] ^= 0x40;
		ck_assert_int_eq(wire_decode_header(packet, size, &got), -EBADMSG);
		packet[at] ^= 0x40;
	}
}
END_TEST

static struct wire_holder holder_sample(size_t i)
{
	struct wire_holder holder = {.object = i, .member = ~i, .pid = (uint32_t)i};

	memset(holder.program, 'p', i % (WIRE_PROGRAM_MAX + 1));
	memset(holder.name, 'n', i % (WIRE_NAME_MAX + 1));
	return holder;
}

START_TEST(a_list_gives_back_its_entries_and_says_when_it_is_full)
{
	static struct wire_blob blob;
	static struct wire_blob before;
	size_t n = 0;
	size_t offset = 0;
	struct wire_holder holder = holder_sample(0);
	int r;

	while ((r = wire_append(&blob, &wire_holder_shape, WIRE_VERSION_NEWEST, &holder)) == 0) {
		holder = holder_sample(++n);
		before = blob;
	}
	ck_assert_int_eq(r, -ENOBUFS);
	ck_assert_uint_gt(n, 10);
	ck_assert_uint_eq(blob.size, before.size);
	ck_assert_mem_eq(blob.data, before.data, blob.size);
	for (size_t i = 0; i < n; i++) {
		struct wire_holder expected = holder_sample(i);

		ck_assert_int_eq(wire_next(&blob, &offset, &wire_holder_shape, WIRE_VERSION_NEWEST,
					   &holder),
				 1);
		ck_assert_uint_eq(holder.object, i);
		ck_assert_uint_eq(holder.member, ~i);
		ck_assert_str_eq(holder.program, expected.program);
		ck_assert_str_eq(holder.name, expected.name);
	}
	ck_assert_int_eq(wire_next(&blob, &offset, &wire_holder_shape, WIRE_VERSION_NEWEST,
				   &holder),
			 0);
}
END_TEST

START_TEST(a_list_is_filled_to_its_last_byte)
{
	static struct wire_blob blob;
	struct wire_hold_reply entry = {.hold = 1};

	for (blob.size = WIRE_BLOB_MAX; blob.size > WIRE_BLOB_MAX - 10; blob.size--) {
		uint16_t size = blob.size;

		ck_assert_int_eq(wire_append(&blob, &wire_hold_reply_shape, WIRE_VERSION_NEWEST,
					     &entry),
				 -ENOBUFS);
		ck_assert_uint_eq(blob.size, size);
	}
	ck_assert_int_eq(wire_append(&blob, &wire_hold_reply_shape, WIRE_VERSION_NEWEST, &entry),
			 0);
	ck_assert_uint_eq(blob.size, WIRE_BLOB_MAX);
}
END_TEST

START_TEST(bytes_that_are_no_list_end_the_walk)
{
	static struct wire_blob blob;
	struct chance chance;

	chance_init(&chance);
	for (int round = 0; round < 20000; round++) {
		struct wire_hold_reply entry;
		size_t offset = 0;
		size_t steps = 0;
		int r;

		blob.size = (uint16_t)chance_below(&chance, 64);
		chance_fill(&chance, blob.data, blob.size);
		if (blob.size > 2 && round % 2 == 0) {
			blob.data[0] = 8;
			blob.data[1] = 0;
		}
		while ((r = wire_next(&blob, &offset, &wire_hold_reply_shape, WIRE_VERSION_NEWEST,
				      &entry)) == 1)
			ck_assert_uint_le(++steps, 6);
		ck_assert(r == 0 || r == -EBADMSG);
		ck_assert(r != 0 || offset == blob.size);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec");
	TCase *each = tcase_create("every message");
	TCase *versions = tcase_create("versions");
	TCase *parts = tcase_create("fields, packets and lists");
	int n = (int)ARRAY_SIZE(shapes);

	tcase_add_loop_test(each, every_message_survives_the_trip, 0, n);
	tcase_add_loop_test(each, a_message_cut_or_prolonged_anywhere_is_refused, 0, n);
	tcase_add_loop_test(each, encoding_stops_at_the_capacity, 0, n);
	tcase_add_loop_test(each, random_bytes_are_refused_or_mean_one_message, 0, n);
	tcase_add_loop_test(each, changed_bytes_are_refused_or_mean_one_message, 0, n);
	tcase_add_loop_test(each, texts_blobs_and_lists_keep_to_their_bounds, 0, n);
	tcase_add_loop_test(each, open_decoding_forgives_what_a_version_adds_or_lacks, 0, n);
	tcase_add_test(versions, later_fields_are_left_out_for_an_older_version);
	tcase_add_test(versions, sizes_follow_the_version);
	tcase_add_test(versions, bytes_of_one_version_are_not_taken_for_another);
	tcase_add_test(parts, a_text_has_no_zero_in_it_and_no_more_than_its_bound);
	tcase_add_test(parts, a_packet_is_these_bytes);
	tcase_add_test(parts, a_header_must_be_whole_and_say_the_length);
	tcase_add_test(parts, a_list_gives_back_its_entries_and_says_when_it_is_full);
	tcase_add_test(parts, a_list_is_filled_to_its_last_byte);
	tcase_add_test(parts, bytes_that_are_no_list_end_the_walk);
	suite_add_tcase(suite, each);
	suite_add_tcase(suite, versions);
	suite_add_tcase(suite, parts);
	return suite_run(suite);
}
