/*
 * iceoryx (packages iceoryx and libiceoryx-binding-c-dev): a publisher, and a subscriber that waits
 * with a WaitSet. Its daemon is on the reader's core.
 *
 * Each process has a runtime of its own, with threads; what it would remove at its end is removed
 * here, since it is killed.
 */
#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/subscriber.h>
#include <iceoryx_binding_c/wait_set.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "state/design.h"
#include "state/wake.h"

#define SIDES 2

struct peer {
	struct server daemon;
	char names[SIDES][32]; /* of the two processes */
};

/* Of one process. */
struct side {
	iox_pub_storage_t publisher_storage;
	iox_sub_storage_t subscriber_storage;
	iox_ws_storage_t wait_set_storage;
	iox_pub_t publisher;
	iox_sub_t subscriber;
	iox_ws_t wait_set;
};

/* As Debian sets it up, but silent. */
static void *prepare(const struct server *broker attr_unused, int core)
{
	char *arguments[] = {(char *)BENCH_ICEORYX, (char *)"-l", (char *)"error", NULL};
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		bench_fail("no memory");
	for (unsigned i = 0; i < SIDES; i++)
		snprintf(peer->names[i], sizeof(peer->names[i]), "shmbroker-bench-%d-%u",
			 (int)getpid(), i);
	server_start_program(&peer->daemon, arguments, core);
	return peer;
}

static void dispose(void *prepared)
{
	struct peer *peer = prepared;
	char path[64];

	server_end(&peer->daemon);
	for (unsigned i = 0; i < SIDES; i++) {
		snprintf(path, sizeof(path), "/tmp/%s", peer->names[i]);
		(void)unlink(path);
		snprintf(path, sizeof(path), "/tmp/%s.lock", peer->names[i]);
		(void)unlink(path);
	}
	free(peer);
}

static void publish_in(struct side *side)
{
	iox_pub_options_t options;

	iox_pub_options_init(&options);
	options.nodeName = "bench";
	side->publisher =
		iox_pub_init(&side->publisher_storage, "shmbroker", "bench", "time", &options);
}

static void subscribe_in(struct side *side)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	iox_sub_options_t options;

	iox_sub_options_init(&options);
	options.nodeName = "bench";
	side->subscriber =
		iox_sub_init(&side->subscriber_storage, "shmbroker", "bench", "time", &options);
	side->wait_set = iox_ws_init(&side->wait_set_storage);
	if (iox_ws_attach_subscriber_event(side->wait_set, side->subscriber,
					   SubscriberEvent_DATA_RECEIVED, 0,
					   NULL) != WaitSetResult_SUCCESS)
		bench_fail("iceoryx: a subscriber cannot be waited for");
	while (iox_sub_get_subscription_state(side->subscriber) != SubscribeState_SUBSCRIBED)
		(void)nanosleep(&pause, NULL);
}

static void *open_side(void *prepared, bool writes)
{
	const struct peer *peer = prepared;
	struct side *side = calloc(1, sizeof(*side));

	if (!side)
		bench_fail("no memory");
	iox_set_loglevel(Iceoryx_LogLevel_Off);
	iox_runtime_init(peer->names[writes]);
	if (writes)
		publish_in(side);
	else
		subscribe_in(side);
	return side;
}

static void publish(void *opened, uint64_t time)
{
	const struct side *side = opened;
	void *chunk = NULL;

	if (iox_pub_loan_chunk(side->publisher, &chunk, sizeof(time)) != AllocationResult_SUCCESS)
		bench_fail("iceoryx: no chunk");
	memcpy(chunk, &time, sizeof(time));
	iox_pub_publish_chunk(side->publisher, chunk);
}

static uint64_t await(void *opened, uint64_t before)
{
	const struct side *side = opened;
	iox_notification_info_t notice;
	uint64_t time = before, missed;
	const void *chunk = NULL;

	while (time == before) {
		(void)iox_ws_wait(side->wait_set, &notice, 1, &missed);
		if (iox_sub_take_chunk(side->subscriber, &chunk) != ChunkReceiveResult_SUCCESS)
			continue;
		memcpy(&time, chunk, sizeof(time));
		iox_sub_release_chunk(side->subscriber, chunk);
	}
	return time;
}

const struct waking waking_iceoryx = {
	.name = "iceoryx WaitSet",
	.prepare = prepare,
	.open = open_side,
	.dispose = dispose,
	.publish = publish,
	.await = await,
};
