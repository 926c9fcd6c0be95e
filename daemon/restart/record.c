/*
 * A table of fields, from which writing and reading come; then what must hold between them. A file
 * with a good checksum was written by a broker, but perhaps by another one than this: so it is
 * judged like any input.
 */
#include "restart/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/attr.h"
#include "objects/segment.h"
#include "rules/access.h"
#include "wire/name.h"
#include "wire/vocabulary.h"

#define HEAD      "shmbroker-object "
#define VERSION   "1"
#define SUM       "sum "
#define SUM_SIZE  (sizeof(SUM) - 1 + 16 + 1) /* of its line */
#define SPARE     "spare "
#define STEP      512u /* of the size of a text */
#define WORDS_MAX 16u

enum field_type { NUMBER, OCTAL, WORD, TEXT, LIST, GROUPS };

struct field {
	const char *name;
	enum field_type type;
	uint16_t offset;
	uint16_t size;
	const char *(*word)(unsigned number); /* of a WORD */
};

#define FIELD(name, type, ...)                                                                     \
	{                                                                                          \
#name, type, offsetof(struct record, name), sizeof(((struct record *)NULL)->name), \
			__VA_ARGS__                                                                \
	}

static const struct field fields[] = {
	FIELD(id, NUMBER, NULL),
	FIELD(name, TEXT, NULL),
	FIELD(kind, WORD, wire_kind_text),
	FIELD(backing, WORD, wire_backing_text),
	FIELD(size, NUMBER, NULL),
	FIELD(layout, TEXT, NULL),
	FIELD(generation, NUMBER, NULL),
	FIELD(ready, NUMBER, NULL),
	FIELD(author, NUMBER, NULL),
	FIELD(ends, NUMBER, NULL),
	FIELD(created_ms, NUMBER, NULL),
	FIELD(uid, NUMBER, NULL),
	FIELD(gid, NUMBER, NULL),
	FIELD(mode, OCTAL, NULL),
	FIELD(acl, LIST, NULL),
	FIELD(owner_in_group, NUMBER, NULL),
	FIELD(owner_groups, GROUPS, NULL),
	FIELD(lifetime, WORD, wire_lifetime_text),
	FIELD(linger_ms, NUMBER, NULL),
	FIELD(owner, NUMBER, NULL),
	FIELD(owner_pid, NUMBER, NULL),
	FIELD(owner_mark, NUMBER, NULL),
	FIELD(key, NUMBER, NULL),
	FIELD(ipc_namespace, NUMBER, NULL),
	FIELD(wants_key, NUMBER, NULL),
	FIELD(grant_gid, NUMBER, NULL),
	FIELD(grant_mode, OCTAL, NULL),
	FIELD(inode, NUMBER, NULL),
	FIELD(stored, NUMBER, NULL),
	FIELD(doorbell, NUMBER, NULL),
	FIELD(doorbell_inode, NUMBER, NULL),
};

static uint64_t load(const struct field *field, const struct record *record)
{
	const uint8_t *from = (const uint8_t *)record + field->offset;
	uint64_t number = 0;

	/* Little-endian machines only, here as everywhere. */
	memcpy(&number, from, field->size);
	return number;
}

/* Returns false when NUMBER does not fit. */
static bool store(const struct field *field, struct record *record, uint64_t number)
{
	if (field->size < sizeof(number) && number >> (8 * field->size) != 0)
		return false;
	memcpy((uint8_t *)record + field->offset, &number, field->size);
	return true;
}

/* Writing. Bounds of the fields add up to less than the text may be. */

struct writer {
	char *text;
	size_t used;
};

static void put(struct writer *writer, const char *text)
{
	size_t size = strlen(text);

	memcpy(writer->text + writer->used, text, size);
	writer->used += size;
}

static void put_number(struct writer *writer, uint64_t number, unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do
		digits[--at] = (char)('0' + number % base);
	while (number /= base);
	put(writer, digits + at);
}

static void put_list(struct writer *writer, const struct wire_acl *acl)
{
	for (unsigned i = 0; i < acl->n; i++) {
		put(writer, i == 0 ? "" : " ");
		put(writer, wire_subject_text(acl->entries[i].subject));
		put(writer, ":");
		put_number(writer, acl->entries[i].id, 10);
		put(writer, ":");
		put(writer, wire_access_text(acl->entries[i].access));
	}
}

static void put_groups(struct writer *writer, const struct record_groups *groups)
{
	for (unsigned i = 0; i < groups->n; i++) {
		put(writer, i == 0 ? "" : " ");
		put_number(writer, groups->gids[i], 10);
	}
}

