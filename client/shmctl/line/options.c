/*
 * The options, and what each of them takes. To add one: its place in struct arguments, its taker,
 * and a row of the table.
 */
#include "options.h"

#include <string.h>

#include <shmbroker/state.h>

#include "base/attr.h"
#include "base/units.h"
#include "top/view.h"
#include "wire/vocabulary.h"
#include "words/complain.h"
#include "words/format.h"
#include "words/subject.h"
#include "words/value.h"

#define LIMIT_MAX 100000 /* more than any monitoring takes */

static const char *take_socket(struct arguments *arguments, const char *value)
{
	if (!value[0])
		return "is empty; give the path of the broker's socket";
	arguments->socket = value;
	return NULL;
}

static const char *take_json(struct arguments *arguments, const char *value attr_unused)
{
	arguments->json = true;
	return NULL;
}

static const char *take_help(struct arguments *arguments, const char *value attr_unused)
{
	arguments->help = true;
	return NULL;
}

static const char *take_linger(struct arguments *arguments, const char *value)
{
	uint64_t linger_ms;

	if (units_parse_duration(value, &linger_ms) < 0 || linger_ms > UINT32_MAX)
		return "has a linger that is no duration up to 49d; write used:30s";
	if (linger_ms == 0)
		return "would end at once, since shmctl leaves at once; write used:30s, or keep";
	arguments->lifetime = SHMB_LIFETIME_USED;
	arguments->linger_ms = (uint32_t)linger_ms;
	return NULL;
}

static const char *take_lifetime(struct arguments *arguments, const char *value)
{
	static const char with_linger[] = "used:";

	if (strncmp(value, with_linger, strlen(with_linger)) == 0)
		return take_linger(arguments, value + strlen(with_linger));
	if (strcmp(value, wire_lifetime_text(WIRE_LIFETIME_USED)) == 0)
		return take_linger(arguments, "0");
	if (strcmp(value, wire_lifetime_text(WIRE_LIFETIME_OWNER)) == 0)
		return "would end at once, since the owner would be shmctl; write used:30s, or "
		       "keep";
	if (strcmp(value, wire_lifetime_text(WIRE_LIFETIME_KEEP)) != 0)
		return "is no lifetime; write keep, or used:30s";
	arguments->lifetime = SHMB_LIFETIME_KEEP;
	return NULL;
}

static const char *take_mode(struct arguments *arguments, const char *value)
{
	const char *fault = value_read_mode(value, &arguments->mode);

	if (!fault && arguments->mode == 0)
		arguments->mode = SHMB_MODE_NONE;
	return fault;
}

static const char *take_group(struct arguments *arguments, const char *value)
{
	arguments->has_group = true;
	return subject_read_group(value, &arguments->gid);
}

static const char *take_uid(struct arguments *arguments, const char *value)
{
	arguments->has_user = true;
	return subject_read_user(value, &arguments->uid);
}

static const char *take_pid(struct arguments *arguments, const char *value)
{
	uint64_t number;

	if (!value_read_number(value, 1, INT32_MAX, &number))
		return "is no process id, which is a number from 1 to 2147483647";
	arguments->pid = (uint32_t)number;
	return NULL;
}

static const char *take_unit(struct arguments *arguments, const char *value)
{
	return systemd_unit_read_name(value, arguments->unit);
}

static const char *take_acl(struct arguments *arguments, const char *value)
{
	const char *fault;

	if (arguments->acl_n == SHMB_ACL_MAX)
		return "is one entry too many; put users into groups";
	fault = subject_read_entry(value, &arguments->acl[arguments->acl_n]);
	arguments->acl_n += !fault;
	return fault;
}

static const char *take_backing(struct arguments *arguments, const char *value)
{
	uint8_t backing;

	if (wire_backing_parse(value, &backing) < 0 || backing == WIRE_BACKING_FIFO)
		return "is no backing; write auto, sysv or memfd";
	arguments->backing = (enum shmb_backing)backing;
	return NULL;
}

static const char *take_layout(struct arguments *arguments, const char *value)
{
	arguments->layout = value;
	return NULL;
}

static const char *take_key(struct arguments *arguments, const char *value attr_unused)
{
	arguments->key = true;
	return NULL;
}

static const char *take_create(struct arguments *arguments, const char *value attr_unused)
{
	arguments->create = true;
	return NULL;
}

static const char *take_size(struct arguments *arguments, const char *value)
{
	const char *fault = value_read_size(value, &arguments->size);

	if (!fault && arguments->size == 0)
		fault = "is nothing; a segment has at least one byte";
	return fault;
}

static const char *take_value_size(struct arguments *arguments, const char *value)
{
	const char *fault = value_read_size(value, &arguments->value_size);

	if (!fault && (arguments->value_size == 0 || arguments->value_size > SHMB_STATE_VALUE_MAX))
		fault = "is no size of a value, which is from 1 byte to 1T";
	return fault;
}

