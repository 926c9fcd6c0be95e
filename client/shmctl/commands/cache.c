/*
 * Commands about caches: keys to values. Who only looks opens them read-only, so that it takes no
 * more than the right to read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "bytes/copy.h"
#include "facts/cache_report.h"
#include "families.h"
#include "making.h"
#include "source.h"
#include "words/readable.h"

/* Options that say what a cache is to be when it is made. */
#define FOR_CREATION (OPTIONS_MAKE | OPTIONS_CACHE)

#define KEY_TEXT_MAX READABLE_BYTES_MAX(SHMB_CACHE_KEY_MAX)
#define AT_A_TIME    256 /* keys that are written together */

static void cache_cleanup(struct shmb_cache **cache)
{
	shmb_cache_close(*cache);
}

/* A cache that is closed at the end of the scope. */
#define autocache attr_cleanup(cache_cleanup) struct shmb_cache

/* Each returns STATUS_DONE or what has been complained of. */
static int open_to_look(struct session *session, struct shmb_cache **ret_cache)
{
	if (shmb_cache_open(session->broker, session->arguments.operands[0], NULL, ret_cache) < 0)
		return complain_library();
	return STATUS_DONE;
}

static int open_to_change(struct session *session, struct shmb_cache **ret_cache)
{
	const struct shmb_cache_options writing = {.size = 0};

	if (shmb_cache_open(session->broker, session->arguments.operands[0], &writing, ret_cache) <
	    0)
		return complain_library();
	return STATUS_DONE;
}

/* Whether all operands from number FIRST up to LAST can be keys. */
static int check_keys(struct session *session, int first, int last)
{
	for (int i = first; i <= last; i++) {
		size_t size = strlen(session->arguments.operands[i]);

		if (size == 0 || size > SHMB_CACHE_KEY_MAX)
			return complain_usage(session->command,
					      "a key has 1 to %u bytes, and not %zu",
					      SHMB_CACHE_KEY_MAX, size);
	}
	return STATUS_DONE;
}

static uint64_t deadline_for(const struct arguments *arguments)
{
	return shmb_deadline_in_ms(arguments->has_timeout ? arguments->timeout_ms
							  : SESSION_TURN_MS);
}

static char *key_text(const char *key, char text[static KEY_TEXT_MAX])
{
	return readable_bytes(key, strlen(key), text);
}

/*
 * Getting.
 */

int cache_check_get(struct session *session)
{
	return check_keys(session, 1, 1);
}

int cache_get(struct session *session)
{
	const char *name = session->arguments.operands[0], *key = session->arguments.operands[1];
	struct cache_item item = {.key = key, .key_size = strlen(key)};
	struct shmb_cache_facts facts;
	autocache *cache = NULL;
	char text[KEY_TEXT_MAX];
	int status = open_to_look(session, &cache);
	void *value;
	int r;

	if (status != STATUS_DONE)
		return status;
	shmb_cache_info(cache, &facts);
	value = malloc(facts.value_size);
	if (!value)
		return complain_failed("there is no memory for a value of \"%s\"", name);
	item.value = value;
	r = shmb_cache_get(cache, key, item.key_size, value, facts.value_size, &item.entry);
	if (r == 0)
		status = complain_output(session->output->cache->get(session->out, &item));
	else if (r == SHMB_MISS)
		status = complain_failed("\"%s\" does not have the key \"%s\": it was not set, or "
					 "has been forgotten since",
					 name, key_text(key, text));
	else
		status = complain_library();
	free(value);
	return status;
}

/*
 * Setting.
 */

int cache_check_set(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	bool has_version = arguments->given & OPTIONS_VERSION;

	if (arguments->add + arguments->replace + has_version > 1)
		return complain_usage(session->command, "--add, --replace and --version exclude "
							"each other; choose one");
	if (!arguments->create && (arguments->given & FOR_CREATION))
		return complain_usage(session->command,
				      "--create is missing, which the options of creation go with");
	if (arguments->create && (arguments->replace || has_version))
		return complain_usage(session->command, "in a cache that --create makes there is "
							"nothing to replace; leave it out");
	return check_keys(session, 1, 1);
}

/* What there is to set. */
struct setter {
	struct session *session;
	const struct source *source;
	void *value;
	struct cache_setting setting;
};

