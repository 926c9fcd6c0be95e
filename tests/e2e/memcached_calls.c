/*
 * Each call of libmemcached's plain interface that shmbroker/memcached.h has, and what it answers,
 * a line each: the same program, made with either header, has to print the same. It needs a cache
 * that is empty.
 */
#include <shmbroker/memcached.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LARGE 300000
#define DAY   (24 * 60 * 60)

static memcached_st *memc;

/* By the number: the words are each library's own. */
static void say(const char *what, memcached_return_t result)
{
	printf("%s: %d%s%s\n", what, result, memcached_success(result) ? " success" : "",
	       memcached_failed(result) ? " failed" : "");
}

static void get(const char *key)
{
	size_t length = 99;
	uint32_t flags = 99;
	memcached_return_t result;
	char *value = memcached_get(memc, key, strlen(key), &length, &flags, &result);

	printf("get %s: %d %s, %zu bytes, flags %" PRIu32 "\n", key, result, value ? value : "NULL",
	       length, flags);
	free(value);
}

static void set(const char *key, const char *value, time_t expiration, uint32_t flags)
{
	say(key, memcached_set(memc, key, strlen(key), value, strlen(value), expiration, flags));
}

static void wait_until_gone(const char *key)
{
	const struct timespec pause = {.tv_nsec = 10000000};

	while (memcached_exist(memc, key, strlen(key)) == MEMCACHED_SUCCESS)
		(void)nanosleep(&pause, NULL);
	get(key);
}

static void store(void)
{
	get("a");
	set("a", "1st", 0, 7);
	get("a");
	say("add a", memcached_add(memc, "a", 1, "2nd", 3, 0, 0));
	say("add b", memcached_add(memc, "b", 1, "2nd", 3, 0, 1));
	say("replace b", memcached_replace(memc, "b", 1, "3rd!", 4, 0, UINT32_MAX));
	say("replace c", memcached_replace(memc, "c", 1, "4th", 3, 0, 0));
	get("a");
	get("b");
	get("c");
	say("exist a", memcached_exist(memc, "a", 1));
	say("exist c", memcached_exist(memc, "c", 1));
	say("delete b", memcached_delete(memc, "b", 1, 0));
	say("delete b", memcached_delete(memc, "b", 1, 0));
	get("b");
	set("nothing", "", 0, 5);
	get("nothing");
	say("exist nothing", memcached_exist(memc, "nothing", 7));
}

static void store_odd(void)
{
	static char large[LARGE + 1], key[300];
	size_t length;
	uint32_t flags;
	memcached_return_t result;
	char *value;

	memset(large, 'x', LARGE);
	memset(key, 'k', sizeof(key));
	say("large", memcached_set(memc, "large", 5, large, LARGE, 0, 0));
	value = memcached_get(memc, "large", 5, &length, &flags, &result);
	printf("large: %d\n", value && length == LARGE && strcmp(value, large) == 0);
	free(value);
	say("no key", memcached_set(memc, key, 0, "v", 1, 0, 0));
	value = memcached_get(memc, key, 251, &length, &flags, &result);
	say(value ? "a value" : "no value", result);
	say("long key", memcached_set(memc, key, 250, "v", 1, 0, 0));
	value = memcached_get(memc, key, 250, NULL, &flags, &result);
	say(value ? value : "no value", result);
	free(value);
	say("delete later", memcached_delete(memc, "a", 1, 60));
}

static void expire(void)
{
	set("second", "s", 3, 0);
	set("date", "d", time(NULL) + 3, 0);
	set("tomorrow", "t", time(NULL) + DAY, 0);
	set("days", "t", 30 * DAY, 0);
	set("past", "p", 60 * DAY, 0);
	set("negative", "p", -1, 0);
	set("touched", "p", 3, 3);
	say("touch", memcached_touch(memc, "touched", 7, DAY));
	say("touch none", memcached_touch(memc, "none", 4, DAY));
	get("second");
	wait_until_gone("second");
	wait_until_gone("date");
	wait_until_gone("past");
	wait_until_gone("negative");
	get("tomorrow");
	get("days");
	get("touched");
	say("touch", memcached_touch(memc, "touched", 7, 1));
	wait_until_gone("touched");
}

