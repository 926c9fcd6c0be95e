/*
 * JSON for programs. The shapes are promised in docs/SHMCTL-JSON.md, and the end-to-end test holds
 * that file against what is printed: members may be added; none is renamed, removed, or given
 * another type.
 *
 *   status show key create fifo chmod chgrp grant revoke replace explain dump load version,
 *   state get and set, stream send, stat, evict and bench   one object
 *   list who remove help, state history   one object with one array in it
 *   state watch, stream recv        an object a line
 *
 * Ids of 64 bits are strings, since many readers of JSON keep only 53 of them; a mode is a string
 * in octal. What an object does not have is null.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "command.h"
#include "options.h"
#include "output.h"
#include "stream_report.h"
#include "wire/vocabulary.h"

#define INDENT 2

/*
 * An object or an array in the making. A lack of memory makes it NULL for good, and whatever is put
 * into it then is ended.
 */
struct shape {
	json_t *json;
};

static struct shape shape_object(void)
{
	return (struct shape){json_object()};
}

static struct shape shape_array(void)
{
	return (struct shape){json_array()};
}

static void shape_check(struct shape *shape, int r)
{
	if (r == 0)
		return;
	json_decref(shape->json);
	shape->json = NULL;
}

/* jansson takes over VALUE in any case, and says no when it or the object is NULL. */
static void put(struct shape *shape, const char *member, json_t *value)
{
	shape_check(shape, json_object_set_new(shape->json, member, value));
}

static void append(struct shape *shape, json_t *element)
{
	shape_check(shape, json_array_append_new(shape->json, element));
}

static void put_number(struct shape *shape, const char *member, uint64_t number)
{
	put(shape, member, json_integer((json_int_t)number));
}

static void put_truth(struct shape *shape, const char *member, bool truth)
{
	put(shape, member, json_boolean(truth));
}

static void put_id(struct shape *shape, const char *member, uint64_t id)
{
	put(shape, member, json_sprintf("%" PRIu64, id));
}

static void put_text(struct shape *shape, const char *member, const char *text)
{
	put(shape, member, json_string(text));
}

static void put_text_or_null(struct shape *shape, const char *member, const char *text)
{
	put(shape, member, text && text[0] ? json_string(text) : json_null());
}

/*
 * The kernel takes any bytes for a path, JSON only UTF-8: of a path that is not, what is beyond
 * ASCII shows as "?".
 */
static void put_path(struct shape *shape, const char *member, const char *path)
{
	json_t *value = json_string(path);
	char *copy = value ? NULL : strdup(path);

	for (char *at = copy; at && *at; at++)
		if ((unsigned char)*at > '~')
			*at = '?';
	put(shape, member, value ? value : json_string(copy));
	free(copy);
}

static void put_path_or_null(struct shape *shape, const char *member, const char *path)
{
	if (path && path[0])
		put_path(shape, member, path);
	else
		put(shape, member, json_null());
}

/* The two forms of a System V key, and the id that goes with it. */
static void put_key(struct shape *shape, uint32_t key, uint32_t shmid)
{
	put(shape, "key", key ? json_integer(key) : json_null());
	put(shape, "key_hex", key ? json_sprintf("0x%08" PRIx32, key) : json_null());
	put(shape, "shmid", key ? json_integer(shmid) : json_null());
}

static int print_as(FILE *out, struct shape shape, size_t flags)
{
	int r = shape.json ? json_dumpf(shape.json, out, flags) : -1;

	json_decref(shape.json);
	if (r < 0)
		return -ENOMEM;
	fputc('\n', out);
	return 0;
}

static int print(FILE *out, struct shape shape)
{
	return print_as(out, shape, JSON_INDENT(INDENT));
}

/* Print ARRAY as the only member of an object. */
static int print_array(FILE *out, const char *member, struct shape array)
{
	struct shape shape = shape_object();

	put(&shape, member, array.json);
	return print(out, shape);
}

