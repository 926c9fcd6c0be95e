/*
 * Seeds of fuzz_broker: each operation; the ways in which a packet can be no request; each refusal;
 * and the stories of docs/ARCHITECTURE.md, from an initialiser that leaves to a broker that ends.
 */
#include <stdio.h>
#include <string.h>

#include "broker_steps.h"
#include "compose.h"
#include "host.h"
#include "seeds.h"
#include "wire/vocabulary.h"

static struct seed seed;

static const struct wire_open_request usual_opening = {
	.kind = WIRE_KIND_SEGMENT,
	.access = WIRE_ACCESS_BOTH,
	.mode = 0600,
	.lifetime = WIRE_LIFETIME_KEEP,
	.size = 4096,
	.flags = WIRE_OPEN_CREATE,
	.name = "a",
	.backing = WIRE_BACKING_MEMFD,
	.wait_ms = 1000,
};

static void ask_coded(unsigned how, uint16_t code, const void *message)
{
	const struct wire_operation *operation = wire_operation(code, WIRE_VERSION_NEWEST);
	struct wire_header header = {WIRE_VERSION_NEWEST, WIRE_REQUEST, code, 1, 0, 0};

	seed_packet(&seed, BROKER_REQUEST, how, &header, operation->request, message);
}

#define ask(how, OPCODE, name, ...)                                                                \
	ask_coded(how, WIRE_##OPCODE, &(struct wire_##name##_request){__VA_ARGS__})

/* What most of them ask for; CHANGES are assignments to what `open` points to. */
#define ask_open(how, changes)                                                                     \
	do {                                                                                       \
		struct wire_open_request usual_ = usual_opening, *open = &usual_;                  \
		changes;                                                                           \
		ask_coded(how, WIRE_OPEN, open);                                                   \
	} while (0)

#define ask_ready(how) ask(how, READY, ready, .hold = COMPOSE_TOKEN, .generation = COMPOSE_TOKEN)

static void ask_empty(unsigned how, uint16_t code)
{
	ask_coded(how, code, &(struct wire_empty){});
}

/* The same for a step on a broker that has a segment "a". */
static void begin_with_a(unsigned settings)
{
	seed_begin(&seed, (uint8_t)settings);
	ask_open(0, strcpy(open->layout, "v1"));
	ask_ready(0);
}

static void keep(const char *name)
{
	seed_keep(&seed, "broker", name);
}

static void keep_operations(void)
{
	static union any_message message;

	for (unsigned code = 1; code < WIRE_OPCODE_LIMIT; code++) {
		const struct wire_operation *operation = wire_operation(code, WIRE_VERSION_NEWEST);
		struct chance chance = {.state = code};
		char name[96];

		if (!operation)
			continue;
		begin_with_a(0);
		memset(&message, 0, sizeof(message));
		ask_coded(0, (uint16_t)code, &message);
		compose_message(&chance, operation->request, &message);
		ask_coded(1, (uint16_t)code, &message);
		snprintf(name, sizeof(name), "operation-%s", operation->name);
		seed_keep(&seed, "broker", name);
	}
}

static void keep_raw(const char *name, const void *bytes, size_t size)
{
	seed_begin(&seed, 0);
	ask_empty(0, WIRE_STATUS);
	seed_bytes(&seed, BROKER_RAW, 0, bytes, size);
	ask_empty(0, WIRE_STATUS);
	keep(name);
}

static void keep_malformed(void)
{
	static const uint8_t zeros[WIRE_PACKET_MAX + 1];
	uint8_t good[WIRE_HEADER_SIZE] = {1, WIRE_REQUEST, WIRE_STATUS, 0, 1, 0, 0, 0, 16};

	keep_raw("malformed-empty", zeros, 0);
	keep_raw("malformed-short", good, 8);
	keep_raw("malformed-zeros", zeros, 64);
	keep_raw("malformed-oversize", zeros, sizeof(zeros));
	keep_raw("malformed-none", good, sizeof(good));
	good[1] = WIRE_ANSWER;
	keep_raw("malformed-answer", good, sizeof(good));
	good[1] = WIRE_REQUEST;
	good[8] = 17;
	keep_raw("malformed-length", good, sizeof(good));
	good[8] = 16;
	good[0] = 2;
	keep_raw("malformed-version", good, sizeof(good));
	good[0] = 1;
	good[2] = 0xff;
	keep_raw("malformed-operation", good, sizeof(good));
	good[2] = WIRE_STAT;
	keep_raw("malformed-body", good, sizeof(good));

	seed_begin(&seed, 0);
	ask_empty(BROKER_NO_SERIAL, WIRE_STATUS);
	keep("malformed-no-serial");
	seed_begin(&seed, 0);
	ask_empty(BROKER_NO_HELLO, WIRE_STATUS);
	keep("malformed-no-hello");
	seed_begin(&seed, 0);
	ask(0, HELLO, hello, .version_min = 1, .version_max = 1);
	ask(0, HELLO, hello, .version_min = 1, .version_max = 1);
	keep("malformed-hello-twice");
}

#define keep_open(what, how, changes)                                                              \
	do {                                                                                       \
		begin_with_a(0);                                                                   \
		ask_open(how, changes);                                                            \
		keep("open-" what);                                                                \
	} while (0)

/* Every way in which OPEN is refused, of an object that is new or there already. */
static void keep_openings(void)
{

	keep_open("bad-name", 0, strcpy(open->name, "a//b"));
	keep_open("bad-layout", 0, strcpy(open->layout, "\x01"));
	keep_open("bad-kind", 0, open->kind = 3);
	keep_open("bad-flags", 0, open->flags = 8);
	keep_open("bad-access", 0, open->access = WIRE_ACCESS_WRITE);
	keep_open("bad-lifetime", 0, strcpy(open->name, "b"); open->lifetime = 4);
	keep_open("bad-backing", 0, strcpy(open->name, "b"); open->backing = 3);
	keep_open("bad-mode", 0, strcpy(open->name, "b"); open->mode = 0777);
	keep_open("bad-size", 0, strcpy(open->name, "b"); open->size = 0);
	keep_open("too-large", 0, strcpy(open->name, "b"); open->size = (UINT64_C(1) << 47) + 1);
	keep_open("read-only", 0, strcpy(open->name, "b"); open->access = WIRE_ACCESS_READ);
	keep_open("bad-fifo-access", 0, open->kind = WIRE_KIND_FIFO; open->size = 0);
	keep_open("bad-fifo-size", 0, open->kind = WIRE_KIND_FIFO; open->access = WIRE_ACCESS_READ);
	keep_open("missing", 0, strcpy(open->name, "b"); open->flags = 0);
	keep_open("exclusive", 0, open->flags = WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE);
	keep_open("of-another", 1, open->flags = 0);
	keep_open("other-kind", 0, open->kind = WIRE_KIND_FIFO; open->access = WIRE_ACCESS_READ;
		  open->size = 0);
	keep_open("other-layout", 0, strcpy(open->layout, "v2"));
	keep_open("larger", 0, open->size = 4097);
	keep_open("key", 0, open->flags = WIRE_OPEN_KEY);
	keep_open("sysv-for-one", 1, strcpy(open->name, "b"); open->backing = WIRE_BACKING_SYSV);
	keep_open("sysv-no-room", 1, strcpy(open->name, "b"); open->backing = WIRE_BACKING_SYSV;
		  open->mode = 0666; open->size = UINT64_C(1) << 40);
	keep_open("auto-no-room", 1, strcpy(open->name, "b"); open->backing = WIRE_BACKING_AUTO;
		  open->mode = 0666; open->size = UINT64_C(1) << 40);
	keep_open("auto", 1, strcpy(open->name, "b"); open->backing = WIRE_BACKING_AUTO;
		  open->mode = 0660);
}

/* Refusals of the other operations. */
static void keep_refusals(void)
{
	seed_begin(&seed, HOST_PIDFD_BY_PID);
	ask(0, CONFIRM, confirm, .nonce = COMPOSE_TOKEN);
	ask(0, CONFIRM, confirm, .nonce = 1);
	keep("confirm");
	seed_begin(&seed, 0);
	ask(0, HELLO, hello, .version_min = 2, .version_max = 1);
	ask(1, HELLO, hello, .version_min = 1, .version_max = 1, .instance = {1});
	keep("hello-refused");
	seed_begin(&seed, HOST_PER_USER);
	ask(1, HELLO, hello, .version_min = 1, .version_max = 1);
	keep("hello-per-user");
	begin_with_a(0);
	ask_ready(0);
	ask_ready(1);
	ask(0, READY, ready, .hold = COMPOSE_TOKEN, .generation = 9);
	ask(0, REMOVE, remove, .name = "a");
	ask_ready(0);
	keep("ready-refused");
	begin_with_a(0);
	ask(1, REMOVE, remove, .name = "a");
	ask(1, REMOVE, remove, .name = "b");
	ask(1, REMOVE, remove, .name = "..");
	ask(1, STAT, stat, .name = "a");
	ask(1, STAT, stat, .name = "b");
	ask(1, STAT, stat, .name = "..");
	ask(1, WHO, who, .name = "a");
	keep("questions-refused");
	begin_with_a(0);
	ask(0, HOLD, hold, .object = 99);
	ask(0, HOLD, hold, .object = COMPOSE_TOKEN, .generation = 9);
	ask(1, HOLD, hold, .object = COMPOSE_TOKEN, .generation = COMPOSE_TOKEN, .access = 3);
	ask(0, HOLD, hold, .object = COMPOSE_TOKEN, .generation = COMPOSE_TOKEN, .access = 1);
	keep("hold-refused");
}

static void keep_initialisations(void)
{
	seed_begin(&seed, 0);
	ask_open(0, open->mode = 0666);
	ask_open(1, open->flags = 0);
	ask(1, WHO, who, .name = "a");
	ask_ready(0);
	seed_step(&seed, BROKER_READ, 1);
	keep("wait-until-ready");
	seed_begin(&seed, 0);
	ask_open(0, open->mode = 0666);
	ask_open(1, open->flags = 0);
	seed_step(&seed, BROKER_HANG_UP, 0);
	seed_step(&seed, BROKER_TURN, 0);
	seed_step(&seed, BROKER_READ, 1);
	ask_ready(1);
	keep("initialiser-leaves");
	seed_begin(&seed, 0);
	ask_open(0, open->mode = 0666);
	ask_open(1, open->flags = 0);
	seed_step(&seed, BROKER_TIME, 11);
	seed_step(&seed, BROKER_READ, 1);
	keep("wait-too-long");
	seed_begin(&seed, 0);
	ask_open(0, open->mode = 0666);
	ask_open(1, open->flags = 0);
	ask_open(2, (void)open);
	ask(0, REMOVE, remove, .name = "a");
	seed_step(&seed, BROKER_TURN, 0);
	keep("removed-while-others-wait");
	seed_begin(&seed, HOST_SHUTS_DOWN);
	ask_open(0, open->mode = 0666; open->backing = WIRE_BACKING_SYSV;
		 strcpy(open->name, "kept"));
	ask_open(0, open->mode = 0666);
	ask_open(1, open->flags = 0);
	keep("shutdown-while-others-wait");
}

static void keep_lifetimes(void)
{
	seed_begin(&seed, 0);
	ask_open(0, open->lifetime = WIRE_LIFETIME_USED; open->linger_ms = 1000);
	ask(BROKER_NO_SERIAL, RELEASE, release, .hold = COMPOSE_TOKEN);
	seed_step(&seed, BROKER_TIME, 9);
	ask_open(0, open->flags = 0);
	ask(0, RELEASE, release, .hold = COMPOSE_TOKEN);
	seed_step(&seed, BROKER_TIME, 11);
	ask(0, STAT, stat, .name = "a");
	keep("lifetime-used");
	seed_begin(&seed, 0);
	ask_open(0, open->lifetime = WIRE_LIFETIME_OWNER; open->mode = 0666);
	ask_ready(0);
	ask_open(1, open->flags = 0);
	ask_empty(0, WIRE_GOODBYE);
	seed_step(&seed, BROKER_READ, 1);
	keep("lifetime-owner");
	seed_begin(&seed, HOST_LONG_GRACE);
	ask_open(0, open->lifetime = WIRE_LIFETIME_OWNER);
	seed_step(&seed, BROKER_HANG_UP, 0);
	seed_step(&seed, BROKER_TIME, 14);
	keep("away-too-long");
}

static void keep_returns(void)
{
	for (unsigned hangs_up = 0; hangs_up < 2; hangs_up++) {
		begin_with_a(HOST_LONG_GRACE);
		if (hangs_up)
			seed_step(&seed, BROKER_HANG_UP, 0);
		/* From a socket of the same user, which is a member by its secret alone. */
		seed_step(&seed, BROKER_CONNECT, hangs_up ? 0 : 3);
		ask(hangs_up ? 0 : 3, HELLO, hello, .version_min = 1, .version_max = 1,
		    .member = COMPOSE_TOKEN,
		    .secret = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
			       255, 255},
		    .instance = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
				 255, 255, 255});
		ask(hangs_up ? 0 : 3, HOLD, hold, .object = COMPOSE_TOKEN,
		    .generation = COMPOSE_TOKEN, .hold = COMPOSE_TOKEN, .access = WIRE_ACCESS_BOTH);
		ask(hangs_up ? 0 : 3, CONFIRM, confirm, .nonce = COMPOSE_TOKEN);
		keep(hangs_up ? "come-back" : "come-back-as-another");
	}
}