/* Read all of the source, which may have MOST bytes. */
static int read_value(struct setter *setter, uint64_t most)
{
	const char *from = setter->source->name;
	int r = copy_in_all(setter->source->fd, most, &setter->value, &setter->setting.size);

	if (r < 0)
		return complain_failed("cannot read %s: %s; nothing was set", from, strerror(-r));
	if (setter->setting.size > most)
		return complain_failed("%s has more than the %" PRIu64
				       " bytes that a value of \"%s\" may have",
				       from, most, setter->setting.name);
	return STATUS_DONE;
}

/* It was not set, and R says why. */
static int complain_refused(const struct setter *setter, int r)
{
	const struct arguments *arguments = &setter->session->arguments;
	const char *name = setter->setting.name;
	char text[KEY_TEXT_MAX];

	key_text(setter->setting.key, text);
	switch (r) {
	case SHMB_EXISTS:
		return complain_failed("\"%s\" has the key \"%s\" already, and it stays as it is; "
				       "leave out --add to set it all the same",
				       name, text);
	case SHMB_MISS:
		return complain_failed("\"%s\" does not have the key \"%s\", so nothing was "
				       "replaced; leave out --%s to set it all the same",
				       name, text, arguments->replace ? "replace" : "version");
	case SHMB_CHANGED:
		return complain_failed("\"%s\" has the key \"%s\" in version %" PRIu64
				       ", and not in %" PRIu64 "; it stays as it is",
				       name, text, setter->setting.version, arguments->version);
	default:
		return complain_library();
	}
}

static int set(struct setter *setter, struct shmb_cache *cache)
{
	const struct arguments *arguments = &setter->session->arguments;
	const struct shmb_cache_terms *terms = &arguments->terms;
	uint64_t *version = &setter->setting.version, deadline = deadline_for(arguments);
	const char *key = setter->setting.key;
	size_t key_size = strlen(key), size = setter->setting.size;
	const void *value = setter->value;
	int r;

	if (arguments->add)
		r = shmb_cache_add(cache, key, key_size, value, size, terms, deadline, version);
	else if (arguments->replace)
		r = shmb_cache_replace(cache, key, key_size, value, size, terms, deadline, version);
	else if (arguments->given & OPTIONS_VERSION)
		r = shmb_cache_compare_and_set(cache, key, key_size, arguments->version, value,
					       size, terms, deadline, version);
	else
		r = shmb_cache_set(cache, key, key_size, value, size, terms, deadline, version);
	return r == 0 ? STATUS_DONE : complain_refused(setter, r);
}

/* Of a cache that is yet to be made; one of a size that none can have is not the value's fault. */
static uint64_t most_of(uint64_t size)
{
	if (size == 0)
		size = SHMB_CACHE_SIZE_DEFAULT;
	return size < SHMB_CACHE_SIZE_MIN || size / 16 > SHMB_CACHE_VALUE_MAX ? SHMB_CACHE_VALUE_MAX
									      : size / 16;
}

/* The value is read before the cache is made, so that one that is refused leaves none. */
static int set_new(struct setter *setter)
{
	const struct arguments *arguments = &setter->session->arguments;
	const char *name = setter->setting.name;
	struct shmb_cache_options options = arguments->cache;
	autocache *cache = NULL;
	int status = read_value(setter, most_of(arguments->size));
	int r;

	if (status != STATUS_DONE)
		return status;
	options.segment = making_options(arguments);
	options.segment.flags |= SHMB_EXCLUSIVE;
	options.size = arguments->size;
	r = shmb_cache_open(setter->session->broker, name, &options, &cache);
	return r < 0 ? making_failed(name, r) : set(setter, cache);
}

static int set_existing(struct setter *setter, struct shmb_cache *cache)
{
	struct shmb_cache_facts facts;
	int status;

	if (setter->session->arguments.given & FOR_CREATION)
		return complain_failed("\"%s\" exists already and stays what it is; leave out the "
				       "options of creation, or remove it first",
				       setter->setting.name);
	shmb_cache_info(cache, &facts);
	status = read_value(setter, facts.value_size);
	return status == STATUS_DONE ? set(setter, cache) : status;
}

static int set_from(struct session *session, const struct source *source)
{
	const struct arguments *arguments = &session->arguments;
	const struct shmb_cache_options writing = {.size = 0};
	struct setter setter = {
		.session = session,
		.source = source,
		.setting = {.name = arguments->operands[0], .key = arguments->operands[1]},
	};
	autocache *cache = NULL;
	int r = shmb_cache_open(session->broker, arguments->operands[0], &writing, &cache);
	int status;

	setter.setting.is_new = r == -ENOENT && arguments->create;
	if (setter.setting.is_new)
		status = set_new(&setter);
	else if (r < 0)
		status = complain_library();
	else
		status = set_existing(&setter, cache);
	free(setter.value);
	if (status != STATUS_DONE)
		return status;
	return complain_output(session->output->cache->set(session->out, &setter.setting));
}

