/*
 * Redis, as far as its memory is measured.
 */
#include <stdlib.h>

#include "base/attr.h"
#include "cache/redis.h"
#include "cache/store.h"

#define ON_THEIR_WAY 1000u /* sets */

struct started {
	struct server server;
	redisContext *context;
	unsigned unanswered;
};

static void *start(const struct server *broker attr_unused, uint64_t size,
		   uint32_t entry_size attr_unused, int core)
{
	struct started *started = calloc(1, sizeof(*started));

	if (!started)
		bench_fail("no memory");
	redis_start(&started->server, size, core);
	started->context = redis_connect(&started->server);
	return started;
}

static void end(void *data)
{
	struct started *started = data;

	redisFree(started->context);
	server_end(&started->server);
	free(started);
}

static void take_answers(struct started *started)
{
	for (; started->unanswered > 0; started->unanswered--)
		freeReplyObject(redis_answer(started->context));
}

static void set(void *data, const struct item *item, uint32_t ttl_ms attr_unused)
{
	struct started *started = data;

	redis_say_set(started->context, item->key, store_value(item), item->size);
	if (++started->unanswered == ON_THEIR_WAY)
		take_answers(started);
}

static void count(void *data, struct store_count *ret_count)
{
	struct started *started = data;
	redisReply *reply;
	const char *memory;

	take_answers(started);
	reply = redis_must(started->context, redisCommand(started->context, "INFO memory"));
	memory = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, "used_memory:") : NULL;
	if (!memory)
		bench_fail("Redis does not say how much memory it uses");
	*ret_count = (struct store_count){.bytes = strtoull(memory + 12, NULL, 10)};
	ret_count->size = ret_count->bytes;
	freeReplyObject(reply);
	reply = redis_must(started->context, redisCommand(started->context, "DBSIZE"));
	ret_count->entries = (uint64_t)reply->integer;
	freeReplyObject(reply);
}

const struct store store_redis = {
	.name = "Redis",
	.start = start,
	.end = end,
	.set = set,
	.count = count,
};