static int print_status(FILE *out, const struct shmb_totals *status)
{
	struct shape shape = shape_object();

	put_text(&shape, "version", status->version);
	put_number(&shape, "pid", status->pid);
	put_number(&shape, "uid", status->uid);
	put_truth(&shape, "per_user", status->per_user);
	put_path(&shape, "directory", status->directory);
	put_number(&shape, "uptime_ms", status->uptime_ms);
	put_number(&shape, "segments_sysv", status->segments_sysv);
	put_number(&shape, "segments_memfd", status->segments_memfd);
	put_number(&shape, "fifos", status->fifos);
	put_number(&shape, "bytes", status->bytes);
	put_number(&shape, "members", status->members);
	put_number(&shape, "holds", status->holds);
	put_number(&shape, "waiting", status->parked);
	return print(out, shape);
}

static json_t *describe_acl(const struct shmb_acl_entry *entries, unsigned n)
{
	struct shape array = shape_array();

	for (unsigned i = 0; i < n; i++) {
		struct shape entry = shape_object();

		put_text(&entry, "subject", wire_subject_text(entries[i].subject));
		put_number(&entry, "id", entries[i].id);
		put_text(&entry, "access", wire_access_text(entries[i].access));
		append(&array, entry.json);
	}
	return array.json;
}

static struct shape describe_object(const struct shmb_object *object)
{
	struct shape shape = shape_object();

	put_text(&shape, "name", object->name);
	put_id(&shape, "id", object->id);
	put_number(&shape, "generation", object->generation);
	put_text(&shape, "kind", wire_kind_text(object->kind));
	put_text(&shape, "backing", wire_backing_text(object->backing));
	put_number(&shape, "size", object->size);
	put_text(&shape, "lifetime", wire_lifetime_text(object->lifetime));
	put_number(&shape, "linger_ms", object->linger_ms);
	put_text(&shape, "state", wire_state_text(object->state));
	put_number(&shape, "uid", object->uid);
	put_number(&shape, "gid", object->gid);
	put(&shape, "mode", json_sprintf("%04o", object->mode));
	put(&shape, "acl", describe_acl(object->acl, object->acl_n));
	put_text(&shape, "layout", object->layout);
	put_key(&shape, object->key, object->shmid);
	put_path_or_null(&shape, "path", object->path);
	put_number(&shape, "holders", object->holders);
	put_number(&shape, "readers", object->readers);
	put_number(&shape, "writers", object->writers);
	put_number(&shape, "waiting", object->waiting);
	put_number(&shape, "age_ms", object->age_ms);
	put(&shape, "stream", json_null());
	return shape;
}

static int print_list(FILE *out, const struct shmb_object *objects, size_t n)
{
	struct shape array = shape_array();

	for (size_t i = 0; i < n; i++)
		append(&array, describe_object(&objects[i]).json);
	return print_array(out, "objects", array);
}

static void put_holder(struct shape *shape, const struct shmb_holder *holder)
{
	put(shape, "pid", holder ? json_integer(holder->pid) : json_null());
	put_text_or_null(shape, "program", holder ? holder->program : NULL);
}

static json_t *describe_lanes(const struct stream_report *report)
{
	struct shape array = shape_array();

	for (unsigned i = 0; i < report->facts.lanes; i++) {
		const struct report_lane *lane = &report->lanes[i];
		struct shape shape = shape_object();

		put_number(&shape, "lane", i);
		put_number(&shape, "sent", lane->facts.sent);
		put_number(&shape, "kept", lane->facts.kept);
		put_truth(&shape, "waits", lane->facts.is_full);
		put_holder(&shape, lane->producer);
		append(&array, shape.json);
	}
	return array.json;
}

