/*
 * Ids are given out in blocks, one for each run of the broker: so the file is written once a run,
 * before the first of them is used, and no crash can make one come back.
 */
#include "restart/identity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/random.h"
#include "log.h"
#include "restart/files.h"
#include "restart/record.h"

#define FILE_NAME "broker"
#define TEXT_MAX  256

/* A run that gives out a million a second ends in 12 days; one that lives has thousands. There are
 * 8 million blocks. */
#define BLOCK (UINT64_C(1) << 40)

/* Where nobody knows which blocks were used: one for each so many seconds since 2025. So this
 * begins above every broker that began with the first block and was not started two hundred
 * thousand times since the boot, and above one that began by the clock and was started less often
 * than that since. It reaches what is believed, half of all, in 2059. */
#define CLOCK_BEGIN   INT64_C(1735689600)
#define CLOCK_SECONDS 256

#define HEX_MAX 33

static void to_hex(const uint8_t bytes[static 16], char text[static HEX_MAX])
{
	for (unsigned i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static bool from_hex(const char *text, uint8_t bytes[static 16])
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned byte;
		char two[3] = {text[2 * i], text[2 * i + 1], '\0'};

		if (strspn(two, "0123456789abcdef") != 2 || sscanf(two, "%x", &byte) != 1)
			return false;
		bytes[i] = (uint8_t)byte;
	}
	return true;
}

static size_t format(const struct identity *identity, char text[static TEXT_MAX])
{
	char instance[HEX_MAX], key[HEX_MAX];
	int n;

	to_hex(identity->instance, instance);
	to_hex(identity->key, key);
	n = snprintf(text, TEXT_MAX,
		     "shmbroker-identity 1\ninstance %s\nkey %s\nids %020" PRIu64 "\n", instance,
		     key, identity->first_id);
	n += snprintf(text + n, TEXT_MAX - (size_t)n, "sum %016" PRIx64 "\n",
		      (uint64_t)XXH3_64bits(text, (size_t)n));
	return (size_t)n;
}

/* There is one way to write it: what reads the same when it is written again is whole. */
static bool parse(const char *text, size_t size, struct identity *identity)
{
	char instance[HEX_MAX], key[HEX_MAX], again[TEXT_MAX];

	return sscanf(text,
		      "shmbroker-identity 1\ninstance %32[0-9a-f]\nkey %32[0-9a-f]\nids %20" SCNu64,
		      instance, key, &identity->first_id) == 3 &&
	       strlen(instance) == 32 && strlen(key) == 32 &&
	       from_hex(instance, identity->instance) && from_hex(key, identity->key) &&
	       format(identity, again) == size && memcmp(text, again, size) == 0;
}

static uint64_t block_after(uint64_t id)
{
	return (id / BLOCK + 1) * BLOCK;
}

static uint64_t ids_by_clock(void)
{
	int64_t seconds = (int64_t)time(NULL) - CLOCK_BEGIN;
	uint64_t blocks = seconds > 0 ? (uint64_t)seconds / CLOCK_SECONDS : 0;

	return blocks < RECORD_ID_BELIEVED / BLOCK ? blocks * BLOCK : RECORD_ID_BELIEVED;
}

/* What a damaged TEXT says of the ids, if that can be believed: too many do no harm, and too few
 * are not worse than none. */
static uint64_t ids_by_rest(const char *text)
{
	const char *at = strstr(text, "ids ");
	uint64_t ids;

	return at && sscanf(at, "ids %20" SCNu64, &ids) == 1 && ids <= RECORD_ID_BELIEVED ? ids : 0;
}

static int begin_anew(struct identity *identity, uint64_t first_id)
{
	int r = random_fill(identity->instance, sizeof(identity->instance));

	if (r == 0)
		r = random_fill(identity->key, sizeof(identity->key));
	identity->first_id = first_id;
	identity->is_new = true;
	return r;
}

/* There was a broker, and its file is lost: FAULT is the end of a sentence. TEXT is the rest. */
static int begin_after_loss(struct identity *identity, uint64_t highest, const char *fault,
			    const char *text)
{
	uint64_t clock = ids_by_clock(), rest = ids_by_rest(text), known = block_after(highest);
	uint64_t first_id = clock > rest ? clock : rest;

	if (first_id < known)
		first_id = known;
	log_error("what the broker was before cannot be told: its file in the "
		  "directory " IDENTITY_DIRECTORY
		  " of the runtime directory %s. It begins anew, with ids from %" PRIu64
		  " on, above all that can have been used; clients of before have to connect anew "
		  "too",
		  fault, first_id);
	return begin_anew(identity, first_id);
}

static int take_up(const struct files *files, uint64_t highest, struct identity *identity)
{
	const char *fault = NULL;
	char text[TEXT_MAX] = "";
	size_t size;
	int r = files_read(files, FILE_NAME, text, sizeof(text), &size, &fault);

	if (r == 0 && parse(text, size, identity))
		return 0;
	if (r == -ENOENT && highest == 0)
		return begin_anew(identity, 1);
	if (r == -ENOENT || r == -ENODATA)
		return begin_after_loss(identity, highest,
					r == -ENOENT ? "is not there" : "is empty", "");
	if (r < 0 && r != -EBADMSG && r != -EFBIG)
		return r;
	if (files_set_aside(files, FILE_NAME) < 0)
		log_error("the file of what the broker is cannot be put aside");
	return begin_after_loss(identity, highest, fault ? fault : "is damaged", r < 0 ? "" : text);
}

/* Keep that the ids of this run are used. */
static int take_block(const struct files *files, const struct identity *identity)
{
	struct identity next = *identity;
	char text[TEXT_MAX];

	if (identity->first_id > RECORD_ID_MAX - BLOCK) {
		log_error("all ids have been given out: stop the broker, remove its runtime "
			  "directory, and start it");
		return -EOVERFLOW;
	}
	next.first_id = block_after(identity->first_id);
	return files_write(files, FILE_NAME, text, format(&next, text));
}

int identity_renew(int parent, struct identity *identity)
{
	struct identity renewed = *identity;
	struct files files;
	int r = files_open(&files, parent, IDENTITY_DIRECTORY);

	if (r < 0)
		return r;
	r = begin_anew(&renewed, identity->first_id);
	if (r == 0)
		r = take_block(&files, &renewed);
	files_close(&files);
	if (r == 0)
		*identity = renewed;
	return r;
}

int identity_open(int parent, uint64_t highest, struct identity *ret_identity)
{
	struct identity identity = {.is_new = false};
	struct files files;
	int r = files_open(&files, parent, IDENTITY_DIRECTORY);

	if (r < 0)
		return r;
	r = take_up(&files, highest, &identity);
	if (r == 0) {
		if (identity.first_id <= highest)
			identity.first_id = block_after(highest);
		r = take_block(&files, &identity);
	}
	files_close(&files);
	if (r == 0)
		*ret_identity = identity;
	return r;
}