static void keep_backings(void)
{
	begin_with_a(0);
	ask_open(1, strcpy(open->name, "shared"); open->mode = 0644);
	ask_ready(1);
	ask_open(2, strcpy(open->name, "shared"); open->flags = 0; open->access = WIRE_ACCESS_READ;
		 open->size = 0);
	keep("memfd-read-only");
	seed_begin(&seed, HOST_GROUP_EMPTY);
	ask_open(0, open->backing = WIRE_BACKING_SYSV; open->mode = 0666;
		 open->flags = WIRE_OPEN_CREATE | WIRE_OPEN_KEY);
	ask_ready(0);
	ask_open(1, open->flags = 0);
	ask(1, STAT, stat, .name = "a");
	seed_step(&seed, BROKER_MISHAP, MISHAP_SEGMENT_REMOVED);
	ask_open(1, open->flags = 0);
	keep("sysv-lost");
	seed_begin(&seed, 0);
	ask_open(0, open->backing = WIRE_BACKING_SYSV; open->mode = 0666;
		 open->lifetime = WIRE_LIFETIME_USED);
	seed_step(&seed, BROKER_MISHAP, MISHAP_SEGMENT_ATTACHED);
	ask(0, RELEASE, release, .hold = COMPOSE_TOKEN);
	for (unsigned i = 0; i < 8; i++)
		seed_step(&seed, BROKER_TIME, 8 + i);
	seed_step(&seed, BROKER_MISHAP, MISHAP_SEGMENT_DETACHED);
	seed_step(&seed, BROKER_TIME, 14);
	keep("sysv-attached-by-others");
	seed_begin(&seed, HOST_IDLES);
	for (unsigned i = 0; i < 10; i++)
		ask_open(0, open->backing = i ? WIRE_BACKING_AUTO : WIRE_BACKING_SYSV;
			 open->mode = 0666; open->name[0] = (char)('a' + i);
			 open->flags |= i < 8 ? WIRE_OPEN_KEY : 0);
	ask_open(0, open->backing = WIRE_BACKING_SYSV; open->mode = 0666; strcpy(open->name, "z"));
	keep("sysv-many");
	for (unsigned mishap = MISHAP_FILE; mishap <= MISHAP_FIFO; mishap++) {
		seed_begin(&seed, 0);
		seed_step(&seed, BROKER_MISHAP, mishap);
		ask(0, OPEN, open, .kind = WIRE_KIND_FIFO, .access = WIRE_ACCESS_READ, .mode = 0622,
		    .lifetime = WIRE_LIFETIME_KEEP, .flags = WIRE_OPEN_CREATE, .name = "c");
		keep(mishap == MISHAP_FILE ? "fifo-behind-file" : "fifo-left-over");
	}
	seed_begin(&seed, 0);
	ask(0, OPEN, open, .kind = WIRE_KIND_FIFO, .access = WIRE_ACCESS_WRITE, .mode = 0622,
	    .lifetime = WIRE_LIFETIME_KEEP, .flags = WIRE_OPEN_CREATE, .name = "f/g");
	ask(0, OPEN, open, .kind = WIRE_KIND_FIFO, .access = WIRE_ACCESS_READ, .name = "f/g");
	ask(1, OPEN, open, .kind = WIRE_KIND_FIFO, .access = WIRE_ACCESS_WRITE, .name = "f/g");
	ask(1, OPEN, open, .kind = WIRE_KIND_FIFO, .access = WIRE_ACCESS_READ, .name = "f/g");
	ask(0, LIST, list, .prefix = "f");
	keep("fifo");
}