static json_t *describe_consumers(const struct stream_report *report)
{
	struct shape array = shape_array();

	for (size_t i = 0; i < report->consumers_n; i++) {
		const struct report_consumer *consumer = &report->consumers[i];
		struct shape shape = shape_object();

		put_path_or_null(&shape, "name", consumer->facts.name);
		put_id(&shape, "ticket", consumer->facts.ticket);
		put_truth(&shape, "here", consumer->facts.is_here);
		put_number(&shape, "behind", consumer->facts.behind);
		put_number(&shape, "held", consumer->facts.held);
		put_number(&shape, "lost", consumer->facts.lost);
		put_truth(&shape, "holds_up", consumer->holds_up);
		put_holder(&shape, consumer->holder);
		append(&array, shape.json);
	}
	return array.json;
}

static json_t *describe_stream(const struct stream_report *report)
{
	const struct shmb_stream_facts *facts = &report->facts;
	struct shape shape = shape_object();

	put_text(&shape, "name", report->name);
	put_text(&shape, "delivery", facts->delivery == SHMB_QUEUE ? "queue" : "broadcast");
	put_text(&shape, "full", stream_full_words[facts->full]);
	put_truth(&shape, "times", facts->times);
	put_number(&shape, "lane_size", facts->lane_size);
	put_number(&shape, "record_size", facts->record_size);
	put_number(&shape, "consumers_max", facts->consumers);
	put(&shape, "lanes", describe_lanes(report));
	put(&shape, "consumers", describe_consumers(report));
	return shape.json;
}

static int print_show(FILE *out, const struct shmb_object *object,
		      const struct stream_report *report)
{
	struct shape shape = describe_object(object);

	if (report)
		put(&shape, "stream", describe_stream(report));
	return print(out, shape);
}

static int print_key(FILE *out, const struct shmb_object *object)
{
	struct shape shape = shape_object();

	put_text(&shape, "name", object->name);
	put_key(&shape, object->key, object->shmid);
	put_number(&shape, "size", object->size);
	return print(out, shape);
}

static json_t *describe_holder(const struct shmb_holder *holder)
{
	struct shape shape = shape_object();

	put_text(&shape, "name", holder->name);
	put_id(&shape, "id", holder->object);
	put_id(&shape, "member", holder->member);
	put_number(&shape, "pid", holder->pid);
	put_number(&shape, "uid", holder->uid);
	put_text(&shape, "program", holder->program);
	put_text(&shape, "access", wire_access_text(holder->access));
	put_text(&shape, "holding", wire_holding_text(holder->holding));
	put_number(&shape, "age_ms", holder->age_ms);
	return shape.json;
}

static int print_who(FILE *out, const struct shmb_holder *holders, size_t n)
{
	struct shape array = shape_array();

	for (size_t i = 0; i < n; i++)
		append(&array, describe_holder(&holders[i]));
	return print_array(out, "holders", array);
}

static int print_create(FILE *out, const struct creation *creation)
{
	const struct shmb_segment_facts *info = &creation->info;
	struct shape shape = shape_object();

	put_text(&shape, "name", creation->name);
	put_id(&shape, "id", info->id);
	put_number(&shape, "size", creation->size);
	put_text(&shape, "backing", wire_backing_text(info->backing));
	put_text_or_null(&shape, "why", info->why);
	put_key(&shape, info->key, info->shmid);
	return print(out, shape);
}

static int print_fifo(FILE *out, const char *name, uint64_t id, const char *path)
{
	struct shape shape = shape_object();

	put_text(&shape, "name", name);
	put_id(&shape, "id", id);
	put_path(&shape, "path", path);
	return print(out, shape);
}

static json_t *describe_removal(const struct removal *removal)
{
	struct shape shape = shape_object();

	/* As it was typed: a name that was refused may be outside the grammar. */
	put_path(&shape, "name", removal->name);
	put_truth(&shape, "removed", removal->is_removed);
	put(&shape, "holders", removal->is_removed ? json_integer(removal->holders) : json_null());
	put_path_or_null(&shape, "error", removal->fault);
	return shape.json;
}

