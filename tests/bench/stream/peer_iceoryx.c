/*
 * iceoryx (packages iceoryx and libiceoryx-binding-c-dev): filled and read in place, with a
 * publisher that waits for its subscriber, asked again and again without sleeping. Each process has
 * a runtime of its own, with threads; what it would remove at its end is removed here, since it is
 * killed. The daemon is on the producer's core.
 */
#include <grp.h>
#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/subscriber.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "stream/transport.h"

#define ROOM  ((size_t)1 << 20)
#define MOST  256u /* chunks that a subscriber's queue can have */
#define LEAST 16u

struct peer {
	unsigned route;
	uint64_t capacity;
	int owner; /* the process that has made it */
};

struct side {
	iox_pub_storage_t publisher_storage;
	iox_sub_storage_t subscriber_storage;
	iox_pub_t publisher;
	iox_sub_t subscriber;
};

/* One daemon for all routes that there are at a time. */
static struct server routing;
static unsigned users;

/* As Debian sets it up, but silent. */
static void *prepare(const struct cargo *cargo, const struct server *broker attr_unused)
{
	char *arguments[] = {(char *)BENCH_ICEORYX, (char *)"-l", (char *)"error", NULL};
	static unsigned n;
	struct peer *peer = calloc(1, sizeof(*peer));
	size_t capacity = ROOM / cargo->size;

	if (!peer)
		bench_fail("no memory");
	peer->route = n++;
	peer->capacity = capacity > MOST ? MOST : capacity < LEAST ? LEAST : capacity;
	peer->owner = (int)getpid();
	if (users++ == 0)
		server_start_program(&routing, arguments, cargo->daemon_core);
	return peer;
}

/* The runtime of who opens this side of the route first. */
static void name_runtime(const struct peer *peer, bool sends, char name[static 64])
{
	snprintf(name, 64, "shmbroker-bench-%d-%u-%u", peer->owner, peer->route, sends);
}

/* The daemon leaves its memory when a process that used it was killed. */
static void remove_shared(void)
{
	const struct group *group = getgrgid(getegid());

	(void)shm_unlink("/iceoryx_mgmt");
	if (group)
		(void)shm_unlink(group->gr_name);
}

static void dispose(void *prepared)
{
	struct peer *peer = prepared;
	char name[64], path[96];

	if (--users == 0) {
		server_end(&routing);
		remove_shared();
	}
	for (unsigned sends = 0; sends < 2; sends++) {
		name_runtime(peer, sends, name);
		snprintf(path, sizeof(path), "/tmp/%s", name);
		(void)unlink(path);
		snprintf(path, sizeof(path), "/tmp/%s.lock", name);
		(void)unlink(path);
	}
	free(peer);
}

static void publish_in(struct side *side, const char *event)
{
	iox_pub_options_t options;

	iox_pub_options_init(&options);
	options.nodeName = "bench";
	options.subscriberTooSlowPolicy = ConsumerTooSlowPolicy_WAIT_FOR_CONSUMER;
	side->publisher =
		iox_pub_init(&side->publisher_storage, "shmbroker", "bench", event, &options);
}

static void subscribe_in(struct side *side, const char *event, uint64_t capacity)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	iox_sub_options_t options;

	iox_sub_options_init(&options);
	options.nodeName = "bench";
	options.queueCapacity = capacity;
	options.queueFullPolicy = QueueFullPolicy_BLOCK_PRODUCER;
	side->subscriber =
		iox_sub_init(&side->subscriber_storage, "shmbroker", "bench", event, &options);
	while (iox_sub_get_subscription_state(side->subscriber) != SubscribeState_SUBSCRIBED)
		(void)nanosleep(&pause, NULL);
}

static void *open_side(void *prepared, bool sends, unsigned which attr_unused)
{
	static bool has_runtime;
	const struct peer *peer = prepared;
	struct side *side = calloc(1, sizeof(*side));
	char name[64], event[32];

	if (!side)
		bench_fail("no memory");
	if (!has_runtime) {
		iox_set_loglevel(Iceoryx_LogLevel_Off);
		name_runtime(peer, sends, name);
		iox_runtime_init(name);
		has_runtime = true;
	}
	snprintf(event, sizeof(event), "route-%u", peer->route);
	if (sends)
		publish_in(side, event);
	else
		subscribe_in(side, event, peer->capacity);
	return side;
}

static void send(void *opened, struct cargo *cargo, uint64_t n)
{
	const struct side *side = opened;

	for (; n > 0; n--) {
		void *chunk = NULL;

		while (iox_pub_loan_chunk(side->publisher, &chunk, (uint32_t)cargo->size) !=
		       AllocationResult_SUCCESS)
			cargo_idle(cargo, false);
		cargo_fill(cargo, chunk);
		iox_pub_publish_chunk(side->publisher, chunk);
	}
}

static void take(void *opened, struct cargo *cargo, uint64_t n)
{
	const struct side *side = opened;

	for (; n > 0; n--) {
		const void *chunk = NULL;

		while (iox_sub_take_chunk(side->subscriber, &chunk) != ChunkReceiveResult_SUCCESS)
			cargo_idle(cargo, false);
		cargo_check(cargo, chunk);
		iox_sub_release_chunk(side->subscriber, chunk);
	}
}

const struct transport transport_iceoryx = {
	.name = "iceoryx",
	.prepare = prepare,
	.open = open_side,
	.dispose = dispose,
	.send = send,
	.take = take,
};