static void keep_pressure(void)
{
	begin_with_a(0);
	for (unsigned left = 0; left < 4; left++) {
		seed_step(&seed, BROKER_SCARCITY, left);
		ask_open(0, strcpy(open->name, "b"); open->access = WIRE_ACCESS_BOTH);
		ask_open(0, open->flags = 0; open->access = WIRE_ACCESS_READ; open->size = 0);
		seed_step(&seed, BROKER_CONNECT, 1);
		seed_step(&seed, BROKER_SCARCITY, BROKER_ENOUGH);
		seed_step(&seed, BROKER_TIME, 7);
	}
	keep("few-descriptors");
	begin_with_a(0);
	for (unsigned i = 0; i < 16; i++) {
		struct wire_open_request open = {.kind = WIRE_KIND_SEGMENT,
						 .access = WIRE_ACCESS_BOTH,
						 .mode = 0600,
						 .size = 1,
						 .lifetime = WIRE_LIFETIME_KEEP,
						 .flags = WIRE_OPEN_CREATE,
						 .backing = WIRE_BACKING_MEMFD};

		snprintf(open.name, sizeof(open.name), "%0190u", i);
		ask_coded(2, WIRE_OPEN, &open);
	}
	for (unsigned i = 0; i < 8; i++)
		ask(2 | BROKER_NO_READ, LIST, list, .cursor = i);
	ask(2 | BROKER_NO_READ, WHO, who, .cursor = 0);
	ask(0, LIST, list, .cursor = 0);
	ask(0, WHO, who, .cursor = 0);
	seed_step(&seed, BROKER_READ, 2);
	seed_step(&seed, BROKER_TURN, 2);
	seed_step(&seed, BROKER_READ, 2);
	keep("slow-reader");
	seed_begin(&seed, 0);
	ask_open(0, open->mode = 0666);
	for (unsigned i = 0; i < 65; i++)
		ask_open(1, open->flags = 0);
	ask(0, WHO, who, .name = "a");
	ask(0, WHO, who, .cursor = (UINT64_C(1) << 63) | 40);
	ask_ready(0);
	keep("many-wait");
	seed_begin(&seed, HOST_IDLES);
	seed_step(&seed, BROKER_CONNECT, 0);
	seed_step(&seed, BROKER_TIME, 11);
	seed_step(&seed, BROKER_TIME, 11);
	keep("silent");
}