static int print_remove(FILE *out, const struct removal *removals, size_t n)
{
	struct shape array = shape_array();

	for (size_t i = 0; i < n; i++)
		append(&array, describe_removal(&removals[i]));
	return print_array(out, "removals", array);
}

static int print_permit(FILE *out, const char *name, uint32_t beyond)
{
	struct shape shape = shape_object();

	put_text(&shape, "name", name);
	put_number(&shape, "beyond", beyond);
	return print(out, shape);
}

static int print_replace(FILE *out, const char *name, const struct shmb_replacement *replacement)
{
	struct shape shape = shape_object();

	put_text(&shape, "name", name);
	put_id(&shape, "id", replacement->id);
	put_number(&shape, "generation", replacement->generation);
	put_text(&shape, "backing", wire_backing_text(replacement->backing));
	put_text_or_null(&shape, "why", replacement->why);
	put_number(&shape, "holders", replacement->holders);
	return print(out, shape);
}

static int print_explain(FILE *out, const struct explanation *explanation)
{
	struct shape shape = shape_object();

	put_text(&shape, "deed", explanation->deed);
	put_text(&shape, "name", explanation->name);
	put_number(&shape, "uid", explanation->uid);
	put_truth(&shape, "allowed", explanation->verdict.allowed);
	put_text(&shape, "rule", explanation->verdict.rule);
	return print(out, shape);
}

static struct shape describe_transfer(const struct transfer *transfer)
{
	struct shape shape = shape_object();

	put_text(&shape, "name", transfer->name);
	put_path_or_null(&shape, "file", transfer->file);
	put_number(&shape, "bytes", transfer->bytes);
	put_number(&shape, "size", transfer->size);
	return shape;
}

static int print_dump(FILE *out, const struct transfer *transfer)
{
	return print(out, describe_transfer(transfer));
}

static int print_load(FILE *out, const struct transfer *transfer)
{
	struct shape shape = describe_transfer(transfer);

	put_truth(&shape, "created", transfer->created);
	put_truth(&shape, "initialised", transfer->initialised);
	return print(out, shape);
}

/* Every three bytes are four characters, and the last ones are filled up. */
static json_t *base64(const unsigned char *bytes, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t length = (size + 2) / 3 * 4, at = 0;
	char *text = malloc(length + 1);
	json_t *json;

	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16 |
				 (i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0) |
				 (i + 2 < size ? bytes[i + 2] : 0);

		for (unsigned digit = 0; digit < 4; digit++)
			text[at++] = digits[three >> (18 - 6 * digit) & 63];
	}
	if (size % 3 != 0)
		text[length - 1] = '=';
	if (size % 3 == 1)
		text[length - 2] = '=';
	json = json_stringn_nocheck(text, length);
	free(text);
	return json;
}

/* As text, too, where it is UTF-8. */
static void put_bytes(struct shape *shape, const void *bytes, size_t size)
{
	json_t *text = json_stringn(bytes, size);

	put_number(shape, "size", size);
	put(shape, "text", text ? text : json_null());
	put(shape, "base64", base64(bytes, size));
}

static struct shape describe_value(const struct state_value *value)
{
	struct shape shape = shape_object();

	put_number(&shape, "version", value->version);
	put_bytes(&shape, value->bytes, value->size);
	return shape;
}

static int print_state_get(FILE *out, const struct state_value *value)
{
	return print(out, describe_value(value));
}

static int print_state_set(FILE *out, const char *name, const struct state_value *value,
			   bool is_new)
{
	struct shape shape = shape_object();

	put_text(&shape, "name", name);
	put_number(&shape, "version", value->version);
	put_number(&shape, "size", value->size);
	put_truth(&shape, "created", is_new);
	return print(out, shape);
}

/* One of many: in a line, so that it is read when it comes. */
static int print_state_watch(FILE *out, const struct state_value *value)
{
	return print_as(out, describe_value(value), JSON_COMPACT);
}