static void put_field(struct writer *writer, const struct field *field, const struct record *record)
{
	const char *at = (const char *)record + field->offset;

	put(writer, field->name);
	put(writer, field->type == OCTAL ? " 0" : " ");
	switch (field->type) {
	case NUMBER:
		put_number(writer, load(field, record), 10);
		break;
	case OCTAL:
		put_number(writer, load(field, record), 8);
		break;
	case WORD:
		put(writer, field->word((unsigned)load(field, record)));
		break;
	case TEXT:
		put(writer, at);
		break;
	case LIST:
		put_list(writer, (const struct wire_acl *)(const void *)at);
		break;
	case GROUPS:
		put_groups(writer, (const struct record_groups *)(const void *)at);
		break;
	}
	put(writer, "\n");
}

/* With the sum, which is still to come, it is then a multiple of STEP. */
static void fill_up(struct writer *writer)
{
	size_t least = writer->used + strlen(SPARE "-\n") + SUM_SIZE;
	size_t rest = (least + STEP - 1) / STEP * STEP - least;

	put(writer, SPARE "-");
	memset(writer->text + writer->used, '-', rest);
	writer->used += rest;
	put(writer, "\n");
}

static bool is_empty(const struct field *field, const struct record *record)
{
	const char *at = (const char *)record + field->offset;

	if (field->type == TEXT)
		return *at == '\0';
	if (field->type == LIST)
		return ((const struct wire_acl *)(const void *)at)->n == 0;
	if (field->type == GROUPS)
		return ((const struct record_groups *)(const void *)at)->n == 0;
	return load(field, record) == 0;
}

static void format_sum(const char *text, size_t size, char line[static SUM_SIZE + 1])
{
	snprintf(line, SUM_SIZE + 1, SUM "%016" PRIx64 "\n", (uint64_t)XXH3_64bits(text, size));
}

size_t record_format(const struct record *record, char text[static RECORD_TEXT_MAX])
{
	struct writer writer = {.text = text};
	char sum[SUM_SIZE + 1];

	put(&writer, HEAD VERSION "\n");
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (!is_empty(&fields[i], record))
			put_field(&writer, &fields[i], record);
	fill_up(&writer);
	format_sum(text, writer.used, sum);
	put(&writer, sum);
	return writer.used;
}

/* Reading. */

/* The whole of TEXT as a number. */
static bool read_number(const char *text, int base, uint64_t *ret_number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(text, &end, base);
	return errno == 0 && *end == '\0';
}

static bool read_word(const struct field *field, const char *text, uint64_t *ret_number)
{
	for (unsigned i = 0; i < WORDS_MAX; i++)
		if (strcmp(field->word(i), text) == 0) {
			*ret_number = i;
			return strcmp(text, field->word(WORDS_MAX)) != 0;
		}
	return false;
}

/* "u:1000:rw" */
static bool read_entry(char *text, struct wire_acl_entry *ret_entry)
{
	char *id = strchr(text, ':'), *access = id ? strchr(id + 1, ':') : NULL;
	uint64_t number;

	if (!access)
		return false;
	*id++ = '\0';
	*access++ = '\0';
	if (!read_number(id, 10, &number) || number > UINT32_MAX)
		return false;
	ret_entry->id = (uint32_t)number;
	return wire_subject_parse(text, &ret_entry->subject) == 0 &&
	       wire_access_parse(access, &ret_entry->access) == 0;
}

static bool read_list(char *text, struct wire_acl *ret_acl)
{
	char *position = NULL;

	for (char *word = strtok_r(text, " ", &position); word;
	     word = strtok_r(NULL, " ", &position))
		if (ret_acl->n == WIRE_ACL_MAX ||
		    !read_entry(word, &ret_acl->entries[ret_acl->n++]))
			return false;
	return true;
}

static bool read_groups(char *text, struct record_groups *ret_groups)
{
	char *position = NULL;
	uint64_t gid;

	for (char *word = strtok_r(text, " ", &position); word;
	     word = strtok_r(NULL, " ", &position)) {
		if (ret_groups->n == RECORD_GROUPS_MAX || !read_number(word, 10, &gid) ||
		    gid > UINT32_MAX)
			return false;
		ret_groups->gids[ret_groups->n++] = (uint32_t)gid;
	}
	return true;
}

static bool read_value(const struct field *field, char *value, struct record *record)
{
	char *at = (char *)record + field->offset;
	uint64_t number = 0;

	switch (field->type) {
	case TEXT:
		if (strlen(value) >= field->size)
			return false;
		strcpy(at, value);
		return true;
	case LIST:
		return read_list(value, (struct wire_acl *)(void *)at);
	case GROUPS:
		return read_groups(value, (struct record_groups *)(void *)at);
	case WORD:
		return read_word(field, value, &number) && store(field, record, number);
	default:
		return read_number(value, field->type == OCTAL ? 8 : 10, &number) &&
		       store(field, record, number);
	}
}