static const char *take_slots(struct arguments *arguments, const char *value)
{
	uint64_t number;

	if (!value_read_number(value, 2, SHMB_STATE_SLOTS_MAX, &number))
		return "is no number of slots, which is from 2 to 65536";
	arguments->slots = (uint32_t)number;
	return NULL;
}

static const char *take_history(struct arguments *arguments, const char *value)
{
	uint64_t number;

	if (!value_read_number(value, 1, SHMB_STATE_SLOTS_MAX - 1, &number))
		return "is no history, which is from 1 to 65535 versions";
	arguments->history = (uint32_t)number;
	return NULL;
}

static const char *take_version(struct arguments *arguments, const char *value)
{
	return value_read_number(value, 1, UINT64_MAX, &arguments->version)
		       ? NULL
		       : "is no version; they are counted from 1";
}

static const char *take_count(struct arguments *arguments, const char *value)
{
	return value_read_number(value, 1, UINT64_MAX, &arguments->count)
		       ? NULL
		       : "is no count; write 1 or more";
}

static const char *take_lane_size(struct arguments *arguments, const char *value)
{
	const char *fault = value_read_size(value, &arguments->stream.lane_size);

	if (!fault && (arguments->stream.lane_size == 0 ||
		       arguments->stream.lane_size > SHMB_STREAM_LANE_MAX))
		fault = "is no size of a lane, which is up to 1G";
	return fault;
}

static const char *take_lanes(struct arguments *arguments, const char *value)
{
	uint64_t number;

	if (!value_read_number(value, 1, SHMB_STREAM_LANES_MAX, &number))
		return "is no number of lanes, which is from 1 to 1024";
	arguments->stream.lanes = (uint32_t)number;
	return NULL;
}

static const char *take_consumers(struct arguments *arguments, const char *value)
{
	uint64_t number;

	if (!value_read_number(value, 1, SHMB_STREAM_CONSUMERS_MAX, &number))
		return "is no number of consumers, which is from 1 to 256";
	arguments->stream.consumers = (uint32_t)number;
	return NULL;
}

static const char *take_full(struct arguments *arguments, const char *value)
{
	for (size_t i = 0; i <= SHMB_FULL_OVERWRITE; i++)
		if (strcmp(value, format_full_words[i]) == 0) {
			arguments->stream.full = (enum shmb_full)i;
			return NULL;
		}
	return "is nothing that a full lane can do; write wait, refuse or overwrite";
}

static const char *take_queue(struct arguments *arguments, const char *value attr_unused)
{
	arguments->stream.delivery = SHMB_QUEUE;
	return NULL;
}

static const char *take_times(struct arguments *arguments, const char *value attr_unused)
{
	arguments->stream.times = true;
	return NULL;
}

static const char *take_framed(struct arguments *arguments, const char *value attr_unused)
{
	arguments->framed = true;
	return NULL;
}

static const char *take_timeout(struct arguments *arguments, const char *value)
{
	if (units_parse_duration(value, &arguments->timeout_ms) < 0)
		return "is no duration; write 500ms, or 30s";
	arguments->has_timeout = true;
	return NULL;
}

static const char *take_oldest(struct arguments *arguments, const char *value attr_unused)
{
	arguments->consumer.start = SHMB_START_OLDEST;
	return NULL;
}

static const char *take_look(struct arguments *arguments, const char *value attr_unused)
{
	arguments->consumer.looks_on = true;
	return NULL;
}

static const char *take_consumer(struct arguments *arguments, const char *value)
{
	arguments->consumer.name = value;
	return NULL;
}

static const char *take_retain(struct arguments *arguments, const char *value)
{
	uint64_t retain_ms;

	if (units_parse_duration(value, &retain_ms) < 0 || retain_ms > UINT32_MAX)
		return "is no duration up to 49d; write 30s";
	arguments->consumer.retain_ms = (uint32_t)retain_ms;
	return NULL;
}

static const char *take_by_time(struct arguments *arguments, const char *value attr_unused)
{
	arguments->consumer.by_time = true;
	return NULL;
}

static const char *take_settle(struct arguments *arguments, const char *value)
{
	uint64_t settle_ms;

	if (units_parse_duration(value, &settle_ms) < 0 || settle_ms > UINT32_MAX / 1000)
		return "is no duration up to 71min; write 100ms";
	arguments->consumer.settle_us = (uint32_t)settle_ms * 1000;
	return NULL;
}

