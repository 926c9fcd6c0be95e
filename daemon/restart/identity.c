/*
 * Ids are given out in blocks, one for each run of the broker: so the file is written once a run,
 * before the first of them is used, and no crash can make one come back.
 */
#include "restart/identity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/random.h"
#include "log.h"
#include "restart/files.h"

#define DIRECTORY "identity"
#define FILE_NAME "broker"
#define TEXT_MAX  256

/* A run that gives out a million a second ends in 12 days; one that lives has thousands. There are
 * 16 million blocks. */
#define BLOCK (UINT64_C(1) << 40)

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

static int begin_anew(struct identity *identity)
{
	int r = random_fill(identity->instance, sizeof(identity->instance));

	if (r == 0)
		r = random_fill(identity->key, sizeof(identity->key));
	identity->first_id = 1;
	identity->is_new = true;
	return r;
}

static int take_up(const struct files *files, struct identity *identity)
{
	const char *fault = NULL;
	char text[TEXT_MAX];
	size_t size;
	int r = files_read(files, FILE_NAME, text, sizeof(text), &size, &fault);

	if (r == 0 && parse(text, size, identity))
		return 0;
	if (r == -ENOENT || r == -ENODATA)
		return begin_anew(identity);
	if (r < 0 && r != -EBADMSG && r != -EFBIG)
		return r;
	r = files_set_aside(files, FILE_NAME);
	log_error("what the broker was before cannot be told: its file %s. It begins anew; clients "
		  "of before have to connect anew too%s",
		  fault ? fault : "is damaged", r < 0 ? " (and the file cannot be put aside)" : "");
	return begin_anew(identity);
}

int identity_open(int parent, uint64_t highest, struct identity *ret_identity)
{
	struct identity identity = {.is_new = false}, next;
	char text[TEXT_MAX];
	struct files files;
	int r = files_open(&files, parent, DIRECTORY);

	if (r < 0)
		return r;
	r = take_up(&files, &identity);
	if (r == 0) {
		if (identity.first_id <= highest)
			identity.first_id = highest + 1;
		next = identity;
		next.first_id = (identity.first_id / BLOCK + 1) * BLOCK;
		r = files_write(&files, FILE_NAME, text, format(&next, text));
	}
	files_close(&files);
	if (r == 0)
		*ret_identity = identity;
	return r;
}