/* A doorbell: made, brought again, for one who may only read, for a FIFO, and of what is gone. */
static void keep_doorbells(void)
{
	begin_with_a(0);
	ask(0, DOORBELL, doorbell, .hold = COMPOSE_TOKEN);
	ask(0, DOORBELL, doorbell, .hold = COMPOSE_TOKEN, .wait_ms = 1000);
	ask(0, REMOVE, remove, .name = "a");
	ask(0, DOORBELL, doorbell, .hold = COMPOSE_TOKEN);
	keep("doorbell");
	seed_begin(&seed, 0);
	ask_open(0, open->mode = 0644);
	ask_ready(0);
	ask_open(1, open->flags = 0; open->access = WIRE_ACCESS_READ; open->size = 0);
	ask(1, DOORBELL, doorbell, .hold = COMPOSE_TOKEN);
	ask(0, OPEN, open, .kind = WIRE_KIND_FIFO, .access = WIRE_ACCESS_READ, .mode = 0600,
	    .lifetime = WIRE_LIFETIME_KEEP, .flags = WIRE_OPEN_CREATE, .name = "f");
	ask(0, DOORBELL, doorbell, .hold = COMPOSE_TOKEN);
	keep("doorbell-read-only");
}

/* Descriptors that a client does not read: of what it asked for itself, and of what waited for
 * another, until it reads, or until it is dropped. */
