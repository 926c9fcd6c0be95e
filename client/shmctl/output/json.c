/*
 * JSON for programs. The shapes are promised in docs/SHMCTL-JSON.md, and the end-to-end test holds
 * that file against what is printed: members may be added; none is renamed, removed, or given
 * another type.
 *
 *   status show key create fifo chmod chgrp grant revoke replace explain dump load version,
 *   state get and set, stream send, stat, evict and bench,
 *   cache get, set, stats and flush       one object
 *   graph                                 one object with two arrays in it
 *   list who remove doctor help, state history, cache delete   one object with one array in it
 *   watch, state watch, stream recv, cache keys  an object a line
 *
 * Ids of 64 bits are strings, since many readers of JSON keep only 53 of them; a mode is a string
 * in octal. What an object does not have is null.
 */
#include <inttypes.h>

#include "base/attr.h"
#include "facts/stream_report.h"
#include "line/command.h"
#include "line/options.h"
#include "output.h"
#include "shape.h"
#include "watch.h"
#include "who.h"
#include "wire/vocabulary.h"
#include "words/format.h"

/* The two forms of a System V key, and the id that goes with it. */
static void put_key(struct shape *shape, uint32_t key, uint32_t shmid)
{
	shape_put(shape, "key", key ? json_integer(key) : json_null());
	shape_put(shape, "key_hex", key ? json_sprintf("0x%08" PRIx32, key) : json_null());
	shape_put(shape, "shmid", key ? json_integer(shmid) : json_null());
}

static int print_status(FILE *out, const struct shmb_totals *status)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "version", status->version);
	shape_put_number(&shape, "pid", status->pid);
	shape_put_number(&shape, "uid", status->uid);
	shape_put_truth(&shape, "per_user", status->per_user);
	shape_put_path(&shape, "directory", status->directory);
	shape_put_number(&shape, "uptime_ms", status->uptime_ms);
	shape_put_number(&shape, "segments_sysv", status->segments_sysv);
	shape_put_number(&shape, "segments_memfd", status->segments_memfd);
	shape_put_number(&shape, "fifos", status->fifos);
	shape_put_number(&shape, "bytes", status->bytes);
	shape_put_number(&shape, "members", status->members);
	shape_put_number(&shape, "holds", status->holds);
	shape_put_number(&shape, "waiting", status->parked);
	return shape_print(out, shape);
}

static json_t *describe_acl(const struct shmb_acl_entry *entries, unsigned n)
{
	struct shape array = shape_array();

	for (unsigned i = 0; i < n; i++) {
		struct shape entry = shape_object();

		shape_put_text(&entry, "subject", wire_subject_text(entries[i].subject));
		shape_put_number(&entry, "id", entries[i].id);
		shape_put_text(&entry, "access", wire_access_text(entries[i].access));
		shape_append(&array, entry.json);
	}
	return array.json;
}

static struct shape describe_object(const struct shmb_object *object)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", object->name);
	shape_put_id(&shape, "id", object->id);
	shape_put_number(&shape, "generation", object->generation);
	shape_put_text(&shape, "kind", wire_kind_text(object->kind));
	shape_put_text(&shape, "backing", wire_backing_text(object->backing));
	shape_put_number(&shape, "size", object->size);
	shape_put_text(&shape, "lifetime", wire_lifetime_text(object->lifetime));
	shape_put_number(&shape, "linger_ms", object->linger_ms);
	shape_put_text(&shape, "state", wire_state_text(object->state));
	shape_put_number(&shape, "uid", object->uid);
	shape_put_number(&shape, "gid", object->gid);
	shape_put(&shape, "mode", json_sprintf("%04o", object->mode));
	shape_put(&shape, "acl", describe_acl(object->acl, object->acl_n));
	shape_put_text(&shape, "layout", object->layout);
	put_key(&shape, object->key, object->shmid);
	shape_put_path_or_null(&shape, "path", object->path);
	shape_put_number(&shape, "holders", object->holders);
	shape_put_number(&shape, "readers", object->readers);
	shape_put_number(&shape, "writers", object->writers);
	shape_put_number(&shape, "waiting", object->waiting);
	shape_put_number(&shape, "age_ms", object->age_ms);
	shape_put(&shape, "stream", json_null());
	shape_put(&shape, "cache", json_null());
	return shape;
}

static int print_list(FILE *out, const struct shmb_object *objects, size_t n)
{
	struct shape_rows rows = shape_rows(out, "objects");

	for (size_t i = 0; i < n; i++)
		shape_rows_add(&rows, describe_object(&objects[i]));
	return shape_rows_end(&rows);
}

static void put_holder(struct shape *shape, const struct shmb_holder *holder)
{
	shape_put(shape, "pid", holder ? json_integer(holder->pid) : json_null());
	shape_put_text_or_null(shape, "program", holder ? holder->program : NULL);
}