/* A line, "name value". Fields that this version does not know are passed over. */
static bool read_line(char *line, struct record *record)
{
	char *value = strchr(line, ' ');

	if (!value)
		return false;
	*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].name, line) == 0)
			return is_empty(&fields[i], record) &&
			       read_value(&fields[i], value, record);
	return true;
}

static bool sum_is_right(const char *text, size_t size)
{
	size_t before = size - SUM_SIZE;
	char line[SUM_SIZE + 1];

	format_sum(text, before, line);
	return memcmp(text + before, line, SUM_SIZE) == 0;
}

/* What must hold between the fields, whoever wrote them. NULL when it does. */
static const char *fault_of_segment(const struct record *record)
{
	if (record->backing != WIRE_BACKING_SYSV && record->backing != WIRE_BACKING_MEMFD)
		return "has a backing that no segment has";
	if (record->size == 0 || record->size > WIRE_SIZE_MAX)
		return "has a size that no segment has";
	if ((record->backing == WIRE_BACKING_SYSV) != (record->key != 0))
		return "has a key without System V, or the reverse";
	if (record->grant_mode & ~0666u)
		return "has a grant that no segment has";
	return NULL;
}

static const char *fault_of_fifo(const struct record *record)
{
	if (record->backing != WIRE_BACKING_FIFO || record->size != 0 || record->key != 0)
		return "is of a FIFO with the backing, the size or the key of a segment";
	return NULL;
}

static bool has_good_ids(const struct record *record)
{
	return record->id <= RECORD_ID_MAX && record->stored <= RECORD_ID_MAX &&
	       record->doorbell <= RECORD_ID_MAX && record->owner <= RECORD_ID_MAX &&
	       record->author <= RECORD_ID_MAX;
}

static const char *fault_of(const struct record *record)
{
	const struct permission permission = {
		.uid = record->uid,
		.gid = record->gid,
		.mode = record->mode,
		.n_acl = record->acl.n,
		.acl = record->acl.entries,
	};
	bool is_segment = record->kind == WIRE_KIND_SEGMENT;
	unsigned at;

	if (wire_name_fault(record->name) || wire_layout_fault(record->layout))
		return "has no good name or layout tag";
	if (record->id == 0 || record->generation == 0)
		return "has no id or no generation";
	if (!has_good_ids(record))
		return "has an id that no broker gives out";
	if (record->kind == 0 || record->lifetime == 0)
		return "has no kind or no lifetime";
	if (record->lifetime == WIRE_LIFETIME_OWNER &&
	    (record->owner == 0 || record->owner_pid == 0 || record->owner_pid > INT32_MAX))
		return "ends with an owner that it does not name";
	if (record->ready > 1 || record->owner_in_group > 1 || record->wants_key > 1 ||
	    record->ends > 1)
		return "has a flag that is neither 0 nor 1";
	if (access_mode_fault(is_segment, record->mode) ||
	    access_list_fault(is_segment, &permission, &at))
		return "has a permission that no object has";
	return is_segment ? fault_of_segment(record) : fault_of_fifo(record);
}

int record_parse(const char *text, size_t size, struct record *ret_record, const char **ret_fault)
{
	struct record record = {.id = 0};
	char copy[RECORD_TEXT_MAX];
	char *position = NULL;

	*ret_fault = "is no file of an object";
	if (size < strlen(HEAD VERSION "\n") || size >= sizeof(copy) ||
	    memcmp(text, HEAD, sizeof(HEAD) - 1) != 0)
		return -EBADMSG;
	*ret_fault = "is of another version of the broker";
	if (strncmp(text + sizeof(HEAD) - 1, VERSION "\n", sizeof(VERSION)) != 0)
		return -EPROTONOSUPPORT;
	*ret_fault = "is damaged: its checksum is wrong";
	if (size < sizeof(HEAD VERSION) + SUM_SIZE || memchr(text, 0, size) ||
	    !sum_is_right(text, size))
		return -EBADMSG;
	memcpy(copy, text, size - SUM_SIZE);
	copy[size - SUM_SIZE] = '\0';
	(void)strtok_r(copy, "\n", &position);
	*ret_fault = "has a line that says nothing";
	for (char *line = strtok_r(NULL, "\n", &position); line;
	     line = strtok_r(NULL, "\n", &position))
		if (!read_line(line, &record))
			return -EBADMSG;
	*ret_fault = fault_of(&record);
	if (*ret_fault)
		return -EBADMSG;
	*ret_record = record;
	return 0;
}
