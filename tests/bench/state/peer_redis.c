/*
 * Redis (packages redis-server and libhiredis-dev): SET and GET through its Unix socket, one at a
 * time, as a value that has to be the last one is asked for; and PUBLISH to one who has subscribed.
 * It keeps nothing on disk, and runs on the writer's core, or the waiting reader's.
 */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "state/design.h"
#include "state/wake.h"

#define START_WAIT_MS 20000

static struct server *start(int core)
{
	struct server *server = calloc(1, sizeof(*server));
	char *arguments[] = {(char *)BENCH_REDIS, (char *)"--port",
			     (char *)"0",         (char *)"--unixsocket",
			     (char *)"socket",    (char *)"--save",
			     (char *)"",          (char *)"--appendonly",
			     (char *)"no",        NULL};

	if (!server)
		bench_fail("no memory");
	server_start_program(server, arguments, core);
	return server;
}

static void *prepare(const struct traffic *traffic, const struct server *broker attr_unused)
{
	return start(traffic->writer_core);
}

static void dispose(void *prepared)
{
	server_end(prepared);
	free(prepared);
}

static void *open_connection(void *prepared, bool writes attr_unused)
{
	const struct server *server = prepared;
	uint64_t deadline = deadline_in_ms(START_WAIT_MS);

	while (deadline_left_ms(deadline) > 0) {
		redisContext *context = redisConnectUnix(server->socket);

		if (context && !context->err)
			return context;
		redisFree(context);
	}
	bench_fail("Redis does not listen at %s", server->socket);
}

static void close_connection(void *opened)
{
	redisFree(opened);
}

static redisReply *must(redisContext *context, redisReply *reply)
{
	if (!reply || reply->type == REDIS_REPLY_ERROR)
		bench_fail("Redis: %s", reply ? reply->str : context->errstr);
	return reply;
}

static void publish(void *context, const void *value, size_t size)
{
	freeReplyObject(must(context, redisCommand(context, "SET value %b", value, size)));
}

static bool read_value(void *context, void *value, size_t size)
{
	redisReply *reply = must(context, redisCommand(context, "GET value"));

	if (reply->type != REDIS_REPLY_STRING || (size_t)reply->len != size)
		bench_fail("Redis: a value of %zu bytes", (size_t)reply->len);
	memcpy(value, reply->str, size);
	freeReplyObject(reply);
	return true;
}

static void write_all(void *context, struct traffic *traffic)
{
	design_write(context, traffic, publish);
}

static uint64_t read_all(void *context, struct traffic *traffic, uint64_t reads)
{
	return design_read(context, traffic, reads, read_value);
}

const struct design design_redis = {
	.name = "Redis",
	.prepare = prepare,
	.open = open_connection,
	.close = close_connection,
	.dispose = dispose,
	.write = write_all,
	.read = read_all,
};

static void *prepare_waking(const struct server *broker attr_unused, int core)
{
	return start(core);
}

static void *open_channel(void *prepared, bool writes)
{
	redisContext *context = open_connection(prepared, writes);

	if (!writes)
		freeReplyObject(must(context, redisCommand(context, "SUBSCRIBE time")));
	return context;
}

static void publish_time(void *context, uint64_t time)
{
	freeReplyObject(
		must(context, redisCommand(context, "PUBLISH time %b", &time, sizeof(time))));
}

static uint64_t await_time(void *context, uint64_t before attr_unused)
{
	redisReply *reply = NULL;
	uint64_t time;

	if (redisGetReply(context, (void **)&reply) != REDIS_OK || !reply || reply->elements != 3 ||
	    reply->element[2]->len != sizeof(time))
		bench_fail("Redis: no message");
	memcpy(&time, reply->element[2]->str, sizeof(time));
	freeReplyObject(reply);
	return time;
}

const struct waking waking_redis = {
	.name = "Redis pub/sub",
	.prepare = prepare_waking,
	.open = open_channel,
	.dispose = dispose,
	.publish = publish_time,
	.await = await_time,
};