static void keep_roomless(void)
{
	for (unsigned reads = 0; reads < 2; reads++) {
		seed_begin(&seed, 0);
		ask_open(0, open->mode = 0666);
		for (unsigned i = 0; i < 12; i++)
			ask_open(1 | BROKER_NO_READ, open->flags = 0; open->wait_ms = 5000);
		ask_ready(0);
		for (unsigned i = 0; i < 12; i++)
			ask_open(2 | BROKER_NO_READ, open->flags = 0; open->wait_ms = 5000);
		for (unsigned i = 0; i < 10; i++) {
			seed_step(&seed, BROKER_TIME, 8);
			if (reads) {
				seed_step(&seed, BROKER_READ, 1);
				seed_step(&seed, BROKER_READ, 2);
			}
		}
		keep(reads ? "unread-for-a-while" : "unread-for-ever");
	}
}

/* An opener that waits is not let in any more when its turn comes. */
static void keep_late_denial(void)
{
	seed_begin(&seed, 0);
	ask_open(0, open->mode = 0666);
	ask_open(1, open->flags = 0);
	ask(0, PERMIT, permit, .change = WIRE_CHANGE_MODE, .mode = 0600, .name = "a");
	ask_ready(0);
	keep("late-denial");
}

/* A denial whose names nobody has checked. */
static void keep_unclean_denial(void)
{
	seed_begin(&seed, HOST_PER_USER);
	ask(1, HELLO, hello, .version_min = 1, .version_max = 1, .program = "a\nPRIORITY=0");
	keep("unclean-program");
	seed_begin(&seed, 0);
	ask(1, EXPLAIN, explain, .deed = WIRE_DEED_READ, .name = "a\n\x1b\xff");
	keep("unclean-name");
}

