/*
 * A state of shmbroker's with a single writer. What both begin with is its name; each process has a
 * connection of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <shmbroker/shmbroker.h>
#include <shmbroker/state.h>

#include "base/payload.h"
#include "state/design.h"
#include "state/ours.h"
#include "state/wake.h"

struct named {
	char name[32];
	const char *socket;
	struct shmb_state_options options;
};

struct ours {
	struct shmb_connection *connection;
	struct shmb_state *state;
};

static void give_up(const char *what)
{
	bench_fail("%s: %s", what, shmb_last_error());
}

static struct named *name(size_t size, unsigned slots, const struct server *broker)
{
	static unsigned n;
	struct named *named = calloc(1, sizeof(*named));

	if (!named)
		bench_fail("no memory");
	snprintf(named->name, sizeof(named->name), "state/%u", n++);
	named->socket = broker->socket;
	named->options = (struct shmb_state_options){
		.segment.flags = SHMB_CREATE,
		.value_size = size,
		.slots = slots,
		.single_writer = true,
	};
	return named;
}

static void *prepare(const struct traffic *traffic, const struct server *broker)
{
	return name(traffic->size, traffic->slots, broker);
}

static void *open_state(void *prepared, bool writes)
{
	const struct named *named = prepared;
	const struct shmb_connect_options options = {.socket = named->socket};
	struct shmb_state_options asked = named->options;
	struct ours *ours = calloc(1, sizeof(*ours));

	asked.writes = writes;
	if (!ours || shmb_connect(&options, &ours->connection) < 0 ||
	    shmb_state_open(ours->connection, named->name, &asked, &ours->state) < 0)
		give_up(named->name);
	return ours;
}

static void close_state(void *opened)
{
	struct ours *ours = opened;

	shmb_state_close(ours->state);
	shmb_disconnect(ours->connection);
	free(ours);
}

static void publish(void *state, const void *value, size_t size)
{
	if (shmb_state_publish(state, value, size, SHMB_AT_ONCE, NULL) < 0)
		give_up("publishing");
}

static bool read_value(void *state, void *value, size_t size)
{
	uint64_t version;
	int r = shmb_state_read(state, value, size, &version, &size);

	if (r != 0 && r != -EAGAIN)
		give_up("reading");
	return r == 0;
}

static void write_all(void *opened, struct traffic *traffic)
{
	design_write(((struct ours *)opened)->state, traffic, publish);
}

static uint64_t read_all(void *opened, struct traffic *traffic, uint64_t reads)
{
	return design_read(((struct ours *)opened)->state, traffic, reads, read_value);
}

uint64_t ours_count_overtaken(void *opened, struct traffic *traffic, uint64_t reads)
{
	const struct shmb_state *state = ((struct ours *)opened)->state;
	uint64_t overtaken = 0;

	for (uint64_t i = 0; i < reads; i++) {
		struct shmb_state_view view;

		if (shmb_state_look(state, &view) != 0)
			give_up("looking");
		payload_read(traffic->value, view.value, view.size);
		overtaken += !shmb_state_view_is_valid(state, &view);
	}
	return overtaken;
}

const struct design design_ours = {
	.name = "ours",
	.prepare = prepare,
	.open = open_state,
	.close = close_state,
	.dispose = free,
	.write = write_all,
	.read = read_all,
};

static void *prepare_time(const struct server *broker, int core attr_unused)
{
	return name(sizeof(uint64_t), 0, broker);
}

static void publish_time(void *opened, uint64_t time)
{
	publish(((struct ours *)opened)->state, &time, sizeof(time));
}

static uint64_t await_time(void *opened, uint64_t before)
{
	const struct shmb_state *state = ((struct ours *)opened)->state;
	uint64_t time = before, version = 0;

	do {
		int r = shmb_state_read(state, &time, sizeof(time), &version, NULL);

		if (r < 0 ||
		    (time == before && shmb_state_wait(state, version, SHMB_NO_DEADLINE, NULL) < 0))
			give_up("waiting");
	} while (time == before);
	return time;
}

const struct waking waking_ours = {
	.name = "ours",
	.prepare = prepare_time,
	.open = open_state,
	.dispose = free,
	.publish = publish_time,
	.await = await_time,
};