static const char *take_entry_size(struct arguments *arguments, const char *value)
{
	uint64_t size = 0;
	const char *fault = value_read_size(value, &size);

	if (!fault && (size == 0 || size > SHMB_CACHE_KEY_MAX + SHMB_CACHE_VALUE_MAX))
		fault = "is no size of a key and its value, which is from 1 byte to 1M";
	arguments->cache.entry_size = fault ? 0 : (uint32_t)size;
	return fault;
}

static const char *take_shards(struct arguments *arguments, const char *value)
{
	uint64_t number;

	if (!value_read_number(value, 1, SHMB_CACHE_SHARDS_MAX, &number))
		return "is no number of shards, which is from 1 to 1024";
	arguments->cache.shards = (uint32_t)number;
	return NULL;
}

static const char *take_ttl(struct arguments *arguments, const char *value)
{
	if (units_parse_duration(value, &arguments->terms.ttl_ms) < 0 ||
	    arguments->terms.ttl_ms > SHMB_CACHE_TTL_MAX)
		return "is no duration up to 3650d; write 90s, or 0 for ever";
	return NULL;
}

static const char *take_flags(struct arguments *arguments, const char *value)
{
	uint64_t number;

	if (!value_read_number(value, 0, UINT32_MAX, &number))
		return "is no number up to 4294967295";
	arguments->terms.flags = (uint32_t)number;
	return NULL;
}

static const char *take_add(struct arguments *arguments, const char *value attr_unused)
{
	arguments->add = true;
	return NULL;
}

static const char *take_replace(struct arguments *arguments, const char *value attr_unused)
{
	arguments->replace = true;
	return NULL;
}

static const char *take_long(struct arguments *arguments, const char *value attr_unused)
{
	arguments->is_long = true;
	return NULL;
}

static const char *take_textfile(struct arguments *arguments, const char *value)
{
	if (!value[0])
		return "is empty; name a file, as shmbroker.prom";
	arguments->textfile = value;
	return NULL;
}

static const char *take_limit(struct arguments *arguments, const char *value)
{
	uint64_t number;

	if (!value_read_number(value, 0, LIMIT_MAX, &number))
		return "is no limit, which is from 0 to 100000";
	arguments->has_limit = true;
	arguments->limit = (uint32_t)number;
	return NULL;
}

static const char *take_interval(struct arguments *arguments, const char *value)
{
	if (units_parse_duration(value, &arguments->interval_ms) < 0 ||
	    arguments->interval_ms < TOP_INTERVAL_MIN_MS ||
	    arguments->interval_ms > TOP_INTERVAL_MAX_MS)
		return "is no duration from 100ms to 60s";
	return NULL;
}

static const char *take_sort(struct arguments *arguments, const char *value)
{
	if (top_column_find(value) == top_object_table.n)
		return "is no column; write name, holders, rate, waits, locks, fills, news, type, "
		       "size, readers or writers";
	arguments->sort = value;
	return NULL;
}

static const char *take_filter(struct arguments *arguments, const char *value)
{
	if (strlen(value) >= TOP_FILTER_SIZE)
		return "is too long; a filter has up to 63 bytes";
	arguments->filter = value;
	return NULL;
}

// clang-format off