static json_t *describe_lanes(const struct stream_report *report)
{
	struct shape array = shape_array();

	for (unsigned i = 0; i < report->facts.lanes; i++) {
		const struct report_lane *lane = &report->lanes[i];
		struct shape shape = shape_object();

		shape_put_number(&shape, "lane", i);
		shape_put_number(&shape, "sent", lane->facts.sent);
		shape_put_number(&shape, "kept", lane->facts.kept);
		shape_put_truth(&shape, "waits", lane->facts.is_full);
		put_holder(&shape, lane->producer);
		shape_append(&array, shape.json);
	}
	return array.json;
}

static json_t *describe_consumers(const struct stream_report *report)
{
	struct shape array = shape_array();

	for (size_t i = 0; i < report->consumers_n; i++) {
		const struct report_consumer *consumer = &report->consumers[i];
		struct shape shape = shape_object();

		shape_put_path_or_null(&shape, "name", consumer->facts.name);
		shape_put_id(&shape, "ticket", consumer->facts.ticket);
		shape_put_truth(&shape, "here", consumer->facts.is_here);
		shape_put_number(&shape, "behind", consumer->facts.behind);
		shape_put_number(&shape, "held", consumer->facts.held);
		shape_put_number(&shape, "lost", consumer->facts.lost);
		shape_put_truth(&shape, "holds_up", consumer->holds_up);
		put_holder(&shape, consumer->holder);
		shape_append(&array, shape.json);
	}
	return array.json;
}

static json_t *describe_stream(const struct stream_report *report)
{
	const struct shmb_stream_facts *facts = &report->facts;
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", report->name);
	shape_put_text(&shape, "delivery", facts->delivery == SHMB_QUEUE ? "queue" : "broadcast");
	shape_put_text(&shape, "full", format_full_words[facts->full]);
	shape_put_truth(&shape, "times", facts->times);
	shape_put_number(&shape, "lane_size", facts->lane_size);
	shape_put_number(&shape, "record_size", facts->record_size);
	shape_put_number(&shape, "consumers_max", facts->consumers);
	shape_put(&shape, "lanes", describe_lanes(report));
	shape_put(&shape, "consumers", describe_consumers(report));
	return shape.json;
}

static int print_show(FILE *out, const struct shmb_object *object,
		      const struct stream_report *stream, const struct cache_report *cache)
{
	struct shape shape = describe_object(object);

	if (stream)
		shape_put(&shape, "stream", describe_stream(stream));
	if (cache)
		shape_put(&shape, "cache", output_cache_describe(cache).json);
	return shape_print(out, shape);
}

static int print_key(FILE *out, const struct shmb_object *object)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", object->name);
	put_key(&shape, object->key, object->shmid);
	shape_put_number(&shape, "size", object->size);
	return shape_print(out, shape);
}

static int print_create(FILE *out, const struct creation *creation)
{
	const struct shmb_segment_facts *info = &creation->info;
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", creation->name);
	shape_put_id(&shape, "id", info->id);
	shape_put_number(&shape, "size", creation->size);
	shape_put_text(&shape, "backing", wire_backing_text(info->backing));
	shape_put_text_or_null(&shape, "why", info->why);
	put_key(&shape, info->key, info->shmid);
	return shape_print(out, shape);
}

static int print_fifo(FILE *out, const char *name, uint64_t id, const char *path)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", name);
	shape_put_id(&shape, "id", id);
	shape_put_path(&shape, "path", path);
	return shape_print(out, shape);
}

static struct shape describe_removal(const struct removal *removal)
{
	struct shape shape = shape_object();

	/* As it was typed: a name that was refused may be outside the grammar. */
	shape_put_path(&shape, "name", removal->name);
	shape_put_truth(&shape, "removed", removal->is_removed);
	shape_put(&shape, "holders",
		  removal->is_removed ? json_integer(removal->holders) : json_null());
	shape_put_path_or_null(&shape, "error", removal->fault);
	return shape;
}

static int print_remove(FILE *out, const struct removal *removals, size_t n)
{
	struct shape_rows rows = shape_rows(out, "removals");

	for (size_t i = 0; i < n; i++)
		shape_rows_add(&rows, describe_removal(&removals[i]));
	return shape_rows_end(&rows);
}

static int print_permit(FILE *out, const char *name, uint32_t beyond)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", name);
	shape_put_number(&shape, "beyond", beyond);
	return shape_print(out, shape);
}

static int print_replace(FILE *out, const char *name, const struct shmb_replacement *replacement)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", name);
	shape_put_id(&shape, "id", replacement->id);
	shape_put_number(&shape, "generation", replacement->generation);
	shape_put_text(&shape, "backing", wire_backing_text(replacement->backing));
	shape_put_text_or_null(&shape, "why", replacement->why);
	shape_put_number(&shape, "holders", replacement->holders);
	return shape_print(out, shape);
}

static int print_explain(FILE *out, const struct explanation *explanation)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "deed", explanation->deed);
	shape_put_text(&shape, "name", explanation->name);
	shape_put_number(&shape, "uid", explanation->uid);
	shape_put_truth(&shape, "allowed", explanation->verdict.allowed);
	shape_put_text(&shape, "rule", explanation->verdict.rule);
	return shape_print(out, shape);
}