int cache_set(struct session *session)
{
	struct source source;
	int status = source_open(&source, source_operand(&session->arguments, 2));

	if (status != STATUS_DONE)
		return status;
	status = set_from(session, &source);
	source_close(&source);
	return status;
}

/*
 * Forgetting.
 */

int cache_check_delete(struct session *session)
{
	return check_keys(session, 1, session->arguments.operands_n - 1);
}

static int delete_one(struct session *session, struct shmb_cache *cache,
		      struct cache_deletion *deletion)
{
	char text[KEY_TEXT_MAX];
	int r = shmb_cache_delete(cache, deletion->key, strlen(deletion->key),
				  deadline_for(&session->arguments));

	deletion->is_deleted = r == 0;
	if (r == SHMB_MISS)
		return complain_failed("\"%s\" does not have the key \"%s\", so it was not deleted",
				       session->arguments.operands[0],
				       key_text(deletion->key, text));
	if (r < 0) {
		deletion->fault = strdup(shmb_last_error());
		return complain_library();
	}
	return STATUS_DONE;
}

int cache_delete(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	size_t n = (size_t)arguments->operands_n - 1;
	struct cache_deletion *deletions;
	autocache *cache = NULL;
	int status = open_to_change(session, &cache);
	int r;

	if (status != STATUS_DONE)
		return status;
	deletions = calloc(n, sizeof(*deletions));
	if (!deletions)
		return complain_failed("nothing was deleted: %s", strerror(ENOMEM));
	/* One that fails does not keep the others. */
	for (size_t i = 0; i < n; i++) {
		deletions[i].key = arguments->operands[i + 1];
		if (delete_one(session, cache, &deletions[i]) != STATUS_DONE)
			status = STATUS_FAILED;
	}
	r = session->output->cache->delete (session->out, deletions, n);
	for (size_t i = 0; i < n; i++)
		free(deletions[i].fault);
	free(deletions);
	return status == STATUS_DONE ? complain_output(r) : status;
}

int cache_flush(struct session *session)
{
	autocache *cache = NULL;
	int status = open_to_change(session, &cache);

	if (status != STATUS_DONE)
		return status;
	if (shmb_cache_flush(cache, deadline_for(&session->arguments)) < 0)
		return complain_library();
	return complain_output(
		session->output->cache->flush(session->out, session->arguments.operands[0]));
}

/*
 * Looking.
 */

int cache_stats(struct session *session)
{
	struct cache_report report;
	autocache *cache = NULL;
	int status = open_to_look(session, &cache);

	if (status == STATUS_DONE)
		status = cache_report_make(cache, session->arguments.operands[0], true, &report);
	if (status != STATUS_DONE)
		return status;
	return complain_output(session->output->cache->stats(session->out, &report));
}

static bool begins_with(const struct cache_item *item, const char *prefix)
{
	size_t size = strlen(prefix);

	return size <= item->key_size && memcmp(item->key, prefix, size) == 0;
}

/* The next key that is wanted. Returns as shmb_cache_next(). */
static int next_key(const struct session *session, const struct shmb_cache *cache, uint64_t *cursor,
		    unsigned char key[static SHMB_CACHE_KEY_MAX], struct cache_item *item)
{
	const char *prefix = session_operand(session, 1);
	int r;

	do
		r = shmb_cache_next(cache, cursor, key, &item->key_size, &item->entry);
	while (r == 0 && prefix && !begins_with(item, prefix));
	return r;
}

int cache_keys(struct session *session)
{
	const struct arguments *arguments = &session->arguments;
	const struct output_cache *output = session->output->cache;
	unsigned char key[SHMB_CACHE_KEY_MAX];
	struct cache_item item = {.key = key};
	autocache *cache = NULL;
	uint64_t cursor = 0, n = 0;
	int status = open_to_look(session, &cache);

	if (status == STATUS_DONE)
		status = complain_output(output->titles(session->out, arguments->is_long));
	while (status == STATUS_DONE && (arguments->count == 0 || n < arguments->count)) {
		int r = next_key(session, cache, &cursor, key, &item);

		if (r == SHMB_END)
			break;
		if (r < 0)
			return complain_library();
		status = complain_output(output->key(session->out, &item, arguments->is_long));
		n++;
		if (status == STATUS_DONE && n % AT_A_TIME == 0)
			status = session_flush(session);
	}
	return status;
}
