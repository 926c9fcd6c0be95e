/*
 * Text for people. Sizes and durations are written as they would be typed, users by name where the
 * machine knows them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "bytes/framing.h"
#include "facts/stream_report.h"
#include "line/command.h"
#include "line/options.h"
#include "output.h"
#include "style.h"
#include "table.h"
#include "watch.h"
#include "who.h"
#include "wire/vocabulary.h"
#include "words/format.h"
#include "words/readable.h"
#include "words/subject.h"

/* Enough for a lifetime with its linger. */
#define LIFETIME_TEXT_MAX (UNITS_TEXT_MAX + 16)

#define GLANCE_MAX      64 /* of a value */
#define STREAM_NAME_MAX sizeof(((struct shmb_seat_facts *)NULL)->name)

/* A lifetime as --lifetime takes it. */
static char *lifetime_text(const struct shmb_object *object, char text[static LIFETIME_TEXT_MAX])
{
	char linger[UNITS_TEXT_MAX];

	if (object->lifetime == SHMB_LIFETIME_USED && object->linger_ms > 0)
		snprintf(text, LIFETIME_TEXT_MAX, "%s:%s", wire_lifetime_text(object->lifetime),
			 units_format_duration(object->linger_ms, linger));
	else
		text_copy(text, LIFETIME_TEXT_MAX, wire_lifetime_text(object->lifetime));
	return text;
}

/* Of an object that cannot be used as it is. */
static enum style style_of_state(enum shmb_object_state state)
{
	return state == SHMB_STATE_READY ? STYLE_PLAIN : STYLE_WARNING;
}

static int print_status(FILE *out, const struct shmb_totals *status)
{
	char size[UNITS_TEXT_MAX], age[UNITS_TEXT_MAX], user[SUBJECT_TEXT_MAX];

	fprintf(out, "broker     %s, process %" PRIu32 ", user %s%s\n", status->version,
		status->pid, subject_user_text(status->uid, user),
		status->per_user ? " alone" : "");
	fprintf(out, "directory  %s\n", status->directory);
	fprintf(out, "running    %s\n", readable_age(status->uptime_ms, age));
	fprintf(out, "segments   %" PRIu32 " sysv, %" PRIu32 " memfd, together %s\n",
		status->segments_sysv, status->segments_memfd,
		units_format_size(status->bytes, size));
	fprintf(out, "fifos      %" PRIu32 "\n", status->fifos);
	fprintf(out, "members    %" PRIu32 ", who hold %" PRIu32 " and wait for %" PRIu32 "\n",
		status->members, status->holds, status->parked);
	return 0;
}

static int print_list(FILE *out, const struct shmb_object *objects, size_t n)
{
	static const struct column columns[] = {
		{"NAME", COLUMN_LEFT},     {"BACKING", COLUMN_LEFT}, {"SIZE", COLUMN_RIGHT},
		{"MODE", COLUMN_LEFT},     {"OWNER", COLUMN_LEFT},   {"LIFETIME", COLUMN_LEFT},
		{"HOLDERS", COLUMN_RIGHT}, {"STATE", COLUMN_LEFT},   {"AGE", COLUMN_RIGHT},
	};
	autotable *table = table_new(columns, ARRAY_SIZE(columns));
	char text[LIFETIME_TEXT_MAX + SUBJECT_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		const struct shmb_object *object = &objects[i];

		table_add(table, "%s", object->name);
		table_add(table, "%s", wire_backing_text(object->backing));
		table_add(table, "%s",
			  object->kind == SHMB_KIND_FIFO ? "-"
							 : units_format_size(object->size, text));
		table_add(table, "%04o", object->mode);
		table_add(table, "%s", subject_user_text(object->uid, text));
		table_add(table, "%s", lifetime_text(object, text));
		table_add(table, "%" PRIu32, object->holders);
		table_add(table, "%s", wire_state_text(object->state));
		table_style(table, style_of_state(object->state));
		table_add(table, "%s", readable_age(object->age_ms, text));
	}
	return table_print(table, out);
}

