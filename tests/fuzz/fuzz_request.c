/*
 * The decoder of packets alone, with every shape there is: one call of a fuzzer that is as fast as
 * it gets. The input is a byte that chooses the shape, and a body; and, read again from its
 * beginning, a packet, a list of entries and a text.
 *
 * What must hold: nothing is read or written outside; what was decoded encodes to the very bytes
 * that it came from; sizes are within the bounds that the dispatcher trusts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compose.h"
#include "harness.h"
#include "wire/vocabulary.h"

/* A copy that ends where its memory ends, so that a byte too far is seen. */
static uint8_t *exactly(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	FUZZ_REQUIRE(copy, "no memory");
	memcpy(copy, bytes, size);
	return copy;
}

static void expect_same(const struct wire_shape *shape, const void *message, const uint8_t *bytes,
			size_t size)
{
	uint8_t again[WIRE_PACKET_MAX];
	size_t size_again;
	int r = wire_encode(shape, WIRE_VERSION_NEWEST, message, again, sizeof(again), &size_again);

	FUZZ_REQUIRE(r == 0, "a %s that was decoded cannot be encoded: %d", shape->name, r);
	FUZZ_REQUIRE(size_again == size && memcmp(again, bytes, size) == 0,
		     "a %s is encoded to other bytes than it was decoded from", shape->name);
	FUZZ_REQUIRE(size >= wire_size_min(shape, WIRE_VERSION_NEWEST) &&
			     size <= wire_size_max(shape, WIRE_VERSION_NEWEST),
		     "a %s of %zu bytes is out of the bounds of its shape", shape->name, size);
}

/* A message of an older or unknown version is a beginning of one of the newest. */
static void decode_versions(const struct wire_shape *shape, const uint8_t *bytes, size_t size,
			    void *message)
{
	uint8_t again[WIRE_PACKET_MAX];
	size_t size_again;

	for (unsigned version = 0; version <= WIRE_VERSION_NEWEST; version++)
		if (wire_decode(shape, version, bytes, size, message) == 0)
			FUZZ_REQUIRE(wire_encode(shape, version, message, again, sizeof(again),
						 &size_again) == 0 &&
					     size_again == size && memcmp(again, bytes, size) == 0,
				     "a %s of version %u does not come back", shape->name, version);
}

static void decode_body(const struct wire_shape *shape, const uint8_t *bytes, size_t size)
{
	void *message = malloc(shape->struct_size ? shape->struct_size : 1);
	uint8_t again[WIRE_PACKET_MAX];
	size_t size_again;

	FUZZ_REQUIRE(message, "no memory");
	decode_versions(shape, bytes, size, message);
	if (wire_decode(shape, WIRE_VERSION_NEWEST, bytes, size, message) == 0)
		expect_same(shape, message, bytes, size);
	if (wire_decode_open(shape, bytes, size, message) == 0)
		FUZZ_REQUIRE(wire_encode(shape, WIRE_VERSION_NEWEST, message, again, sizeof(again),
					 &size_again) == 0,
			     "a %s that was decoded openly cannot be encoded", shape->name);
	free(message);
}

static void decode_packet(const uint8_t *bytes, size_t size)
{
	struct wire_header header;
	const struct wire_operation *operation;
	const struct wire_notice *notice;

	if (wire_decode_header(bytes, size, &header) < 0)
		return;
	FUZZ_REQUIRE(header.length == size && header.type >= WIRE_REQUEST &&
			     header.type <= WIRE_EVENT,
		     "a header was taken that is none");
	operation = wire_operation(header.code, header.version);
	notice = wire_notice(header.code, header.version);
	if (operation && header.type == WIRE_REQUEST)
		decode_body(operation->request, bytes + WIRE_HEADER_SIZE, size - WIRE_HEADER_SIZE);
	if (operation && header.type == WIRE_ANSWER)
		decode_body(header.status < 0 ? &wire_refusal_shape : operation->reply,
			    bytes + WIRE_HEADER_SIZE, size - WIRE_HEADER_SIZE);
	if (notice && header.type == WIRE_EVENT)
		decode_body(notice->message, bytes + WIRE_HEADER_SIZE, size - WIRE_HEADER_SIZE);
}

/* The entries that can be read, appended one by one, are the beginning of the list. */
static void decode_list(const struct wire_shape *shape, const uint8_t *bytes, size_t size)
{
	struct wire_blob *list = calloc(1, sizeof(*list));
	struct wire_blob *again = calloc(1, sizeof(*again));
	void *entry = malloc(shape->struct_size ? shape->struct_size : 1);
	size_t offset = 0;

	FUZZ_REQUIRE(list && again && entry, "no memory");
	list->size = (uint16_t)(size < WIRE_BLOB_MAX ? size : WIRE_BLOB_MAX);
	memcpy(list->data, bytes, list->size);
	while (wire_next(list, &offset, shape, WIRE_VERSION_NEWEST, entry) > 0)
		FUZZ_REQUIRE(wire_append(again, shape, WIRE_VERSION_NEWEST, entry) == 0,
			     "an entry that was in a list does not fit into one");
	FUZZ_REQUIRE(offset <= list->size && again->size == offset &&
			     memcmp(again->data, list->data, offset) == 0,
		     "a list of %s is written otherwise than it was read", shape->name);
	free(entry);
	free(again);
	free(list);
}

/* What is said of names is also what the files of FIFOs stand on: no way out of their directory. */
static void judge_text(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	char file[WIRE_NAME_MAX + 1];
	uint8_t number;

	FUZZ_REQUIRE(text, "no memory");
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (!wire_name_fault(text)) {
		FUZZ_REQUIRE(text[0] && strlen(text) <= WIRE_NAME_MAX, "a name of a bad length");
		wire_name_to_file(text, file);
		FUZZ_REQUIRE(!strchr(file, '/') && strcmp(file, ".") != 0 &&
				     strcmp(file, "..") != 0,
			     "the file of a FIFO is \"%s\"", file);
	}
	if (!wire_layout_fault(text))
		FUZZ_REQUIRE(strlen(text) <= WIRE_LAYOUT_MAX, "a layout tag of a bad length");
	if (wire_backing_parse(text, &number) == 0)
		FUZZ_REQUIRE(strcmp(wire_backing_text(number), text) == 0, "a backing changed");
	if (wire_access_parse(text, &number) == 0)
		FUZZ_REQUIRE(strcmp(wire_access_text(number), text) == 0, "an access changed");
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct wire_shape *shape;
	uint8_t *bytes;

	if (size == 0 || size > WIRE_PACKET_MAX)
		return 0;
	shape = compose_shapes[data[0] % compose_n_shapes];
	bytes = exactly(data + 1, size - 1);
	decode_body(shape, bytes, size - 1);
	decode_packet(bytes, size - 1);
	decode_list(shape, bytes, size - 1);
	judge_text(bytes, size - 1);
	free(bytes);
	return 0;
}