const struct option_row option_table[] = {
	{"socket", "PATH", "the broker's socket, when it is not the usual one",
	 OPTIONS_GLOBAL, take_socket},
	{"json", NULL, "print JSON, as docs/SHMCTL-JSON.md says",
	 OPTIONS_GLOBAL, take_json},
	{"help", NULL, "explain the command and do nothing",
	 OPTIONS_GLOBAL, take_help},
	{"create", NULL, "create it when there is none; a segment as large as the file",
	 OPTIONS_LOAD | OPTIONS_CREATE, take_create},
	{"size", "SIZE", "the size; of a cache 64M by default; load --create needs it for a pipe",
	 OPTIONS_LOAD | OPTIONS_BACKING | OPTIONS_RECORD | OPTIONS_CACHE, take_size},
	{"lifetime", "LIFETIME",
	 "keep (the default), or used:30s: until 30 seconds after its last use",
	 OPTIONS_MAKE, take_lifetime},
	{"mode", "OCTAL", "permission bits; by default as the broker's policy has it, or 0600",
	 OPTIONS_MAKE, take_mode},
	{"group", "GROUP", "the group, one that you are in; your own by default",
	 OPTIONS_MAKE, take_group},
	{"acl", "ENTRY", "what one user or group may do: u:alice:rw, g:ops:r; may be given again",
	 OPTIONS_MAKE, take_acl},
	{"uid", "USER", "ask about this user and the groups that he is listed in; yourself by default",
	 OPTIONS_WHO, take_uid},
	{"gid", "GROUP", "ask about somebody who is in this group alone",
	 OPTIONS_WHO, take_group},
	{"pid", "PID", "what this process holds",
	 OPTIONS_HOLDER, take_pid},
	{"user", "USER", "what processes of this user hold",
	 OPTIONS_HOLDER, take_uid},
	{"unit", "UNIT", "what processes of this unit of systemd hold; .service may be left out",
	 OPTIONS_HOLDER, take_unit},
	{"backing", "BACKING", "auto (the default), sysv or memfd",
	 OPTIONS_SEGMENT | OPTIONS_BACKING | OPTIONS_STATE | OPTIONS_STREAM | OPTIONS_CACHE,
	 take_backing},
	{"value-size", "SIZE", "the largest value; by default as large as the first one",
	 OPTIONS_STATE, take_value_size},
	{"slots", "N", "values that it has room for, 2 to 65536, 8 by default",
	 OPTIONS_STATE, take_slots},
	{"history", "N", "versions that can be read by number, fewer than slots; 1 by default",
	 OPTIONS_STATE, take_history},
	{"version", "N", "this version instead of the last; cache set: in place of this one only",
	 OPTIONS_VERSION, take_version},
	{"count", "N", "end after so many",
	 OPTIONS_COUNT, take_count},
	{"lane-size", "SIZE", "bytes of a lane, made a power of two, 256K by default; a record has half",
	 OPTIONS_STREAM, take_lane_size},
	{"lanes", "N", "producers that there can be at a time, 1 to 1024, 16 by default",
	 OPTIONS_STREAM, take_lanes},
	{"consumers", "N", "consumers that there can be at a time, 1 to 256, 16 by default",
	 OPTIONS_STREAM, take_consumers},
	{"full", "WORD", "what a full lane does: wait (the default), refuse or overwrite",
	 OPTIONS_STREAM, take_full},
	{"queue", NULL, "each record is for one consumer, and not for all",
	 OPTIONS_STREAM, take_queue},
	{"times", NULL, "records say when they were sent",
	 OPTIONS_STREAM, take_times},
	{"framed", NULL, "records stand behind their lengths, and not in lines",
	 OPTIONS_FRAMED, take_framed},
	{"timeout", "DURATION", "how long to wait: for room, a record, or others who change it",
	 OPTIONS_TIMEOUT, take_timeout},
	{"oldest", NULL, "begin with the oldest records that are kept, not with the next",
	 OPTIONS_CONSUMER, take_oldest},
	{"look", NULL, "look on: hold nobody back, and take nothing from a queue",
	 OPTIONS_CONSUMER, take_look},
	{"consumer", "NAME", "the name under which the next one goes on where this one ends",
	 OPTIONS_CONSUMER, take_consumer},
	{"retain", "DURATION", "how long it is waited for then",
	 OPTIONS_CONSUMER, take_retain},
	{"by-time", NULL, "in the order of their times, of a stream that has them",
	 OPTIONS_CONSUMER, take_by_time},
	{"settle", "DURATION", "by time: let records grow so old, for those that come late",
	 OPTIONS_CONSUMER, take_settle},
	{"entry-size", "SIZE", "of a key and its value, on the average; 128 by default",
	 OPTIONS_CACHE, take_entry_size},
	{"shards", "N", "parts that are written to independently, 1 to 1024",
	 OPTIONS_CACHE, take_shards},
	{"ttl", "DURATION", "how long it lives, up to 3650d; for ever by default",
	 OPTIONS_ENTRY, take_ttl},
	{"flags", "N", "a number of the program's own, up to 4294967295; 0 by default",
	 OPTIONS_ENTRY, take_flags},
	{"add", NULL, "only if the key is not there",
	 OPTIONS_ENTRY, take_add},
	{"replace", NULL, "only if the key is there",
	 OPTIONS_ENTRY, take_replace},
	{"long", NULL, "with sizes, times, versions and flags",
	 OPTIONS_LONG, take_long},
	{"textfile", "FILE", "write a file for node_exporter's textfile collector; - prints it",
	 OPTIONS_METRICS, take_textfile},
	{"limit", "N", "name so many caches, streams and users at most, 100 by default",
	 OPTIONS_METRICS, take_limit},
	{"interval", "DURATION", "between two looks, 100ms to 60s, 1s by default",
	 OPTIONS_TOP, take_interval},
	{"sort", "COLUMN", "by name, holders, rate (the default), waits, locks, fills, news, type, ...",
	 OPTIONS_TOP, take_sort},
	{"filter", "TEXT", "only objects that have this in their names",
	 OPTIONS_TOP, take_filter},
	{"layout", "TAG", "layout tag: openers that name another one are refused",
	 OPTIONS_SEGMENT, take_layout},
	{"key", NULL, "with a System V key, for programs that call shmget(2)",
	 OPTIONS_SEGMENT, take_key},
};

// clang-format on

_Static_assert(ARRAY_SIZE(option_table) <= OPTIONS_MAX, "raise it");
const size_t option_table_n = ARRAY_SIZE(option_table);
