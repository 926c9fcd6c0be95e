/*
 * Redis: GET and SET one after the other, and MGET for a crowd of keys.
 */
#include "cache/redis.h"

#include <stdlib.h>

#include "cache/design.h"

#define ON_THEIR_WAY 1000u /* sets, while all keys are set */

static void *prepare(const struct traffic *traffic attr_unused,
		     const struct server *broker attr_unused, int core)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server)
		bench_fail("no memory");
	redis_start(server, 0, core);
	return server;
}

static void dispose(void *prepared)
{
	server_end(prepared);
	free(prepared);
}

static void *open_connection(void *prepared, const struct traffic *traffic attr_unused)
{
	return redis_connect(prepared);
}

static bool take(const redisReply *reply, void *value, size_t size)
{
	if (reply->type == REDIS_REPLY_NIL)
		return false;
	if (reply->type != REDIS_REPLY_STRING || (size_t)reply->len != size)
		bench_fail("Redis: a value of %zu bytes", (size_t)reply->len);
	memcpy(value, reply->str, size);
	return true;
}

static bool get(void *context, const char *key, void *value, size_t size)
{
	const char *words[] = {"GET", key};
	const size_t sizes[] = {3, TRAFFIC_KEY};
	redisReply *reply = redis_must(context, redisCommandArgv(context, 2, words, sizes));
	bool is_there = take(reply, value, size);

	freeReplyObject(reply);
	return is_there;
}

static uint32_t get_many(void *context, const struct draw *draws, const struct traffic *traffic)
{
	const char *words[TRAFFIC_CROWD + 1] = {"MGET"};
	size_t sizes[TRAFFIC_CROWD + 1] = {4};
	uint32_t found = 0;
	redisReply *reply;

	for (unsigned i = 0; i < TRAFFIC_CROWD; i++) {
		words[i + 1] = draws[i].key;
		sizes[i + 1] = TRAFFIC_KEY;
	}
	reply = redis_must(context, redisCommandArgv(context, TRAFFIC_CROWD + 1, words, sizes));
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != TRAFFIC_CROWD)
		bench_fail("Redis: no answer for each key");
	for (unsigned i = 0; i < TRAFFIC_CROWD; i++)
		found |= (uint32_t)take(reply->element[i], traffic->values + i * traffic->stride,
					traffic->size)
			 << i;
	freeReplyObject(reply);
	return found;
}

static void set(void *context, const char *key, const void *value, size_t size)
{
	redis_say_set(context, key, value, size);
	freeReplyObject(redis_answer(context));
}

static void load(void *context, struct traffic *traffic)
{
	uint32_t unanswered = 0;
	char key[TRAFFIC_KEY];

	for (uint32_t number = 0; number < traffic->n_keys; number++) {
		traffic_key(number, key);
		value_mark(traffic->values, traffic->size, number);
		redis_say_set(context, key, traffic->values, traffic->size);
		if (++unanswered < ON_THEIR_WAY && number + 1 < traffic->n_keys)
			continue;
		for (; unanswered > 0; unanswered--)
			freeReplyObject(redis_answer(context));
	}
}

static void run(void *context, struct traffic *traffic, uint64_t n)
{
	design_run(context, traffic, n, get, set);
}

static void run_many(void *context, struct traffic *traffic, uint64_t n)
{
	design_run_many(context, traffic, n, get_many);
}

const struct design design_redis = {
	.name = "Redis",
	.prepare = prepare,
	.open = open_connection,
	.load = load,
	.dispose = dispose,
	.run = run,
	.run_many = run_many,
};
