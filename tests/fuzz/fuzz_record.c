/*
 * The file of an object: any bytes, and the same as lines between a good head and a good sum. What
 * is taken from them is an object that can be, and reads the same when it is written again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "harness.h"
#include "restart/record.h"
#include "rules/access.h"
#include "wire/name.h"
#include "wire/vocabulary.h"

#define HEAD "shmbroker-object 1\n"

static void expect_possible(const struct record *record)
{
	bool is_segment = record->kind == WIRE_KIND_SEGMENT;
	const struct permission permission = {.uid = record->uid,
					      .gid = record->gid,
					      .mode = record->mode,
					      .n_acl = record->acl.n,
					      .acl = record->acl.entries};
	unsigned at;

	FUZZ_REQUIRE(!wire_name_fault(record->name) && !wire_layout_fault(record->layout),
		     "a record has the name \"%s\"", record->name);
	FUZZ_REQUIRE(record->id && record->generation, "a record has no id or no generation");
	FUZZ_REQUIRE(is_segment || record->kind == WIRE_KIND_FIFO, "a record has the kind %u",
		     record->kind);
	FUZZ_REQUIRE(is_segment == (record->size > 0) && record->size <= WIRE_SIZE_MAX,
		     "a record has an impossible size");
	FUZZ_REQUIRE(!access_mode_fault(is_segment, record->mode) &&
			     !access_list_fault(is_segment, &permission, &at),
		     "a record has a faulty permission");
}

static void read_and_write(const char *text, size_t size)
{
	struct record record, again;
	char written[RECORD_TEXT_MAX];
	const char *fault = NULL;
	int r = record_parse(text, size, &record, &fault);

	FUZZ_REQUIRE(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT, "reading gives %d", r);
	FUZZ_REQUIRE((r == 0) == (fault == NULL), "reading gives %d and says %s", r,
		     fault ? fault : "nothing");
	if (r < 0)
		return;
	expect_possible(&record);
	size = record_format(&record, written);
	FUZZ_REQUIRE(record_parse(written, size, &again, &fault) == 0,
		     "what was written cannot be read: it %s", fault);
	FUZZ_REQUIRE(memcmp(&record, &again, sizeof(record)) == 0,
		     "it reads otherwise when it is written again");
}

/* The lines of an object, so that they are looked at. */
static void read_as_lines(const uint8_t *data, size_t size)
{
	char text[RECORD_TEXT_MAX + 64] = HEAD;
	size_t used = strlen(HEAD);

	if (size > RECORD_TEXT_MAX)
		size = RECORD_TEXT_MAX;
	memcpy(text + used, data, size);
	used += size;
	used += (size_t)snprintf(text + used, sizeof(text) - used, "sum %016llx\n",
				 (unsigned long long)XXH3_64bits(text, used));
	read_and_write(text, used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_prepare();
	read_and_write((const char *)data, size);
	read_as_lines(data, size);
	return 0;
}
