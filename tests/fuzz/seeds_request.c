/*
 * Seeds of fuzz_request: each shape at its least and made up; packets of each type; a list; texts.
 */
#include <stdio.h>
#include <string.h>

#include "compose.h"
#include "seeds.h"

static struct seed seed;
static union any_message message;

static void keep_body(unsigned i, const char *how)
{
	char name[96];
	size_t size;

	seed.data[0] = (uint8_t)i;
	if (wire_encode(compose_shapes[i], WIRE_VERSION_NEWEST, &message, seed.data + 1,
			WIRE_PACKET_MAX - 1, &size) < 0)
		return;
	seed.size = 1 + size;
	snprintf(name, sizeof(name), "%s-%s", compose_shapes[i]->name, how);
	seed_keep(&seed, "request", name);
}

static void keep_packet(uint8_t type, uint16_t code, int32_t status, const struct wire_shape *shape)
{
	struct wire_header header = {WIRE_VERSION_NEWEST, type, code, 1, 0, status};
	char name[96];
	size_t size;

	memset(&message, 0, sizeof(message));
	if (wire_encode_packet(&header, shape, &message, seed.data + 1, &size) < 0)
		return;
	seed.data[0] = 0;
	seed.size = 1 + size;
	snprintf(name, sizeof(name), "packet-%u-%s", type, shape->name);
	seed_keep(&seed, "request", name);
}

static void keep_text(const char *text, const char *name)
{
	seed.data[0] = 0;
	seed.size = 1 + strlen(text);
	memcpy(seed.data + 1, text, strlen(text));
	seed_keep(&seed, "request", name);
}

/* A list, as the body of a shape whose index is the one of its entries. */
static void keep_list(void)
{
	static struct wire_blob list;

	for (unsigned i = 0; i < compose_n_shapes; i++) {
		if (compose_shapes[i] != &wire_holder_shape)
			continue;
		memset(&message, 0, sizeof(message));
		(void)!wire_append(&list, compose_shapes[i], WIRE_VERSION_NEWEST, &message);
		(void)!wire_append(&list, compose_shapes[i], WIRE_VERSION_NEWEST, &message);
		seed.data[0] = (uint8_t)i;
		memcpy(seed.data + 1, list.data, list.size);
		seed.size = 1u + list.size;
		seed_keep(&seed, "request", "list");
	}
}

void seeds_of_request(void)
{
	struct chance chance = {.state = 1};

	for (unsigned i = 0; i < compose_n_shapes; i++) {
		memset(&message, 0, sizeof(message));
		keep_body(i, "least");
		compose_message(&chance, compose_shapes[i], &message);
		keep_body(i, "composed");
	}
	keep_packet(WIRE_REQUEST, WIRE_HELLO, 0, &wire_hello_request_shape);
	keep_packet(WIRE_REQUEST, WIRE_OPEN, 0, &wire_open_request_shape);
	keep_packet(WIRE_ANSWER, WIRE_OPEN, 0, &wire_open_reply_shape);
	keep_packet(WIRE_ANSWER, WIRE_OPEN, -2, &wire_refusal_shape);
	keep_packet(WIRE_EVENT, WIRE_EVENT_REMOVED, 0, &wire_removed_event_shape);
	keep_list();
	keep_text("a/b.c_d+e-f", "text-name");
	keep_text("a/../b", "text-bad-name");
	keep_text("memfd", "text-backing");
	keep_text("rw", "text-access");
}