static void count(void)
{
	uint64_t number = 0;

	say("increment none", memcached_increment(memc, "n", 1, 1, &number));
	set("n", "41", 0, 9);
	say("increment", memcached_increment(memc, "n", 1, 1, &number));
	printf("%" PRIu64 "\n", number);
	say("increment", memcached_increment(memc, "n", 1, UINT32_MAX, &number));
	printf("%" PRIu64 "\n", number);
	get("n");
	say("decrement", memcached_decrement(memc, "n", 1, 1, &number));
	printf("%" PRIu64 "\n", number);
	say("decrement", memcached_decrement(memc, "n", 1, UINT32_MAX, &number));
	say("decrement", memcached_decrement(memc, "n", 1, UINT32_MAX, &number));
	printf("%" PRIu64 "\n", number);
	say("increment text", memcached_increment(memc, "a", 1, 1, &number));
}

/* Returns the version of the one that has KEY. */
static uint64_t fetch_result(const char *key)
{
	size_t length = strlen(key);
	uint64_t cas = 0;
	memcached_return_t result;
	memcached_result_st mine, *found;

	memcached_result_create(memc, &mine);
	say("mget", memcached_mget(memc, &key, &length, 1));
	while ((found = memcached_fetch_result(memc, &mine, &result))) {
		printf("%s: %s, %zu bytes, flags %" PRIu32 "\n", memcached_result_key_value(found),
		       memcached_result_value(found), memcached_result_length(found),
		       memcached_result_flags(found));
		cas = memcached_result_cas(found);
	}
	printf("%d %d\n", result == MEMCACHED_END || result == MEMCACHED_NOTFOUND, cas != 0);
	memcached_result_free(&mine);
	return cas;
}

static void compare(void)
{
	uint64_t cas;

	set("c", "old", 0, 1);
	cas = fetch_result("c");
	say("cas", memcached_cas(memc, "c", 1, "new", 3, 0, 2, cas));
	say("cas again", memcached_cas(memc, "c", 1, "newer", 5, 0, 3, cas));
	cas = fetch_result("c");
	say("delete", memcached_delete(memc, "c", 1, 0));
	say("cas none", memcached_cas(memc, "c", 1, "new", 3, 0, 0, cas));
	(void)fetch_result("c");
}

static void fetch_many(void)
{
	const char *keys[] = {"x", "absent", "y", "z"};
	const size_t lengths[] = {1, 6, 1, 1};
	char key[MEMCACHED_MAX_KEY], *value;
	size_t key_length, length;
	uint32_t flags;
	memcached_return_t result;

	set("x", "1", 0, 1);
	set("y", "22", 0, 2);
	set("z", "333", 0, 3);
	say("mget", memcached_mget(memc, keys, lengths, 4));
	while ((value = memcached_fetch(memc, key, &key_length, &length, &flags, &result))) {
		printf("%.*s: %s, %zu bytes, flags %" PRIu32 "\n", (int)key_length, key, value,
		       length, flags);
		free(value);
	}
	printf("%d\n", result == MEMCACHED_END || result == MEMCACHED_NOTFOUND);
	say("mget of none", memcached_mget(memc, keys, lengths, 0));
	say("flush", memcached_flush(memc, 0));
	get("x");
	get("a");
}

/* A child goes on with its parent's handle. */
static void go_on_in_child(void)
{
	uint64_t number = 0;
	pid_t child;
	int status = -1;

	set("n", "1", 0, 0);
	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		get("n");
		say("increment", memcached_increment(memc, "n", 1, 1, &number));
		(void)fflush(stdout);
		_exit(0);
	}
	(void)waitpid(child, &status, 0);
	printf("child: %d\n", status);
	get("n");
}

int main(void)
{
	memcached_st mine;

	memc = memcached_create(&mine);
	if (memc != &mine)
		return EXIT_FAILURE;
	memcached_free(memc);
	memc = memcached_create(NULL);
	say("server", memcached_server_add(memc, "127.0.0.1", 11211));
	say("behaviour", memcached_behavior_set(memc, MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1));
	store();
	store_odd();
	expire();
	count();
	compare();
	fetch_many();
	memcached_quit(memc);
	get("days");
	go_on_in_child();
	memcached_free(memc);
	return EXIT_SUCCESS;
}