/* What a hostile peer may have put there. */
static char *printable(const char *name, char text[static STREAM_NAME_MAX])
{
	text_copy(text, STREAM_NAME_MAX, name);
	for (char *at = text; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return text;
}

static void print_holder(FILE *out, const struct shmb_holder *holder)
{
	if (holder)
		fprintf(out, "process %" PRIu32 " (%s)", holder->pid, holder->program);
	else
		fprintf(out, "away");
}

/* Of a stream what an object does not say: whether somebody waits there, and for whom. */
static void print_waits(FILE *out, const struct stream_report *report)
{
	char name[STREAM_NAME_MAX], size[UNITS_TEXT_MAX];
	unsigned full = 0, producers = 0;

	for (unsigned i = 0; i < report->facts.lanes; i++) {
		producers += report->lanes[i].producer != NULL;
		full += report->lanes[i].facts.is_full;
	}
	fprintf(out, "stream      %u of %u lanes have producers, %u of whom wait for room\n",
		producers, report->facts.lanes, full);
	for (size_t i = 0; i < report->consumers_n; i++) {
		const struct report_consumer *consumer = &report->consumers[i];

		if (!consumer->holds_up)
			continue;
		style_print(out, STYLE_WARNING, "held up by");
		fprintf(out, "  consumer %s%s%sticket %" PRIu64 ", ",
			consumer->facts.name[0] ? "\"" : "", printable(consumer->facts.name, name),
			consumer->facts.name[0] ? "\", " : "", consumer->facts.ticket);
		print_holder(out, consumer->holder);
		if (report->facts.delivery == SHMB_QUEUE)
			fprintf(out, ", which has %" PRIu64 " records\n", consumer->facts.held);
		else
			fprintf(out, ", %s behind\n",
				units_format_size(consumer->facts.behind, size));
	}
}

static int print_show(FILE *out, const struct shmb_object *object,
		      const struct stream_report *stream, const struct cache_report *cache)
{
	char size[UNITS_TEXT_MAX], age[UNITS_TEXT_MAX], lifetime[LIFETIME_TEXT_MAX];
	char user[SUBJECT_TEXT_MAX], group[SUBJECT_TEXT_MAX];

	fprintf(out, "name        %s\n", object->name);
	fprintf(out, "kind        %s\n", wire_kind_text(object->kind));
	fprintf(out, "id          %" PRIu64 ", generation %" PRIu64 "\n", object->id,
		object->generation);
	if (object->kind == SHMB_KIND_SEGMENT)
		fprintf(out, "size        %s (%" PRIu64 " bytes)\n",
			units_format_size(object->size, size), object->size);
	if (object->path[0])
		fprintf(out, "path        %s\n", object->path);
	if (object->kind == SHMB_KIND_SEGMENT)
		fprintf(out, "backing     %s\n", wire_backing_text(object->backing));
	if (object->key)
		fprintf(out, "key         0x%08" PRIx32 " (%" PRIu32 "), shmid %" PRIu32 "\n",
			object->key, object->key, object->shmid);
	if (object->layout[0])
		fprintf(out, "layout      %s\n", object->layout);
	fprintf(out, "permission  %04o, user %s, group %s\n", object->mode,
		subject_user_text(object->uid, user), subject_group_text(object->gid, group));
	for (unsigned i = 0; i < object->acl_n; i++)
		fprintf(out, "%s%s\n", i == 0 ? "granted     " : "            ",
			subject_entry_text(&object->acl[i], user));
	fprintf(out, "lifetime    %s\n", lifetime_text(object, lifetime));
	fputs("state       ", out);
	style_print(out, style_of_state(object->state), wire_state_text(object->state));
	fputc('\n', out);
	fprintf(out,
		"holders     %" PRIu32 ", of whom %" PRIu32 " may read and %" PRIu32
		" may write; %" PRIu32 " wait\n",
		object->holders, object->readers, object->writers, object->waiting);
	fprintf(out, "age         %s\n", readable_age(object->age_ms, age));
	if (stream)
		print_waits(out, stream);
	if (cache)
		output_cache_show(out, cache);
	return 0;
}

static int print_key(FILE *out, const struct shmb_object *object)
{
	fprintf(out, "0x%08" PRIx32 "\n", object->key);
	return 0;
}

static int print_create(FILE *out, const struct creation *creation)
{
	const struct shmb_segment_facts *info = &creation->info;
	char size[UNITS_TEXT_MAX];

	fprintf(out, "%s: %s %s", creation->name, units_format_size(creation->size, size),
		wire_backing_text(info->backing));
	if (info->key)
		fprintf(out, ", key 0x%08" PRIx32, info->key);
	if (info->why[0])
		fprintf(out, " (%s)", info->why);
	fputc('\n', out);
	return 0;
}

static int print_fifo(FILE *out, const char *name attr_unused, uint64_t id attr_unused,
		      const char *path)
{
	fprintf(out, "%s\n", path);
	return 0;
}

/* Silent when all is as it was wished for; the faults have been said. */
static int print_remove(FILE *out, const struct removal *removals, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (removals[i].is_removed && removals[i].holders > 0)
			fprintf(out, "%s: removed; %" PRIu32 " still %s it, until they detach\n",
				removals[i].name, removals[i].holders,
				removals[i].holders == 1 ? "holds" : "hold");
	return 0;
}

/* Silent when all is as it was wished for. */
static int print_permit(FILE *out, const char *name, uint32_t beyond)
{
	if (beyond > 0)
		fprintf(out,
			"%s: %" PRIu32 " %s more than is granted now until detached; \"shmctl "
			"replace %s\" shuts out who has it\n",
			name, beyond, beyond == 1 ? "holder keeps" : "holders keep", name);
	return 0;
}

static int print_replace(FILE *out, const char *name, const struct shmb_replacement *replacement)
{
	fprintf(out, "%s: generation %" PRIu64 ", %s", name, replacement->generation,
		wire_backing_text(replacement->backing));
	if (replacement->why[0])
		fprintf(out, " (%s)", replacement->why);
	if (replacement->holders > 0)
		fprintf(out, "; %" PRIu32 " still %s the one before, until they detach",
			replacement->holders, replacement->holders == 1 ? "holds" : "hold");
	fputc('\n', out);
	return 0;
}

static int print_explain(FILE *out, const struct explanation *explanation)
{
	bool is_allowed = explanation->verdict.allowed;

	style_print(out, is_allowed ? STYLE_GOOD : STYLE_PROBLEM,
		    is_allowed ? "allowed" : "denied");
	fprintf(out, ": %s\n", explanation->verdict.rule);
	return 0;
}

/* Nobody wants words among the bytes, or after them. */
static int print_dump(FILE *out attr_unused, const struct transfer *transfer attr_unused)
{
	return 0;
}

static int print_load(FILE *out, const struct transfer *transfer)
{
	char size[UNITS_TEXT_MAX];

	fprintf(out, "%s: %s%" PRIu64 " bytes loaded into %s%s\n", transfer->name,
		transfer->created ? "created, " : "", transfer->bytes,
		units_format_size(transfer->size, size),
		transfer->initialised && !transfer->created ? ", which are ready now" : "");
	return 0;
}

/* As they are: for the next program of a pipe, or a terminal whose owner knows what he asked for.
 */
static int print_state_get(FILE *out, const struct state_value *value)
{
	fwrite(value->bytes, 1, value->size, out);
	return 0;
}

static int print_state_set(FILE *out, const char *name, const struct state_value *value,
			   bool is_new)
{
	fprintf(out, "%s: %sversion %" PRIu64 ", %zu bytes\n", name, is_new ? "created, " : "",
		value->version, value->size);
	return 0;
}

/* The beginning of a value that is a line of text, "" of any other. */
static const char *format_glance(const struct state_value *value, char text[static GLANCE_MAX])
{
	const char *bytes = value->bytes;
	size_t size = value->size;

	if (size > 0 && bytes[size - 1] == '\n')
		size--;
	for (size_t i = 0; i < size; i++)
		if (bytes[i] < ' ' || bytes[i] > '~')
			return "";
	if (size < GLANCE_MAX)
		snprintf(text, GLANCE_MAX, "%.*s", (int)size, bytes);
	else
		snprintf(text, GLANCE_MAX, "%.*s...", GLANCE_MAX - 4, bytes);
	return text;
}

static int print_state_watch(FILE *out, const struct state_value *value)
{
	char text[GLANCE_MAX];
	const char *glance = format_glance(value, text);

	fprintf(out, "version %" PRIu64 ", %zu bytes%s%s\n", value->version, value->size,
		glance[0] ? ": " : "", glance);
	return 0;
}

static int print_state_history(FILE *out, const struct state_value *values, size_t n)
{
	static const struct column columns[] = {{"VERSION", COLUMN_RIGHT},
						{"SIZE", COLUMN_RIGHT},
						{"VALUE", COLUMN_LEFT}};
	autotable *table = table_new(columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < n; i++) {
		char text[GLANCE_MAX];
		const char *glance = format_glance(&values[i], text);

		table_add(table, "%" PRIu64, values[i].version);
		table_add(table, "%zu", values[i].size);
		table_add(table, "%s", glance[0] ? glance : "-");
	}
	return table_print(table, out);
}

/* Silent as cat(1) is. */
static int print_stream_send(FILE *out attr_unused,
			     const struct stream_sending *sending attr_unused)
{
	return 0;
}

static int print_stream_recv(FILE *out, const struct shmb_record *record)
{
	framing_print(out, false, record->data, record->size);
	return 0;
}

static void print_stream_facts(FILE *out, const struct shmb_stream_facts *facts)
{
	char size[UNITS_TEXT_MAX], most[UNITS_TEXT_MAX];

	fprintf(out, "%s of %u lanes of %s, for %u consumers; records up to %s%s; when full: %s\n",
		facts->delivery == SHMB_QUEUE ? "queue" : "broadcast", facts->lanes,
		units_format_size(facts->lane_size, size), facts->consumers,
		units_format_size(facts->record_size, most), facts->times ? ", with times" : "",
		format_full_words[facts->full]);
}

static int print_lanes(FILE *out, const struct stream_report *report)
{
	static const struct column columns[] = {
		{"LANE", COLUMN_RIGHT}, {"SENT", COLUMN_RIGHT},   {"KEPT", COLUMN_RIGHT},
		{"PID", COLUMN_RIGHT},  {"PROGRAM", COLUMN_LEFT}, {"STATE", COLUMN_LEFT},
	};
	autotable *table = table_new(columns, ARRAY_SIZE(columns));
	char size[UNITS_TEXT_MAX];

	for (unsigned i = 0; i < report->facts.lanes; i++) {
		const struct report_lane *lane = &report->lanes[i];

		if (lane->facts.sent == 0 && !lane->producer)
			continue;
		table_add(table, "%u", i);
		table_add(table, "%" PRIu64, lane->facts.sent);
		table_add(table, "%s", units_format_size(lane->facts.kept, size));
		if (lane->producer)
			table_add(table, "%" PRIu32, lane->producer->pid);
		else
			table_add(table, "-");
		table_add(table, "%s", lane->producer ? lane->producer->program : "-");
		table_add(table, "%s",
			  lane->facts.is_full ? "waits"
			  : lane->producer    ? "here"
					      : "free");
		table_style(table, lane->facts.is_full ? STYLE_WARNING : STYLE_PLAIN);
	}
	return table_print(table, out);
}

static int print_consumers(FILE *out, const struct stream_report *report)
{
	static const struct column columns[] = {
		{"CONSUMER", COLUMN_LEFT}, {"TICKET", COLUMN_RIGHT}, {"BEHIND", COLUMN_RIGHT},
		{"HELD", COLUMN_RIGHT},    {"LOST", COLUMN_RIGHT},   {"PID", COLUMN_RIGHT},
		{"PROGRAM", COLUMN_LEFT},  {"STATE", COLUMN_LEFT},
	};
	autotable *table = table_new(columns, ARRAY_SIZE(columns));
	char name[STREAM_NAME_MAX], size[UNITS_TEXT_MAX];

	for (size_t i = 0; i < report->consumers_n; i++) {
		const struct report_consumer *consumer = &report->consumers[i];
		const struct shmb_seat_facts *facts = &consumer->facts;

		table_add(table, "%s", facts->name[0] ? printable(facts->name, name) : "-");
		table_add(table, "%" PRIu64, facts->ticket);
		table_add(table, "%s", units_format_size(facts->behind, size));
		table_add(table, "%" PRIu64, facts->held);
		table_add(table, "%" PRIu64, facts->lost);
		table_style(table, facts->lost > 0 ? STYLE_WARNING : STYLE_PLAIN);
		if (consumer->holder)
			table_add(table, "%" PRIu32, consumer->holder->pid);
		else
			table_add(table, "-");
		table_add(table, "%s", consumer->holder ? consumer->holder->program : "-");
		table_add(table, "%s",
			  consumer->holds_up ? "holds up"
			  : consumer->holder ? "here"
					     : "away");
		table_style(table,
			    consumer->holds_up || !consumer->holder ? STYLE_WARNING : STYLE_PLAIN);
	}
	return table_print(table, out);
}

static int print_stream_stat(FILE *out, const struct stream_report *report)
{
	int r;

	print_stream_facts(out, &report->facts);
	r = print_lanes(out, report);
	return r < 0 ? r : print_consumers(out, report);
}

static int print_stream_evict(FILE *out, const char *name, const char *who, uint64_t ticket)
{
	fprintf(out, "%s: consumer %s sent away, ticket %" PRIu64 "\n", name, who, ticket);
	return 0;
}

static int print_stream_bench(FILE *out, const struct stream_speed *speed)
{
	double seconds = (double)speed->took_ns / 1e9;

	fprintf(out, "%zu bytes: %.2f million records a second, %.1f ns each, %.0f MB/s\n",
		speed->size, (double)speed->count / seconds / 1e6,
		(double)speed->took_ns / (double)speed->count,
		(double)speed->count * (double)speed->size / seconds / 1e6);
	fprintf(out,
		"to the other process and back: %" PRIu64 " ns (half), %" PRIu64
		" ns (99 of 100)\n",
		speed->round_p50_ns, speed->round_p99_ns);
	return 0;
}

static int print_version(FILE *out)
{
	fprintf(out, "shmctl %s\n", SHMB_VERSION);
	return 0;
}

static void print_options(FILE *out, unsigned families)
{
	char text[64];

	for (size_t i = 0; i < option_table_n; i++) {
		if (!(option_table[i].families & families))
			continue;
		snprintf(text, sizeof(text), "--%s%s%s", option_table[i].name,
			 option_table[i].value ? " " : "",
			 option_table[i].value ? option_table[i].value : "");
		fprintf(out, "  %-20s %s\n", text, option_table[i].summary);
	}
}

static void print_help_of_all(FILE *out)
{
	char text[64];

	fputs("usage: shmctl [OPTION]... COMMAND ...\n"
	      "Shared memory between unrelated programs: look at it and change it.\n\n",
	      out);
	for (size_t i = 0; i < command_table_n; i++) {
		snprintf(text, sizeof(text), "%s %s", command_table[i].name,
			 command_table[i].operands);
		fprintf(out, "  %-26s %s\n", text, command_table[i].summary);
	}
	fputs("\nFor every command:\n", out);
	print_options(out, OPTIONS_GLOBAL);
	fputs("\n\"shmctl help COMMAND\" has the rest. A name that begins with \"-\" comes after "
	      "\"--\".\n"
	      "Ends with 0 when it is done, 1 when it was refused or failed, 2 when the command "
	      "line\nmakes no sense.\n",
	      out);
}

static int print_help(FILE *out, const struct command *command)
{
	if (!command) {
		print_help_of_all(out);
		return 0;
	}
	fprintf(out, "usage: shmctl %s%s%s%s\n", command->name,
		command->options ? " [OPTION]..." : "", command->operands[0] ? " " : "",
		command->operands);
	fprintf(out, "%c%s.\n", command->summary[0] - 'a' + 'A', command->summary + 1);
	if (command->help[0])
		fprintf(out, "\n%s", command->help);
	fputc('\n', out);
	print_options(out, command->options);
	print_options(out, OPTIONS_GLOBAL);
	return 0;
}

const struct output output_human = {
	.status = print_status,
	.list = print_list,
	.show = print_show,
	.key = print_key,
	.who = output_who_human,
	.watch = output_watch_human,
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
	.cache = &output_cache_human,
	.graph = output_graph_dot,
	.doctor = output_doctor_human,
	.version = print_version,
	.help = print_help,
};