/* Watches that are begun, changed and ended; news for a client that reads and for one that does
 * not; a watcher that goes in the midst of what it watches. */
static void keep_watches(void)
{
	seed_begin(&seed, 0);
	ask(0, WATCH, watch, .watch = 1, .prefix = "");
	ask(1, WATCH, watch, .watch = 1, .prefix = "a");
	ask(1, WATCH, watch, .watch = 1, .prefix = "b");
	ask(1, WATCH, watch, .watch = 2, .prefix = "a//b");
	ask_open(2, open->mode = 0666);
	ask_ready(2);
	ask(2, PERMIT, permit, .change = WIRE_CHANGE_MODE, .mode = 0600, .name = "a");
	seed_step(&seed, BROKER_TIME, 5);
	ask(0, UNWATCH, unwatch, .watch = 1);
	ask(0, UNWATCH, unwatch, .watch = 1);
	ask(2, REMOVE, remove, .name = "a");
	keep("watch");
	seed_begin(&seed, 0);
	ask(0 | BROKER_NO_READ, WATCH, watch, .watch = 1, .prefix = "");
	for (unsigned i = 0; i < 60; i++) {
		ask_open(2, open->mode = 0666; open->lifetime = WIRE_LIFETIME_USED);
		ask(2, REMOVE, remove, .name = "a");
		seed_step(&seed, BROKER_TIME, 4);
	}
	seed_step(&seed, BROKER_READ, 0);
	seed_step(&seed, BROKER_TURN, 0);
	seed_step(&seed, BROKER_READ, 0);
	keep("watch-unread");
	seed_begin(&seed, 0);
	ask(0, WATCH, watch, .watch = 1, .prefix = "a");
	ask_open(0, open->lifetime = WIRE_LIFETIME_OWNER);
	seed_step(&seed, BROKER_HANG_UP, 0);
	seed_step(&seed, BROKER_TIME, 14);
	keep("watcher-leaves");
}

void seeds_of_broker(void)
{
	keep_late_denial();
	keep_unclean_denial();
	keep_doorbells();
	keep_roomless();
	keep_watches();
	keep_operations();
	keep_malformed();
	keep_openings();
	keep_refusals();
	keep_initialisations();
	keep_lifetimes();
	keep_returns();
	keep_backings();
	keep_pressure();
}
