/*
 * The ledger for people. Where systemd is not used the column of its units is left out.
 */
#include <inttypes.h>
#include <stdbool.h>

#include <shmbroker/object.h>

#include "base/attr.h"
#include "table.h"
#include "who.h"
#include "wire/vocabulary.h"
#include "words/readable.h"
#include "words/subject.h"

static bool has_unit(const struct whereabouts *holders, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (holders[i].unit[0])
			return true;
	return false;
}

static void add_holder(struct table *table, const struct whereabouts *whereabouts, bool has_units)
{
	const struct shmb_holder *holder = whereabouts->holder;
	char text[UNITS_TEXT_MAX + SUBJECT_TEXT_MAX];

	table_add(table, "%s", holder->name);
	table_add(table, "%" PRIu32, holder->pid);
	table_add(table, "%s", subject_user_text(holder->uid, text));
	table_add(table, "%s", wire_access_text(holder->access));
	table_add(table, "%s", wire_holding_text(holder->holding));
	table_style(table, holder->holding == SHMB_HOLDING_ATTACHED ? STYLE_PLAIN : STYLE_WARNING);
	table_add(table, "%s", readable_age(holder->age_ms, text));
	if (has_units)
		table_add(table, "%s", whereabouts->unit[0] ? whereabouts->unit : "-");
	table_add(table, "%s", holder->program);
}

int output_who_human(FILE *out, const struct whereabouts *holders, size_t n)
{
	static const struct column plain[] = {
		{"NAME", COLUMN_LEFT},    {"PID", COLUMN_RIGHT},    {"USER", COLUMN_LEFT},
		{"ACCESS", COLUMN_LEFT},  {"HOLDING", COLUMN_LEFT}, {"FOR", COLUMN_RIGHT},
		{"PROGRAM", COLUMN_LEFT},
	};
	static const struct column with_units[] = {
		{"NAME", COLUMN_LEFT},   {"PID", COLUMN_RIGHT},    {"USER", COLUMN_LEFT},
		{"ACCESS", COLUMN_LEFT}, {"HOLDING", COLUMN_LEFT}, {"FOR", COLUMN_RIGHT},
		{"UNIT", COLUMN_LEFT},   {"PROGRAM", COLUMN_LEFT},
	};
	bool has_units = has_unit(holders, n);
	autotable *table = has_units ? table_new(with_units, ARRAY_SIZE(with_units))
				     : table_new(plain, ARRAY_SIZE(plain));

	for (size_t i = 0; i < n; i++)
		add_holder(table, &holders[i], has_units);
	return table_print(table, out);
}