static struct shape describe_transfer(const struct transfer *transfer)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", transfer->name);
	shape_put_path_or_null(&shape, "file", transfer->file);
	shape_put_number(&shape, "bytes", transfer->bytes);
	shape_put_number(&shape, "size", transfer->size);
	return shape;
}

static int print_dump(FILE *out, const struct transfer *transfer)
{
	return shape_print(out, describe_transfer(transfer));
}

static int print_load(FILE *out, const struct transfer *transfer)
{
	struct shape shape = describe_transfer(transfer);

	shape_put_truth(&shape, "created", transfer->created);
	shape_put_truth(&shape, "initialised", transfer->initialised);
	return shape_print(out, shape);
}

static struct shape describe_value(const struct state_value *value)
{
	struct shape shape = shape_object();

	shape_put_number(&shape, "version", value->version);
	shape_put_number(&shape, "size", value->size);
	shape_put_bytes(&shape, "text", "base64", value->bytes, value->size);
	return shape;
}

static int print_state_get(FILE *out, const struct state_value *value)
{
	return shape_print(out, describe_value(value));
}

static int print_state_set(FILE *out, const char *name, const struct state_value *value,
			   bool is_new)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", name);
	shape_put_number(&shape, "version", value->version);
	shape_put_number(&shape, "size", value->size);
	shape_put_truth(&shape, "created", is_new);
	return shape_print(out, shape);
}

/* One of many: in a line, so that it is read when it comes. */
static int print_state_watch(FILE *out, const struct state_value *value)
{
	return shape_print_line(out, describe_value(value));
}

static int print_state_history(FILE *out, const struct state_value *values, size_t n)
{
	struct shape_rows rows = shape_rows(out, "versions");

	for (size_t i = 0; i < n; i++)
		shape_rows_add(&rows, describe_value(&values[i]));
	return shape_rows_end(&rows);
}

static int print_stream_send(FILE *out, const struct stream_sending *sending)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", sending->name);
	shape_put_number(&shape, "records", sending->records);
	shape_put_number(&shape, "bytes", sending->bytes);
	shape_put_truth(&shape, "created", sending->is_new);
	return shape_print(out, shape);
}

/* One of many: in a line, so that it is read when it comes. */
static int print_stream_recv(FILE *out, const struct shmb_record *record)
{
	struct shape shape = shape_object();

	shape_put_number(&shape, "lane", record->lane);
	shape_put_number(&shape, "number", record->number);
	shape_put_number(&shape, "lost", record->lost);
	shape_put_truth(&shape, "again", record->again);
	shape_put(&shape, "time_ns",
		  record->time_ns ? json_integer((json_int_t)record->time_ns) : json_null());
	shape_put_number(&shape, "size", record->size);
	shape_put_bytes(&shape, "text", "base64", record->data, record->size);
	return shape_print_line(out, shape);
}

static int print_stream_stat(FILE *out, const struct stream_report *report)
{
	return shape_print(out, (struct shape){describe_stream(report)});
}

static int print_stream_evict(FILE *out, const char *name, const char *who attr_unused,
			      uint64_t ticket)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", name);
	shape_put_id(&shape, "ticket", ticket);
	return shape_print(out, shape);
}

static int print_stream_bench(FILE *out, const struct stream_speed *speed)
{
	struct shape shape = shape_object();

	shape_put_number(&shape, "size", speed->size);
	shape_put_number(&shape, "records", speed->count);
	shape_put_number(&shape, "took_ns", speed->took_ns);
	shape_put_number(&shape, "round_p50_ns", speed->round_p50_ns);
	shape_put_number(&shape, "round_p99_ns", speed->round_p99_ns);
	return shape_print(out, shape);
}

static int print_version(FILE *out)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "version", SHMB_VERSION);
	return shape_print(out, shape);
}

static json_t *describe_options(unsigned families)
{
	struct shape array = shape_array();

	for (size_t i = 0; i < option_table_n; i++) {
		struct shape shape;

		if (!(option_table[i].families & families))
			continue;
		shape = shape_object();
		shape_put_text(&shape, "name", option_table[i].name);
		shape_put_text_or_null(&shape, "value", option_table[i].value);
		shape_put_text(&shape, "summary", option_table[i].summary);
		shape_append(&array, shape.json);
	}
	return array.json;
}

static struct shape describe_command(const struct command *command)
{
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", command->name);
	shape_put_text(&shape, "operands", command->operands);
	shape_put_text(&shape, "summary", command->summary);
	shape_put(&shape, "options", describe_options(command->options | OPTIONS_GLOBAL));
	return shape;
}

static int print_help(FILE *out, const struct command *command)
{
	struct shape_rows rows = shape_rows(out, "commands");

	for (size_t i = 0; i < command_table_n; i++)
		if (!command || command == &command_table[i])
			shape_rows_add(&rows, describe_command(&command_table[i]));
	return shape_rows_end(&rows);
}

const struct output output_json = {
	.status = print_status,
	.list = print_list,
	.show = print_show,
	.key = print_key,
	.who = output_who_json,
	.watch = output_watch_json,
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
	.cache = &output_cache_json,
	.graph = output_graph_json,
	.doctor = output_doctor_json,
	.version = print_version,
	.help = print_help,
};
