/*
 * It answers in the order in which it was asked, so many sets can be on their way.
 */
#include "cache/redis.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cache/traffic.h"

#define START_WAIT_MS 20000

void redis_start(struct server *server, uint64_t bytes, int core)
{
	char size[32];
	char *arguments[] = {(char *)BENCH_REDIS,
			     (char *)"--port",
			     (char *)"0",
			     (char *)"--unixsocket",
			     (char *)"socket",
			     (char *)"--save",
			     (char *)"",
			     (char *)"--appendonly",
			     (char *)"no",
			     (char *)"--maxmemory-policy",
			     (char *)"allkeys-lru",
			     (char *)"--maxmemory",
			     size,
			     NULL};

	snprintf(size, sizeof(size), "%" PRIu64, bytes);
	server_start_program(server, arguments, core);
}

redisContext *redis_connect(const struct server *server)
{
	uint64_t deadline = deadline_in_ms(START_WAIT_MS);

	while (deadline_left_ms(deadline) > 0) {
		redisContext *context = redisConnectUnix(server->socket);

		if (context && !context->err)
			return context;
		redisFree(context);
	}
	bench_fail("Redis does not listen at %s", server->socket);
}

redisReply *redis_must(redisContext *context, redisReply *reply)
{
	if (!reply || reply->type == REDIS_REPLY_ERROR)
		bench_fail("Redis: %s", reply ? reply->str : context->errstr);
	return reply;
}

redisReply *redis_answer(redisContext *context)
{
	void *reply = NULL;

	(void)redisGetReply(context, &reply);
	return redis_must(context, reply);
}

void redis_say_set(redisContext *context, const char *key, const void *value, size_t size)
{
	const char *words[] = {"SET", key, value};
	const size_t sizes[] = {3, TRAFFIC_KEY, size};

	if (redisAppendCommandArgv(context, 3, words, sizes) != REDIS_OK)
		bench_fail("Redis: %s", context->errstr);
}
