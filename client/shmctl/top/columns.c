/*
 * To add a column: a row here. It is shown where it fits, those before it first.
 */
#include "columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "words/readable.h"

#define NAME_WIDTH   12 /* the least that is of use */
#define WORD_WIDTH   7
#define COUNT_WIDTH  5
#define NUMBER_WIDTH 6
#define UID_WIDTH    10

char *top_number(double number, char text[static TOP_CELL_MAX])
{
	static const char letters[] = "kMGTPE";
	const double largest_whole = 99999, unit = 1000, few = 10;
	size_t n = 0;

	if (number > 0 && number < few)
		snprintf(text, TOP_CELL_MAX, "%.1f", number);
	else if (number <= largest_whole)
		snprintf(text, TOP_CELL_MAX, "%.0f", number);
	if (number <= largest_whole)
		return text;
	for (number /= unit; number > largest_whole && letters[n + 1]; n++)
		number /= unit;
	snprintf(text, TOP_CELL_MAX, "%.0f%c", number, letters[n]);
	return text;
}

static void count_text(uint64_t count, char text[static TOP_CELL_MAX])
{
	if (count < 10)
		snprintf(text, TOP_CELL_MAX, "%" PRIu64, count);
	else
		top_number((double)count, text);
}

/* A count of ROW, as a number and as a text. */
#define COUNT(function, type, expression)                                                          \
	static uint64_t function##_count(const type *row)                                          \
	{                                                                                          \
		return expression;                                                                 \
	}                                                                                          \
	static double function##_number(const void *row)                                           \
	{                                                                                          \
		return (double)function##_count(row);                                              \
	}                                                                                          \
	static attr_unused void function##_text(const void *row, char text[static TOP_CELL_MAX])   \
	{                                                                                          \
		count_text(function##_count(row), text);                                           \
	}

COUNT(holders, struct top_object, row->holders)
COUNT(readers, struct top_object, row->readers)
COUNT(writers, struct top_object, row->writers)
COUNT(waits, struct top_object, (uint64_t)row->waiting + row->counts.producers)
COUNT(size, struct top_object, row->size)
COUNT(objects, struct top_program, row->objects)
COUNT(program_readers, struct top_program, row->readers)
COUNT(program_writers, struct top_program, row->writers)
COUNT(program_waits, struct top_program, row->waiting)
COUNT(away, struct top_program, row->away)
COUNT(age, struct top_program, row->age_ms)
COUNT(pid, struct top_program, row->pid)
COUNT(uid, struct top_program, row->uid)

static void sized_text(const void *row, char text[static TOP_CELL_MAX])
{
	const struct top_object *object = row;

	if (object->format == FORMAT_FIFO)
		snprintf(text, TOP_CELL_MAX, "-");
	else
		readable_size(object->size, text);
}

static void aged_text(const void *row, char text[static TOP_CELL_MAX])
{
	readable_age(age_count(row), text);
}

static void pid_exactly(const void *row, char text[static TOP_CELL_MAX])
{
	snprintf(text, TOP_CELL_MAX, "%" PRIu64, pid_count(row));
}

static void uid_exactly(const void *row, char text[static TOP_CELL_MAX])
{
	snprintf(text, TOP_CELL_MAX, "%" PRIu64, uid_count(row));
}

static const char *object_name(const void *row)
{
	return ((const struct top_object *)row)->name;
}

static void name_text(const void *row, char text[static TOP_CELL_MAX])
{
	snprintf(text, TOP_CELL_MAX, "%s", object_name(row));
}

static const char *program_name(const void *row)
{
	return ((const struct top_program *)row)->program;
}

static void program_text(const void *row, char text[static TOP_CELL_MAX])
{
	snprintf(text, TOP_CELL_MAX, "%s", program_name(row));
}

static void type_text(const void *row, char text[static TOP_CELL_MAX])
{
	snprintf(text, TOP_CELL_MAX, "%s", format_words[((const struct top_object *)row)->format]);
}

/* What is not known is sorted behind what is 0. */
static double done_number(const void *row)
{
	const struct top_object *object = row;

	return object->has_rates ? object->done_rate : -1;
}

static void known_text(double number, char text[static TOP_CELL_MAX])
{
	if (number >= 0)
		top_number(number, text);
	else
		snprintf(text, TOP_CELL_MAX, "-");
}

static void done_text(const void *row, char text[static TOP_CELL_MAX])
{
	known_text(done_number(row), text);
}

/* Where locks are in other memory nobody knows, and a stream has none. */
static double locks_number(const void *row)
{
	const struct top_object *object = row;
	bool has_lock = object->format == FORMAT_CACHE || object->format == FORMAT_STATE;

	return object->has_rates && has_lock ? object->lock_rate : -1;
}

static void locks_text(const void *row, char text[static TOP_CELL_MAX])
{
	known_text(locks_number(row), text);
}

static double fills_number(const void *row)
{
	const struct top_object *object = row;

	return object->has_rates && object->format == FORMAT_CACHE ? object->fill_rate : -1;
}

static void fills_text(const void *row, char text[static TOP_CELL_MAX])
{
	known_text(fills_number(row), text);
}

static double news_number(const void *row)
{
	return ((const struct top_object *)row)->news_rate;
}

static void news_text(const void *row, char text[static TOP_CELL_MAX])
{
	top_number(news_number(row), text);
}

// clang-format off

static const struct top_column object_columns[] = {
	{"NAME", "name", "of the object", NAME_WIDTH, true, NULL, name_text},
	{"HOLD", "holders", "programs that hold it, without this one",
	 COUNT_WIDTH, false, holders_number, holders_text},
	{"OPS/S", "rate", "records sent, versions published, sets, deletes and gets",
	 NUMBER_WIDTH, false, done_number, done_text},
	{"WAIT", "waits", "openers that wait for the initialiser, senders for room",
	 COUNT_WIDTH, false, waits_number, waits_text},
	{"LOCKS", "locks", "a second: changes that waited for another (cache, state)",
	 NUMBER_WIDTH, false, locks_number, locks_text},
	{"FILLS", "fills", "a second: waits for a value that another computes (cache)",
	 NUMBER_WIDTH, false, fills_number, fills_text},
	{"NEWS/S", "news", "opened, closed, created, ready, permission changed",
	 NUMBER_WIDTH, false, news_number, news_text},
	{"TYPE", "type", "of the object", WORD_WIDTH, true, NULL, type_text},
	{"SIZE", "size", "of the segment", WORD_WIDTH, false, size_number, sized_text},
	{"READ", "readers", "of the holders, who may read",
	 COUNT_WIDTH, false, readers_number, readers_text},
	{"WRITE", "writers", "of the holders, who may write",
	 COUNT_WIDTH, false, writers_number, writers_text},
};

static const struct top_column program_columns[] = {
	{"PROGRAM", "program", "what it calls itself", NAME_WIDTH, true, NULL, program_text},
	{"PID", "pid", "its process", WORD_WIDTH, false, pid_number, pid_exactly},
	{"OBJS", "objects", "objects that it holds, or waits for",
	 COUNT_WIDTH, false, objects_number, objects_text},
	{"WAIT", "waits", "of these, for whose initialiser it waits",
	 COUNT_WIDTH, false, program_waits_number, program_waits_text},
	{"UID", "uid", "its user", UID_WIDTH, false, uid_number, uid_exactly},
	{"READ", "readers", "it may read", COUNT_WIDTH, false, program_readers_number,
	 program_readers_text},
	{"WRITE", "writers", "it may write", COUNT_WIDTH, false, program_writers_number,
	 program_writers_text},
	{"AWAY", "away", "held while its connection is lost",
	 COUNT_WIDTH, false, away_number, away_text},
	{"FOR", "age", "how long it has held the one that it has longest",
	 WORD_WIDTH, false, age_number, aged_text},
};

// clang-format on

const struct top_table top_object_table = {
	.columns = object_columns,
	.n = ARRAY_SIZE(object_columns),
	.name = object_name,
	.sort = 2,
};

const struct top_table top_program_table = {
	.columns = program_columns,
	.n = ARRAY_SIZE(program_columns),
	.name = program_name,
	.sort = 2,
};

size_t top_column_find(const char *word)
{
	size_t i = 0;

	while (i < top_object_table.n && strcmp(object_columns[i].word, word) != 0)
		i++;
	return i;
}