static int print_state_history(FILE *out, const struct state_value *values, size_t n)
{
	struct shape array = shape_array();

	for (size_t i = 0; i < n; i++)
		append(&array, describe_value(&values[i]).json);
	return print_array(out, "versions", array);
}

static int print_stream_send(FILE *out, const struct stream_sending *sending)
{
	struct shape shape = shape_object();

	put_text(&shape, "name", sending->name);
	put_number(&shape, "records", sending->records);
	put_number(&shape, "bytes", sending->bytes);
	put_truth(&shape, "created", sending->is_new);
	return print(out, shape);
}

/* One of many: in a line, so that it is read when it comes. */
static int print_stream_recv(FILE *out, const struct shmb_record *record)
{
	struct shape shape = shape_object();

	put_number(&shape, "lane", record->lane);
	put_number(&shape, "number", record->number);
	put_number(&shape, "lost", record->lost);
	put_truth(&shape, "again", record->again);
	put(&shape, "time_ns",
	    record->time_ns ? json_integer((json_int_t)record->time_ns) : json_null());
	put_bytes(&shape, record->data, record->size);
	return print_as(out, shape, JSON_COMPACT);
}

static int print_stream_stat(FILE *out, const struct stream_report *report)
{
	return print(out, (struct shape){describe_stream(report)});
}

static int print_stream_evict(FILE *out, const char *name, const char *who attr_unused,
			      uint64_t ticket)
{
	struct shape shape = shape_object();

	put_text(&shape, "name", name);
	put_id(&shape, "ticket", ticket);
	return print(out, shape);
}

static int print_stream_bench(FILE *out, const struct stream_speed *speed)
{
	struct shape shape = shape_object();

	put_number(&shape, "size", speed->size);
	put_number(&shape, "records", speed->count);
	put_number(&shape, "took_ns", speed->took_ns);
	put_number(&shape, "round_p50_ns", speed->round_p50_ns);
	put_number(&shape, "round_p99_ns", speed->round_p99_ns);
	return print(out, shape);
}

static int print_version(FILE *out)
{
	struct shape shape = shape_object();

	put_text(&shape, "version", SHMB_VERSION);
	return print(out, shape);
}

static json_t *describe_options(unsigned families)
{
	struct shape array = shape_array();

	for (size_t i = 0; i < option_table_n; i++) {
		struct shape shape;

		if (!(option_table[i].families & families))
			continue;
		shape = shape_object();
		put_text(&shape, "name", option_table[i].name);
		put_text_or_null(&shape, "value", option_table[i].value);
		put_text(&shape, "summary", option_table[i].summary);
		append(&array, shape.json);
	}
	return array.json;
}

static json_t *describe_command(const struct command *command)
{
	struct shape shape = shape_object();

	put_text(&shape, "name", command->name);
	put_text(&shape, "operands", command->operands);
	put_text(&shape, "summary", command->summary);
	put(&shape, "options", describe_options(command->options | OPTIONS_GLOBAL));
	return shape.json;
}

static int print_help(FILE *out, const struct command *command)
{
	struct shape array = shape_array();

	for (size_t i = 0; i < command_table_n; i++)
		if (!command || command == &command_table[i])
			append(&array, describe_command(&command_table[i]));
	return print_array(out, "commands", array);
}

const struct output output_json = {
	.status = print_status,
	.list = print_list,
	.show = print_show,
	.key = print_key,
	.who = print_who,
	.create = print_create,
	.fifo = print_fifo,
	.remove = print_remove,
	.permit = print_permit,
	.replace = print_replace,
	.explain = print_explain,
	.dump = print_dump,
	.load = print_load,
	.state_get = print_state_get,
	.state_set = print_state_set,
	.state_watch = print_state_watch,
	.state_history = print_state_history,
	.stream_send = print_stream_send,
	.stream_recv = print_stream_recv,
	.stream_stat = print_stream_stat,
	.stream_evict = print_stream_evict,
	.stream_bench = print_stream_bench,
	.version = print_version,
	.help = print_help,
};
