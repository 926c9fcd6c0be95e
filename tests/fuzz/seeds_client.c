/*
 * Seeds of fuzz_client: a good answer, one made up and a refusal to each operation; descriptors of
 * each kind; what is no answer; and a connection that comes back.
 */
#include <stdio.h>
#include <string.h>

#include "compose.h"
#include "library_steps.h"
#include "seeds.h"
#include "wire/vocabulary.h"

static struct seed seed;

static void answer_coded(unsigned how, uint16_t code, int32_t status, const void *message)
{
	const struct wire_operation *operation = wire_operation(code, WIRE_VERSION_NEWEST);
	struct wire_header header = {WIRE_VERSION_NEWEST, WIRE_ANSWER, code, 1, 0, status};

	seed_packet(&seed, LIBRARY_ANSWER, how, &header,
		    status < 0 ? &wire_refusal_shape : operation->reply, message);
}

#define answer(how, OPCODE, status, name, ...)                                                     \
	answer_coded(how, WIRE_##OPCODE, status, &(struct wire_##name){__VA_ARGS__})

static void keep(const char *name)
{
	for (unsigned i = 0; i < 32; i += 4)
		seed_step(&seed, LIBRARY_FINISH, i / 4);
	seed_step(&seed, LIBRARY_DETACH, 0);
	seed_keep(&seed, "client", name);
}

static unsigned with(enum library_descriptor descriptor)
{
	return (unsigned)descriptor << LIBRARY_SHIFT;
}

/* The number of the first request that is not under way at the beginning. */
#define ASKED 9

/* How those operations are asked for that are not under way at the beginning. */
static const struct {
	uint8_t code;
	uint8_t what;
	uint8_t how;
} asking[] = {
	{WIRE_WATCH, LIBRARY_WATCH, 0},
	{WIRE_PERMIT, LIBRARY_PERMIT, PERMIT_CHANGE},
	{WIRE_REPLACE, LIBRARY_PERMIT, PERMIT_REPLACE},
	{WIRE_EXPLAIN, LIBRARY_PERMIT, PERMIT_EXPLAIN},
};

static void keep_answer(uint16_t code, int32_t status, const void *message, const char *name)
{
	bool is_asked = false;

	seed_begin(&seed, code == WIRE_HELLO ? 0 : LIBRARY_GREETS);
	for (size_t i = 0; i < ARRAY_SIZE(asking); i++)
		if (asking[i].code == code) {
			seed_step(&seed, asking[i].what, asking[i].how);
			is_asked = true;
		}
	answer_coded(0, code, status, message);
	if (is_asked)
		seed_step(&seed, LIBRARY_FINISH, ASKED);
	keep(name);
}

static void keep_operations(void)
{
	static const struct wire_refusal no = {.reason = "no"};
	static union any_message message;
	char name[96];

	for (uint16_t code = 1; code < WIRE_OPCODE_LIMIT; code++) {
		const struct wire_operation *operation = wire_operation(code, WIRE_VERSION_NEWEST);
		struct chance chance = {.state = code};

		if (!operation)
			continue;
		memset(&message, 0, sizeof(message));
		snprintf(name, sizeof(name), "answer-%s", operation->name);
		keep_answer(code, 0, &message, name);
		compose_message(&chance, operation->reply, &message);
		snprintf(name, sizeof(name), "composed-%s", operation->name);
		keep_answer(code, 0, &message, name);
		snprintf(name, sizeof(name), "refusal-%s", operation->name);
		keep_answer(code, -2, &no, name);
	}
}

/* The first three requests to open are for a segment to write, one to read, and a FIFO to read. */
static void answer_openings(unsigned how, int32_t status, const struct wire_open_reply *opened)
{
	for (unsigned i = 0; i < 4; i++)
		answer_coded(how, WIRE_OPEN, status, opened);
}

static void keep_descriptors(void)
{
	struct wire_open_reply memfd = {.hold = 1,
					.object = 1,
					.generation = 1,
					.size = 4096,
					.backing = WIRE_BACKING_MEMFD};
	struct wire_open_reply sysv = {.hold = 1,
				       .size = 4096,
				       .backing = WIRE_BACKING_SYSV,
				       .key = 0x1234};
	struct wire_open_reply fifo = {.hold = 1, .backing = WIRE_BACKING_FIFO, .path = "/f"};
	char name[64];

	for (unsigned i = 0; i < N_DESCRIPTORS; i++) {
		seed_begin(&seed, LIBRARY_GREETS | LIBRARY_POLLS);
		answer_openings(with(i), 0,
				i == DESCRIPTOR_PIPE_READ || i == DESCRIPTOR_PIPE_WRITE ? &fifo
											: &memfd);
		for (unsigned k = 0; k < 9; k++)
			seed_step(&seed, LIBRARY_FINISH, k);
		snprintf(name, sizeof(name), "descriptor-%u", i);
		keep(name);
	}
	seed_begin(&seed, LIBRARY_GREETS);
	answer_openings(with(DESCRIPTOR_MEMFD) | LIBRARY_THRICE, WIRE_OUTCOME_INITIALISE, &memfd);
	seed_step(&seed, LIBRARY_FINISH, 5);
	seed_step(&seed, LIBRARY_READY, 0);
	answer(0, READY, 0, empty);
	keep("initialise");
	seed_begin(&seed, LIBRARY_GREETS);
	answer_openings(0, 0, &sysv);
	seed_step(&seed, LIBRARY_FINISH, 5);
	keep("sysv");
}

static void keep_pages(void)
{
	struct wire_list_reply list = {.cursor = 1};
	struct wire_who_reply who = {.cursor = 0};

	for (unsigned i = 0; i < 2; i++) {
		(void)!wire_append(&list.entries, &wire_object_shape, WIRE_VERSION_NEWEST,
				   &(struct wire_object){.name = "a", .id = i});
		(void)!wire_append(&who.entries, &wire_holder_shape, WIRE_VERSION_NEWEST,
				   &(struct wire_holder){.name = "a", .member = i});
	}
	for (unsigned cut = 0; cut < 2; cut++) {
		seed_begin(&seed, LIBRARY_GREETS);
		list.entries.size = (uint16_t)(list.entries.size - cut);
		who.entries.size = (uint16_t)(who.entries.size - cut);
		answer_coded(0, WIRE_LIST, 0, &list);
		answer_coded(0, WIRE_WHO, 0, &who);
		keep(cut ? "pages-cut" : "pages");
	}
}

static void keep_raw(const char *name, const uint8_t *bytes, size_t size)
{
	seed_begin(&seed, LIBRARY_GREETS);
	seed_bytes(&seed, LIBRARY_RAW, 0, bytes, size);
	keep(name);
}

static void keep_malformed(void)
{
	static const uint8_t zeros[WIRE_PACKET_MAX + 1];
	uint8_t packet[WIRE_HEADER_SIZE + 4] = {1,    WIRE_ANSWER, 0, 0, 0,   0,    0,
						0,    20,          0, 0, 0,   0xff, 0xff,
						0xff, 0xff,        2, 0, 'n', 'o'};

	keep_raw("malformed-empty", zeros, 0);
	keep_raw("malformed-short", zeros, 8);
	keep_raw("malformed-oversize", zeros, sizeof(zeros));
	keep_raw("complaint", packet, sizeof(packet));
	packet[4] = 0xff;
	keep_raw("malformed-serial", packet, sizeof(packet));
	packet[1] = WIRE_REQUEST;
	keep_raw("malformed-type", packet, sizeof(packet));
	packet[1] = WIRE_EVENT;
	packet[2] = 0xff;
	keep_raw("event-unknown", packet, sizeof(packet));
	packet[2] = WIRE_EVENT_REMOVED;
	keep_raw("malformed-event", packet, sizeof(packet));
	packet[0] = 9;
	keep_raw("malformed-version", packet, sizeof(packet));
}

static void send_removed(uint64_t object)
{
	struct wire_header header = {WIRE_VERSION_NEWEST, WIRE_EVENT, WIRE_EVENT_REMOVED, 0, 0, 0};

	seed_packet(&seed, LIBRARY_EVENT, 0, &header, &wire_removed_event_shape,
		    &(struct wire_removed_event){.object = object, .ending = 1, .name = "a"});
}

static void send_ending(void)
{
	struct wire_header header = {WIRE_VERSION_NEWEST, WIRE_EVENT, WIRE_EVENT_ENDING, 0, 0, 0};

	seed_packet(&seed, LIBRARY_EVENT, 0, &header, &wire_empty_shape, NULL);
}

#define answer_hello(...) answer(0, HELLO, 0, hello_reply, .member = 7, .nonce = 9, __VA_ARGS__)

static void keep_returns(void)
{
	struct wire_open_reply memfd = {.hold = 1,
					.object = 1,
					.generation = 1,
					.size = 4096,
					.backing = WIRE_BACKING_MEMFD};
	static const char *const names[] = {"come-back", "come-back-without", "come-back-elsewhere",
					    "come-back-after-ending"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		seed_begin(&seed, LIBRARY_GREETS | LIBRARY_RECONNECTS | LIBRARY_POLLS);
		answer_coded(with(DESCRIPTOR_MEMFD), WIRE_OPEN, 0, &memfd);
		seed_step(&seed, LIBRARY_FINISH, 5);
		if (i == 3)
			send_ending();
		seed_step(&seed, LIBRARY_HANG_UP, 0);
		seed_step(&seed, LIBRARY_TIME, 10);
		seed_step(&seed, LIBRARY_ACCEPT, 0);
		answer_hello(.version = 1, .instance = {i == 2 ? 2 : 1});
		if (i == 0 || i == 3)
			answer(0, HOLD, 0, hold_reply, .hold = 2);
		else
			answer(0, HOLD, -2, refusal, .reason = "gone");
		answer(0, CONFIRM, 0, empty);
		send_removed(1);
		answer(0, STAT, 0, object, .name = "a");
		keep(names[i]);
	}
}

/* Refused on the way back, at HELLO or by a complaint or at HOLD, until it may. */
static void keep_returns_refused(void)
{
	static const struct wire_refusal full = {.reason = "uid 1 has 2 connections, its limit"};
	struct wire_open_reply memfd = {.hold = 1,
					.object = 1,
					.generation = 1,
					.size = 4096,
					.backing = WIRE_BACKING_MEMFD};
	struct wire_header complaint = {WIRE_VERSION_NEWEST, WIRE_ANSWER, 0, 0, 0, -122};
	static const char *const names[] = {"come-back-full", "come-back-complaint",
					    "come-back-hold-full"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		seed_begin(&seed, LIBRARY_GREETS | LIBRARY_RECONNECTS | LIBRARY_POLLS);
		answer_coded(with(DESCRIPTOR_MEMFD), WIRE_OPEN, 0, &memfd);
		seed_step(&seed, LIBRARY_FINISH, 5);
		seed_step(&seed, LIBRARY_HANG_UP, 0);
		for (unsigned k = 0; k < 3; k++) {
			seed_step(&seed, LIBRARY_TIME, 10);
			seed_step(&seed, LIBRARY_ACCEPT, 0);
			if (i == 1)
				seed_packet(&seed, LIBRARY_RAW, 0, &complaint, &wire_refusal_shape,
					    &full);
			else if (i == 2)
				answer_hello(.version = 1, .instance = {1});
			answer_coded(0, i == 2 ? WIRE_HOLD : WIRE_HELLO, -122, &full);
		}
		/* For some that is too long. */
		seed_step(&seed, LIBRARY_TIME, 12);
		seed_step(&seed, LIBRARY_FINISH, 0);
		seed_step(&seed, LIBRARY_ACCEPT, 0);
		answer_hello(.version = 1, .instance = {1});
		answer(0, HOLD, 0, hold_reply, .hold = 2);
		answer(0, CONFIRM, 0, empty);
		answer(0, STAT, 0, object, .name = "a");
		keep(names[i]);
	}
}

static void send_news(uint8_t missed, unsigned cut)
{
	struct wire_header header = {WIRE_VERSION_NEWEST, WIRE_EVENT, WIRE_EVENT_NEWS, 0, 0, 0};
	struct wire_news_event event = {.missed = missed};

	for (uint8_t kind = WIRE_NEWS_CREATED; kind <= WIRE_NEWS_REMOVED; kind++)
		(void)!wire_append(&event.entries, &wire_news_shape, WIRE_VERSION_NEWEST,
				   &(struct wire_news){.kind = kind, .pid = 1, .name = "a"});
	event.entries.size = (uint16_t)(event.entries.size - cut);
	seed_packet(&seed, LIBRARY_EVENT, 0, &header, &wire_news_event_shape, &event);
}

/* A watch that is begun, told of things, begun again after a return or refused then, and ended. */
static void keep_watches(void)
{
	static const char *const names[] = {"watch", "watch-refused", "watch-cut"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		seed_begin(&seed, LIBRARY_GREETS | LIBRARY_RECONNECTS | LIBRARY_STARTS_EMPTY);
		seed_step(&seed, LIBRARY_WATCH, 0);
		answer(0, WATCH, 0, empty);
		seed_step(&seed, LIBRARY_FINISH, 0);
		seed_step(&seed, LIBRARY_WATCH, 0);
		send_news(0, i == 2);
		seed_step(&seed, LIBRARY_HANG_UP, 0);
		seed_step(&seed, LIBRARY_TIME, 10);
		seed_step(&seed, LIBRARY_ACCEPT, 0);
		answer_hello(.version = 1, .instance = {1});
		if (i == 0)
			answer(0, WATCH, 0, empty);
		else
			answer(0, WATCH, -122, refusal, .reason = "too many");
		answer(0, CONFIRM, 0, empty);
		answer(0, WATCH, 0, empty);
		send_news(7, 0);
		seed_step(&seed, LIBRARY_CANCEL, 0);
		seed_step(&seed, LIBRARY_DETACH, 0);
		keep(names[i]);
	}
}

/* A watch that was begun and is refused at the return, before the program finishes its request. */
static void keep_watch_unfinished(void)
{
	seed_begin(&seed, LIBRARY_GREETS | LIBRARY_RECONNECTS | LIBRARY_STARTS_EMPTY);
	seed_step(&seed, LIBRARY_WATCH, 0);
	answer(0, WATCH, 0, empty);
	seed_step(&seed, LIBRARY_HANG_UP, 0);
	seed_step(&seed, LIBRARY_TIME, 10);
	seed_step(&seed, LIBRARY_ACCEPT, 0);
	answer_hello(.version = 1, .instance = {1});
	answer(0, WATCH, -122, refusal, .reason = "too many");
	answer(0, CONFIRM, 0, empty);
	keep("watch-lost-unfinished");
}

void seeds_of_client(void)
{
	keep_watches();
	keep_watch_unfinished();
	keep_operations();
	keep_descriptors();
	keep_pages();
	keep_malformed();
	keep_returns();
	keep_returns_refused();
	seed_begin(&seed, 0);
	answer_hello(.version = 9);
	keep("hello-version");
	seed_begin(&seed, LIBRARY_GREETS);
	send_removed(1);
	keep("removed");
	seed_begin(&seed, LIBRARY_GREETS | LIBRARY_LEAVES_FIRST);
	seed_step(&seed, LIBRARY_TIME, 13);
	seed_step(&seed, LIBRARY_CANCEL, 1);
	seed_step(&seed, LIBRARY_SUBMIT, 3);
	keep("too-late");
}
