/*
 * memcached_hits: hits of pages, by any number of programs, as written for memcached.
 *
 *   memcached_hits visit PAGE...    one more hit of each; prints how many there are
 *   memcached_hits show PAGE...     how many there are, and which page that was visited has the
 * most memcached_hits forget PAGE...
 *
 * But for its first #include it is a program for libmemcached. By that one its counts are in shared
 * memory: no server has to run, and the name and the port of one mean nothing.
 */
#include <shmbroker/memcached.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S     (24 * 60 * 60)
#define PAGE_MAX  200
#define PAGES_MAX 64
#define MOST      "most-hits" /* the key of "HITS PAGE" */

static memcached_st *memc;

/* The key of a page. */
struct key {
	char text[PAGE_MAX + 8];
	size_t length;
};

static _Noreturn void fail(memcached_return_t result)
{
	const char *more = memcached_last_error_message(memc);

	errx(EXIT_FAILURE, "%s%s%s", memcached_strerror(memc, result), more ? ": " : "",
	     more ? more : "");
}

static struct key key_of(const char *page)
{
	struct key key;

	if (strlen(page) > PAGE_MAX)
		errx(EXIT_FAILURE, "%s: a page has at most %d letters", page, PAGE_MAX);
	key.length = (size_t)snprintf(key.text, sizeof(key.text), "hits:%s", page);
	return key;
}

/* Whoever is first begins with 1; when another one was faster, this is one more. */
static uint64_t count_hit(const char *page)
{
	struct key key = key_of(page);
	uint64_t hits = 0;
	memcached_return_t result;

	do {
		result = memcached_increment(memc, key.text, key.length, 1, &hits);
		if (result != MEMCACHED_NOTFOUND)
			break;
		hits = 1;
		result = memcached_add(memc, key.text, key.length, "1", 1, DAY_S, 0);
	} while (result == MEMCACHED_NOTSTORED);
	if (memcached_failed(result))
		fail(result);
	return hits;
}

/* What is kept as the most hits, with the version by which it can be replaced. */
static uint64_t get_most(char *page, size_t room, uint64_t *ret_version)
{
	const char *keys[] = {MOST};
	const size_t lengths[] = {strlen(MOST)};
	uint64_t hits = 0;
	int end;
	memcached_result_st *found;
	memcached_return_t result = memcached_mget(memc, keys, lengths, 1);

	if (memcached_failed(result))
		fail(result);
	page[0] = '\0';
	*ret_version = 0;
	while ((found = memcached_fetch_result(memc, NULL, &result))) {
		if (sscanf(memcached_result_value(found), "%lu %n", &hits, &end) == 1)
			(void)snprintf(page, room, "%s", memcached_result_value(found) + end);
		*ret_version = memcached_result_cas(found);
		memcached_result_free(found);
	}
	return hits;
}

/* Many do this at once: whoever finds that another one has changed it looks again. */
static void keep_most(const char *page, uint64_t hits)
{
	char value[PAGE_MAX + 32], other[PAGE_MAX + 1];
	size_t size = (size_t)snprintf(value, sizeof(value), "%lu %s", hits, page);
	uint64_t version;
	memcached_return_t result;

	do {
		if (get_most(other, sizeof(other), &version) >= hits)
			return;
		if (version == 0)
			result = memcached_add(memc, MOST, strlen(MOST), value, size, DAY_S, 0);
		else
			result = memcached_cas(memc, MOST, strlen(MOST), value, size, DAY_S, 0,
					       version);
	} while (result == MEMCACHED_DATA_EXISTS || result == MEMCACHED_NOTSTORED ||
		 result == MEMCACHED_NOTFOUND);
	if (memcached_failed(result))
		fail(result);
}

static void visit(const char *page)
{
	uint64_t hits = count_hit(page);

	keep_most(page, hits);
	printf("%s: %lu\n", page, hits);
}

static void show(char **pages, size_t n)
{
	struct key keys[PAGES_MAX];
	const char *texts[PAGES_MAX];
	size_t lengths[PAGES_MAX], length, size;
	char key[MEMCACHED_MAX_KEY], *value, page[PAGE_MAX + 1];
	uint64_t hits, version;
	uint32_t flags;
	memcached_return_t result;

	for (size_t i = 0; i < n; i++) {
		keys[i] = key_of(pages[i]);
		texts[i] = keys[i].text;
		lengths[i] = keys[i].length;
	}
	result = memcached_mget(memc, texts, lengths, n);
	if (memcached_failed(result))
		fail(result);
	while ((value = memcached_fetch(memc, key, &length, &size, &flags, &result))) {
		printf("%.*s: %.*s\n", (int)length, key, (int)size, value);
		free(value);
	}
	hits = get_most(page, sizeof(page), &version);
	if (hits > 0)
		printf("most: %s, with %lu\n", page, hits);
}

static void forget(const char *page)
{
	struct key key = key_of(page);
	memcached_return_t result = memcached_delete(memc, key.text, key.length, 0);

	if (result != MEMCACHED_NOTFOUND && memcached_failed(result))
		fail(result);
	printf("%s: %s\n", page, result == MEMCACHED_NOTFOUND ? "was not there" : "forgotten");
}

int main(int argc, char **argv)
{
	int visits = argc > 2 && strcmp(argv[1], "visit") == 0;
	int shows = argc > 2 && argc - 2 <= PAGES_MAX && strcmp(argv[1], "show") == 0;
	int forgets = argc > 2 && strcmp(argv[1], "forget") == 0;

	if (!visits && !shows && !forgets)
		errx(2, "usage: memcached_hits visit|show|forget PAGE...");
	memc = memcached_create(NULL);
	if (!memc)
		errx(EXIT_FAILURE, "no memory");
	memcached_server_add(memc, "localhost", 11211);
	memcached_behavior_set(memc, MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1);
	if (shows)
		show(argv + 2, (size_t)argc - 2);
	for (int i = 2; i < argc && !shows; i++) {
		if (visits)
			visit(argv[i]);
		else
			forget(argv[i]);
	}
	memcached_free(memc);
	return EXIT_SUCCESS;
}
